"""One module for each part of an operation.

A step reads rows, calls AWS and returns an `Outcome`; it writes nothing.
"""

from collections.abc import Mapping
from importlib import import_module
from typing import Final, cast

from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps import (
    cancel,
    delete,
    empty,
    finish,
    inspect_stack,
    listing,
    prepare,
    recover,
    settling,
    submit,
    verify_gone,
    watch,
)
from provisioning.lifecycle.steps.base import Context, Outcome, Step


def _in(module: str, function: str) -> Step:
    """A step that is imported when it is needed."""

    def run(context: Context) -> Outcome:
        return cast("Step", getattr(import_module(f"{__name__}.{module}"), function))(context)

    return run


def _roll_back(context: Context) -> Outcome:
    """Watch the rollback of a creation, or of a change."""
    changes = OperationState.UPDATING in context.kind.states
    return _in("update", "watch_update")(context) if changes else watch.watch(context)


_STEPS: Final[Mapping[OperationState, Step]] = {
    OperationState.QUEUED: inspect_stack.inspect_first_stack,
    OperationState.CONTINUING: inspect_stack.inspect_stack,
    OperationState.CLEARING: watch.clear,
    OperationState.SUBMITTING: submit.submit,
    OperationState.BUILDING: watch.watch,
    OperationState.ROLLING_BACK: recover.unless_recovering(_roll_back),
    OperationState.FINISHING: finish.finish,
    OperationState.PLANNING: _in("plan_change", "plan_change"),
    OperationState.COMPARING: _in("compare", "compare"),
    OperationState.RELAXING: _in("stack_policy", "relax"),
    OperationState.EXECUTING: _in("execute", "execute"),
    OperationState.UPDATING: _in("update", "watch_update"),
    OperationState.RESTORING: _in("stack_policy", "restore"),
    OperationState.RECOVERING: recover.recover,
    OperationState.READING: _in("reading", "read_stack"),
    OperationState.CANCELLING: cancel.cancel,
    OperationState.LISTING: listing.list_stacks,
    OperationState.PREPARING: prepare.prepare,
    OperationState.EMPTYING: empty.empty,
    OperationState.DELETING: delete.delete,
    OperationState.SWEEPING: verify_gone.verify_gone,
    OperationState.SETTLING: settling.settle,
}

STEPS: Final[Mapping[OperationState, Step]] = {state: cancel.cancellable(step) for state, step in _STEPS.items()}
