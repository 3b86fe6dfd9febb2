"""One module for each part of an operation.

A step reads rows, calls AWS and returns an `Outcome`; it writes nothing.
"""

from collections.abc import Mapping
from typing import Final

from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps import delete, finish, inspect_stack, submit, verify_gone, watch
from provisioning.lifecycle.steps.base import Step

STEPS: Final[Mapping[OperationState, Step]] = {
    OperationState.QUEUED: inspect_stack.inspect_first_stack,
    OperationState.CONTINUING: inspect_stack.inspect_stack,
    OperationState.CLEARING: watch.clear,
    OperationState.SUBMITTING: submit.submit,
    OperationState.BUILDING: watch.watch,
    OperationState.ROLLING_BACK: watch.watch,
    OperationState.FINISHING: finish.finish,
    OperationState.PREPARING: delete.prepare,
    OperationState.EMPTYING: delete.empty,
    OperationState.DELETING: delete.delete,
    OperationState.SWEEPING: verify_gone.verify_gone,
}
