"""Watches a submitted stack until it is complete or rolled back, and deletes what a failed attempt
left.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from provisioning.aws import NotFound, interface
from provisioning.lifecycle.decisions import NO_STACK, Act, Button, Decision, Phase
from provisioning.lifecycle.failure_explanations import CHANGING, CREATING, FailedResource, explain, root_cause
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome, continue_with, new_events, stop
from provisioning.lifecycle.steps.decide import decide_on_stack
from provisioning.models import StackEvent

_FAILED: Final = ("CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED")
# DescribeStacks may not return a stack yet that was submitted a moment ago.
SHOWS_WITHIN: Final = timedelta(minutes=1)


def clear(context: Context) -> Outcome:
    """Delete the stack of an earlier attempt, in ROLLBACK_COMPLETE only: in any other status it may
    once have been complete.
    """
    stack = context.the_stack
    state = context.look(stack.stack_id)
    events = new_events(context, stack) if state else []
    status = state.status if state else NO_STACK
    if status in (NO_STACK, "DELETE_COMPLETE"):
        return Outcome(
            to=OperationState.SUBMITTING,
            reason="The stack of the failed attempt is gone.",
            new_attempt=True,
            stack_state=state,
            events=events,
        )
    if status == "ROLLBACK_COMPLETE":
        context.allow("UpdateTerminationProtection", target=stack.stack_id)
        context.allow("DeleteStack", target=stack.stack_id)
        context.aws.set_termination_protection(stack.stack_id, enabled=False)
        context.aws.delete_stack(stack.stack_id, token=context.token("clear"))
        return Outcome(wait=context.poll_seconds(), stack_state=state, events=events)
    if status == "DELETE_IN_PROGRESS":
        return Outcome(wait=context.poll_seconds(), stack_state=state, events=events)
    outcome = stop(
        OperationState.FAILED,
        "The stack of the failed attempt could not be deleted. Tear the environment down.",
        detail=state.status_reason if state else "",
        button=Button.TEARDOWN,
    )
    outcome.stack_state, outcome.events = state, events
    return outcome


def watch(context: Context) -> Outcome:
    """Read the stack's status, then its events, so that no event is older than the status."""
    stack = context.the_stack
    state = context.look(stack.stack_id)
    events = new_events(context, stack) if state else []
    status = state.status if state else NO_STACK
    decision = decide_on_stack(context, Phase.WATCH, state)
    if state is None and context.now - context.operation.state_changed_at < SHOWS_WITHIN:
        return Outcome(wait=context.poll_seconds())
    if decision.act is Act.WAIT:
        rolls_back = status == "ROLLBACK_IN_PROGRESS" and context.operation.state == OperationState.BUILDING
        to = OperationState.ROLLING_BACK if rolls_back else None
        return Outcome(to=to, wait=context.poll_seconds(), stack_state=state, events=events)
    try:
        resources = context.aws.stack_resources(stack.stack_id)
    except NotFound:
        resources = []
    if decision.act is Act.FINISH:
        following = context.following
        outcome = (
            continue_with(context, following, decision.reason)
            if following is not None
            else Outcome(to=OperationState.FINISHING, reason=decision.reason)
        )
    else:
        outcome = _failed(context, decision, state, events)
        outcome.environment = decision.environment
    outcome.stack_state, outcome.events, outcome.resources = state, events, resources
    return outcome


def _failed(
    context: Context, decision: Decision, state: interface.StackState | None, events: Sequence[interface.StackEvent]
) -> Outcome:
    titles = {resource.logical_id: resource.title for resource in context.planned.resources}
    # Of the attempts at this request only: an older operation may have failed for another reason.
    since = context.operation.request.requested_at
    earlier = StackEvent.objects.filter(stack=context.the_stack, status__in=_FAILED, at__gte=since)
    failed = [(event.logical_id, event.type, event.reason) for event in earlier.order_by("at", "id")]
    failed += [(event.logical_id, event.type, event.reason) for event in events if event.status in _FAILED]
    cause = root_cause(
        FailedResource(logical_id, kind, reason, titles.get(logical_id, ""))
        for logical_id, kind, reason in failed
        if logical_id in titles
    )
    if cause is None:
        detail = state.status_reason if state else ""
        return stop(OperationState.FAILED, decision.reason, detail=detail, button=decision.button)
    explained = explain(cause, CREATING if context.kind.creates_stacks else CHANGING)
    if decision.button is Button.TEARDOWN:
        explained = replace(explained, hint=decision.reason, button=Button.TEARDOWN)
    elif decision.button is not Button.RETRY:
        explained = replace(explained, hint=f"{decision.reason} {explained.hint}", button=decision.button)
    return Outcome(to=OperationState.FAILED, reason=explained.sentence, explained=explained)
