"""Watches the change of a stack to its end, and draws the conclusion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from typing import Final

from provisioning.aws import NotFound, WrongStatus, interface
from provisioning.lifecycle.change_plan.review import ChangeReview
from provisioning.lifecycle.decisions import NO_STACK, Act, Button, Decision, Phase
from provisioning.lifecycle.failure_explanations import THROTTLING, FailedResource, explain, root_cause
from provisioning.lifecycle.fingerprint import difference, full_fingerprint
from provisioning.lifecycle.poller.sights import WATCH_SECONDS, is_settled
from provisioning.lifecycle.states import EnvironmentState, OperationState
from provisioning.lifecycle.steps import change_sets
from provisioning.lifecycle.steps.base import Context, Outcome, continue_with, new_events, stop
from provisioning.lifecycle.stuck_resources import stuck_resources

# DescribeStacks may not show an update yet that has begun a moment ago.
SHOWS_WITHIN: Final = timedelta(minutes=1)
_ROLLING_BACK: Final = ("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS")
_EXPECTED_AFTER_ROLLBACK: Final = ("The stack was updated through", "Another change set was executed", "The stack was ")


def watch_update(context: Context) -> Outcome:
    """Wait until CloudFormation has ended, then read what it has done, and restore what was relaxed."""
    from provisioning.lifecycle.steps.stack_policy import needs_restoring  # noqa: PLC0415 - as in stack_policy

    stack = context.the_stack
    described: interface.StackState | None = None
    state = context.look(stack.stack_id)
    status = state.status if state else NO_STACK
    if not is_settled(status) and state is not None:
        rolls_back = status in _ROLLING_BACK and context.operation.state == OperationState.UPDATING
        to = OperationState.ROLLING_BACK if rolls_back else None
        return Outcome(to=to, reason=state.status_reason if to else "", wait=_pause(context))
    if state is None or not change_sets.is_executed(context, state, None):
        state = described = context.aws.describe_stack(stack.stack_id)
        is_shown = state is not None and change_sets.is_executed(context, state, None)
        if not is_shown and context.now - context.operation.state_changed_at < SHOWS_WITHIN:
            return Outcome(wait=context.poll_seconds())
        if is_shown and state is not None and not is_settled(state.status):
            return Outcome(wait=_pause(context), stack_state=state)
    if state is not None and (continued := _continue_throttled_rollback(context, state)) is not None:
        return continued
    events = new_events(context, stack) if state is not None else []
    try:
        resources = context.aws.stack_resources(stack.stack_id)
    except NotFound:
        resources = []
    outcome = (
        Outcome(to=OperationState.RESTORING, reason="The stack policy is restored.")
        if state is not None and needs_restoring(context, state)
        else conclude(context, state)
    )
    outcome.stack_state, outcome.events, outcome.resources = described, events, resources
    outcome.left_over = left_over(events, resources)
    return outcome


def _continue_throttled_rollback(context: Context, state: interface.StackState) -> Outcome | None:
    """Continue a rollback once by itself if it is stuck only because AWS throttled CloudFormation.
    None if that is not the case, or was done before; then a person recovers the stack.
    """
    if state.status != "UPDATE_ROLLBACK_FAILED" or not change_sets.is_executed(context, state, None):
        return None
    if (continued_at := context.step_data.rollback_continued_at) is not None:
        is_new = context.now - continued_at < SHOWS_WITHIN  # the call may not be shown yet
        return Outcome(wait=context.poll_seconds(), stack_state=state) if is_new else None
    stuck = stuck_resources(context.aws, state)
    if not stuck or not all(THROTTLING.search(resource.reason) for resource in stuck):
        return None
    context.allow("ContinueUpdateRollback", target=state.stack_id)
    with suppress(WrongStatus):  # it goes on already
        context.aws.continue_rollback(state.stack_id, token=context.token("continue"))
    names = ", ".join(resource.logical_id for resource in stuck)
    is_first = context.operation.state == OperationState.UPDATING
    return Outcome(
        to=OperationState.ROLLING_BACK if is_first else None,
        reason=f"AWS throttled the rollback of {names}, so the rollback is continued." if is_first else "",
        wait=_pause(context),
        stack_state=state,
        step_data=replace(context.step_data, rollback_continued_at=context.now),
    )


def left_over(events: Iterable[interface.StackEvent], resources: Iterable[interface.StackResource]) -> tuple[str, ...]:
    """The physical ids that left the stack in its clean-up without being deleted: they live on."""
    last: dict[str, str] = {}
    for event in events:
        if event.physical_id and not event.is_about_stack:
            last[event.physical_id] = event.status
    present = {resource.physical_id for resource in resources}
    return tuple(sorted(name for name, status in last.items() if status == "DELETE_FAILED" and name not in present))


def conclude(context: Context, state: interface.StackState | None) -> Outcome:
    """Continue with the next stack, finish, or end the operation, as the stack's status says."""
    approved = change_sets.change_of(context).change_set(context.operation.stack)
    if not approved.has_changes:
        return _continue(context, "The change does not modify this stack.")
    is_ours = state is not None and change_sets.is_executed(context, state, None)
    status = state.status if state is not None else NO_STACK
    decision = context.kind.decide(Phase.WATCH if is_ours else Phase.FOREIGN, status)
    if decision.act is Act.FINISH:
        return _continue(context, decision.reason)
    if decision.act is Act.WAIT:
        return Outcome(wait=context.poll_seconds())
    return _failed(context, decision, state, is_ours=is_ours)


