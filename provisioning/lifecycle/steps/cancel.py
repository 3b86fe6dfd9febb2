"""Cancels an operation: asks AWS how far it is, lets it undo what can be undone, and ends.

A request to cancel is noticed before the operation's next step. Only what was never complete is
deleted, and only an update that this request has started is cancelled. Where it is too late, the
operation goes on, and says so.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from provisioning.aws import NotFound, WrongStatus, interface
from provisioning.lifecycle import clock
from provisioning.lifecycle.decisions import NO_STACK, Button
from provisioning.lifecycle.decisions.cancel import CancelAct
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.plan_document import ChangePlan, from_json
from provisioning.lifecycle.states import EnvironmentState, OperationState
from provisioning.lifecycle.steps import change_sets
from provisioning.lifecycle.steps.base import Context, Outcome, Step, stop
from provisioning.lifecycle.steps.decide import is_of_request, newest_token
from provisioning.lifecycle.steps.stack_policy import restore_first
from provisioning.lifecycle.steps.watch import SHOWS_WITHIN
from provisioning.models import Operation

LOOK_LASTS_SECONDS: Final = 10.0
"""How long a stack counts as still being created after AWS was asked. A description takes less than that."""


def cancellable(step: Step) -> Step:
    """A step that gives way to a request to cancel."""

    def run(context: Context) -> Outcome:
        return _begin(context) or step(context)

    return run


def _begin(context: Context) -> Outcome | None:
    """Begin to cancel; None if nobody has asked, or if it is refused in this state."""
    operation, data = context.operation, context.step_data
    state = OperationState(operation.state)
    if operation.cancel_requested_at is None or data.cancel_refused or state is OperationState.CANCELLING:
        return None
    cancel = context.kind.cancels[state]
    if cancel.act is CancelAct.REFUSE:
        return Outcome(step_data=replace(data, cancel_refused=cancel.sentence))
    data = replace(data, cancelled_in=str(state))
    if cancel.act is CancelAct.UNDO:
        return Outcome(to=OperationState.CANCELLING, reason=f"{_by(context)}.", step_data=data)
    outcome = _cancelled(context, cancel.remains)
    outcome.step_data = data
    return outcome


def cancel(context: Context) -> Outcome:
    """Let AWS undo what the operation has begun, and end when nothing is in progress any more."""
    return _UNDO[context.operation.kind](context)


# A creation


def _cancel_creation(context: Context) -> Outcome:
    """Delete the stack that is being created. One that is complete is kept."""
    state = _described(context)
    if state is None:
        return _wait_or_end(context)
    if not context.is_ours(state):
        return _cancelled(context, "")
    match state.status:
        case "CREATE_IN_PROGRESS":
            outcome = _delete_unfinished(context, state.stack_id)
        case "DELETE_IN_PROGRESS" | "ROLLBACK_IN_PROGRESS":
            outcome = Outcome(wait=context.poll_seconds())
        case "CREATE_COMPLETE" if context.following is None:
            outcome = _too_late(
                context, OperationState.BUILDING, "The stack was complete before it could be cancelled."
            )
        case "DELETE_FAILED" | "ROLLBACK_FAILED":
            outcome = stop(
                OperationState.FAILED,
                "The creation was cancelled, but CloudFormation could not delete everything. Tear the environment down.",
                detail=state.status_reason,
                button=Button.TEARDOWN,
            )
        case _:
            outcome = _cancelled(context, "Tear the environment down, which deletes what is left and checks for it.")
    row = context.stack
    outcome.adopts_stack = row is None or row.stack_id not in ("", state.stack_id)
    outcome.stack_id, outcome.stack_state = state.stack_id, state
    if outcome.to is not None:
        outcome.resources = _resources(context, state.stack_id)
    return outcome


def _delete_unfinished(context: Context, stack_id: str) -> Outcome:
    context.allow("UpdateTerminationProtection", target=stack_id)
    context.aws.set_termination_protection(stack_id, enabled=False)
    # The stack may have been completed since it was described, and then it is kept. AWS cannot be asked to
    # delete it only while it is in progress, so the call leaves soon after this look or not at all.
    looked_at = clock.uptime()
    state = context.aws.describe_stack(stack_id)
    if state is not None and state.status == "CREATE_IN_PROGRESS":
        context.allow("DeleteStack", target=stack_id, until=looked_at + LOOK_LASTS_SECONDS)
        context.aws.delete_stack(stack_id, token=context.token("cancel"))
    return Outcome(wait=min(1.0, context.poll_seconds()))


def _wait_or_end(context: Context) -> Outcome:
    """There is no stack. One that was submitted a moment ago may not be shown yet."""
    sent = "CreateStack" in context.operation.call_what
    if sent and context.now - context.operation.state_changed_at < SHOWS_WITHIN:
        return Outcome(wait=context.poll_seconds())
    return _cancelled(context, "")


# A change


def _cancel_change(context: Context) -> Outcome:
    """Cancel the update that this request has started, or delete the change sets that did not run."""
    state = _described(context)
    status = state.status if state is not None else NO_STACK
    if state is None or not is_of_request(context.operation, newest_token(context, state)):
        return _cancel_before_execution(context, state)
    match status:
        case "UPDATE_IN_PROGRESS":
            context.allow("CancelUpdateStack", target=state.stack_id)
            try:
                context.aws.cancel_update(state.stack_id, token=context.token("cancel"))
            except WrongStatus:
                return Outcome(wait=context.poll_seconds(), stack_state=state)  # it has gone on; look again
            return Outcome(wait=min(1.0, context.poll_seconds()), stack_state=state)
        case "UPDATE_COMPLETE" | "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS":
            outcome = _too_late(
                context, OperationState.UPDATING, "The change was complete before it could be cancelled."
            )
        case "UPDATE_ROLLBACK_COMPLETE":
            outcome = _restored(context, state)
        case "UPDATE_ROLLBACK_IN_PROGRESS" | "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS":
            outcome = Outcome(wait=context.poll_seconds())
        case _:  # stuck, half done or deleted: as the change itself would end
            outcome = Outcome(to=OperationState.UPDATING, reason="The change could not be cancelled.")
            outcome.step_data = replace(
                context.step_data, cancel_refused="CloudFormation could not roll the change back."
            )
    outcome.stack_state = state
    return outcome


def _cancel_before_execution(context: Context, state: interface.StackState | None) -> Outcome:
    """The change has not run. An execution that was sent a moment ago may not be shown yet."""
    sent = "ExecuteChangeSet" in context.operation.call_what
    if sent and context.now - context.operation.state_changed_at < SHOWS_WITHIN:
        return Outcome(wait=context.poll_seconds(), stack_state=state)
    if state is None:
        return _cancelled(context, "")
    _delete_change_sets(context)
    return _restored(context, state)


def _restored(context: Context, state: interface.StackState) -> Outcome:
    """Put the stack policy back that the change had relaxed, and end."""
    restored = restore_first(context)
    outcome = _cancelled(context, "")
    outcome.policy_to_restore = restored.policy_to_restore if restored is not None else None
    if _changed_before(context):
        outcome.environment = EnvironmentState.CHANGE_FAILED
        outcome.reason += " Other stacks of the environment have been changed already, and stay changed."
    outcome.stack_state = state
    return outcome


def _changed_before(context: Context) -> bool:
    """Whether the operation has changed other stacks before this one."""
    document = from_json(context.operation.request.plan.content)
    if not isinstance(document, ChangePlan) or not document.is_complete:
        return False
    keys = [stack.key for stack in context.kind.in_order(document.stacks)]
    earlier = keys[: keys.index(context.operation.stack)] if context.operation.stack in keys else []
    return any(document.change_set(key).has_changes for key in earlier)


def _cancel_planning(context: Context) -> Outcome:
    _delete_change_sets(context)
    return _cancelled(context, "")


def _delete_change_sets(context: Context) -> None:
    keys = {stack.key for stack in context.plan.stacks} if isinstance(context.document, ChangePlan) else set()
    for key in keys:
        name = context.step_data.change_sets.get(key) or change_sets.base_name(context)
        row = context.newest(key)
        if row is None or not row.stack_id:
            continue
        aws = context.aws_in(row.region)
        for change_set in aws.list_change_sets(row.stack_id):
            if change_set.name == name:
                context.allow("DeleteChangeSet", target=change_set.change_set_id)
                aws.delete_change_set(change_set.change_set_id, stack_id=row.stack_id)


# A teardown and a recovery, which AWS cannot stop once they have begun


def _cancel_deletion(context: Context) -> Outcome:
    state = _described(context)
    data = context.step_data
    if state is None or state.status.startswith("DELETE_") or data.asked_in_round == data.delete_round:
        return _too_late(context, OperationState.DELETING, "AWS cannot stop the deletion of a stack.")
    outcome = _cancelled(context, context.kind.cancels[OperationState.EMPTYING].remains)
    outcome.environment, outcome.stack_state = EnvironmentState.TEARDOWN_FAILED, state
    return outcome


def _cancel_recovery(context: Context) -> Outcome:
    state = _described(context)
    if context.operation.call_no and (state is None or state.status not in ("CREATE_FAILED", "UPDATE_FAILED")):
        return _too_late(context, OperationState.ROLLING_BACK, "AWS cannot stop a rollback.")
    return _cancelled(context, "")


_UNDO: Final[Mapping[str, Callable[[Context], Outcome]]] = {
    "create": _cancel_creation,
    "change": _cancel_change,
    "put_back": _cancel_change,
    "plan": _cancel_planning,
    "teardown": _cancel_deletion,
    "recover": _cancel_recovery,
}


# How it ends


def _too_late(context: Context, to: OperationState, sentence: str) -> Outcome:
    data = replace(context.step_data, cancel_refused=sentence, cancelled_in="")
    return Outcome(to=to, reason=sentence, step_data=data)


def _cancelled(context: Context, remains: str) -> Outcome:
    named = environment_after_cancellation(context.operation, context.step_data.cancelled_in)
    after = named or context.kind.cancelled
    needs_teardown = after in (EnvironmentState.CREATE_FAILED, EnvironmentState.TEARDOWN_FAILED)
    button = Button.TEARDOWN if needs_teardown else Button.NONE
    outcome = stop(OperationState.CANCELLED, f"{_by(context)}.", hint=remains, button=button)
    outcome.environment = named
    return outcome


def environment_after_cancellation(operation: Operation, cancelled_in: str = "") -> EnvironmentState | None:
    """The environment's state where it is not the kind's own for a cancelled operation.

    A creation that has sent nothing leaves no environment. A teardown that has touched nothing
    leaves it as it was.
    """
    kind, state = kind_of(operation.kind), OperationState(cancelled_in or operation.state)
    sent = Operation.objects.filter(environment=operation.environment_id, call_no__gt=0)
    if kind.starts_environment and not sent.exists():
        return EnvironmentState.WITHDRAWN
    if kind.removes_environment and state not in (OperationState.QUEUED, OperationState.LISTING):
        return kind.failed
    return None


def _by(context: Context) -> str:
    requested_by = context.operation.cancel_requested_by
    return f"Cancelled by {requested_by.username}" if requested_by is not None else "Cancelled"


def _described(context: Context) -> interface.StackState | None:
    """The stack as AWS describes it now: a sight of the poller may be too old to delete by."""
    row = context.stack
    return context.aws.describe_stack(row.stack_id if row is not None and row.stack_id else context.planned.name)


def _resources(context: Context, stack_id: str) -> list[interface.StackResource]:
    try:
        return context.aws.stack_resources(stack_id)
    except NotFound:
        return []
