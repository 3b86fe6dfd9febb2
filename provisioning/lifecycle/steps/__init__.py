"""One module for each part of an operation's life. A step reads rows, asks AWS, and returns an `Outcome`; it writes nothing."""

from collections.abc import Mapping
from typing import Final

from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps import arrival, creation, deletion, finishing, submission, sweeping
from provisioning.lifecycle.steps.base import Step

STEPS: Final[Mapping[OperationState, Step]] = {
    OperationState.QUEUED: arrival.arrive,
    OperationState.CONTINUING: arrival.look_at_next,
    OperationState.CLEARING: creation.clear,
    OperationState.SUBMITTING: submission.submit,
    OperationState.BUILDING: creation.watch,
    OperationState.ROLLING_BACK: creation.watch,
    OperationState.FINISHING: finishing.finish,
    OperationState.PREPARING: deletion.prepare,
    OperationState.EMPTYING: deletion.empty,
    OperationState.DELETING: deletion.delete,
    OperationState.SWEEPING: sweeping.sweep,
}