def _continue(context: Context, reason: str) -> Outcome:
    following = context.following
    if following is None:
        return Outcome(to=OperationState.FINISHING, reason=reason)
    outcome = continue_with(context, following, reason)
    outcome.step_data = replace(outcome.step_data or context.step_data, change_set_asked_at=None, change_sets_remade=0)
    return outcome


def _failed(context: Context, decision: Decision, state: interface.StackState | None, *, is_ours: bool) -> Outcome:
    """Say which resource failed, what the environment is now, and what to do."""
    remains = _remains(context, state) if state is not None and is_ours else ()
    detail = "\n".join((*((state.status_reason,) if state and state.status_reason else ()), *remains))
    outcome = stop(
        OperationState.FAILED, decision.reason, hint="", detail=detail, button=decision.button or Button.CHANGE
    )
    outcome.environment = decision.environment
    if decision.environment is EnvironmentState.RUNNING and _has_changed_stacks(context):
        outcome.environment = EnvironmentState.CHANGE_FAILED
    cause = _root_cause(context) if is_ours else None
    if cause is not None:
        explained = explain(cause)
        outcome.reason = explained.sentence
        outcome.explained = replace(
            explained,
            hint=f"{decision.reason} {explained.hint}",
            detail="\n".join((explained.detail, *remains)),
            button=decision.button or Button.CHANGE,
        )
    return outcome


def _root_cause(context: Context) -> FailedResource | None:
    titles = {resource.logical_id: resource.title for resource in context.planned.resources}
    events = context.aws.operation_events(stack_id=context.the_stack.stack_id, failed_only=True)
    begun = context.operation.started_at
    return root_cause(
        FailedResource(event.logical_id, event.resource_type, event.reason, titles.get(event.logical_id, ""))
        for event in events
        if event.at >= begun and event.logical_id and event.resource_type != "AWS::CloudFormation::Stack"
    )


def _remains(context: Context, state: interface.StackState) -> Sequence[str]:
    """What differs from before the change although CloudFormation has rolled it back."""
    if state.status != "UPDATE_ROLLBACK_COMPLETE":
        return ()
    review = ChangeReview.from_json(context.operation.request.plan.review)
    before = review.fingerprints.get(context.operation.stack) if review is not None else None
    if before is None:
        return ()
    sentences = difference(before, full_fingerprint(context.aws, state.stack_id))
    return [sentence for sentence in sentences if not sentence.startswith(_EXPECTED_AFTER_ROLLBACK)]


def _has_changed_stacks(context: Context) -> bool:
    """Whether an earlier stack of this operation was changed already."""
    document = change_sets.change_of(context)
    keys = [stack.key for stack in document.stacks]
    earlier = keys[: keys.index(context.operation.stack)]
    return any(document.change_set(key).has_changes for key in earlier)


def _pause(context: Context) -> float:
    return context.poll_seconds() if context.operation.environment.account.is_sandbox else WATCH_SECONDS
