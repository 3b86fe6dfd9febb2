"""One module for each part of an operation.

A step reads rows, calls AWS and returns an `Outcome`; it writes nothing.
"""

from collections.abc import Mapping
from typing import Final

from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps import (
    cancel,
    compare,
    delete,
    empty,
    execute,
    finish,
    inspect_stack,
    listing,
    plan_change,
    prepare,
    reading,
    recover,
    settling,
    stack_policy,
    submit,
    update,
    verify_gone,
    watch,
)
from provisioning.lifecycle.steps.base import Context, Outcome, Step
from provisioning.models import OperationKind


def _roll_back(context: Context) -> Outcome:
    """Watch the rollback of a creation, of a change, or of a recovery."""
    return _ROLLBACKS.get(context.operation.kind, watch.watch)(context)


_ROLLBACKS: Final[Mapping[str, Step]] = {
    OperationKind.CHANGE: update.watch_update,
    OperationKind.PUT_BACK: update.watch_update,
    OperationKind.RECOVER: recover.watch_recovery,
}

_STEPS: Final[Mapping[OperationState, Step]] = {
    OperationState.QUEUED: inspect_stack.inspect_first_stack,
    OperationState.CONTINUING: inspect_stack.inspect_stack,
    OperationState.CLEARING: watch.clear,
    OperationState.SUBMITTING: submit.submit,
    OperationState.BUILDING: watch.watch,
    OperationState.ROLLING_BACK: _roll_back,
    OperationState.FINISHING: finish.finish,
    OperationState.PLANNING: plan_change.plan_change,
    OperationState.COMPARING: compare.compare,
    OperationState.RELAXING: stack_policy.relax,
    OperationState.EXECUTING: execute.execute,
    OperationState.UPDATING: update.watch_update,
    OperationState.RESTORING: stack_policy.restore,
    OperationState.RECOVERING: recover.recover,
    OperationState.READING: reading.read_stack,
    OperationState.CANCELLING: cancel.cancel,
    OperationState.LISTING: listing.list_stacks,
    OperationState.PREPARING: prepare.prepare,
    OperationState.EMPTYING: empty.empty,
    OperationState.DELETING: delete.delete,
    OperationState.SWEEPING: verify_gone.verify_gone,
    OperationState.SETTLING: settling.settle,
}

STEPS: Final[Mapping[OperationState, Step]] = {state: cancel.cancellable(step) for state, step in _STEPS.items()}
