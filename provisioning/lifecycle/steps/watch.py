"""Watches a submitted stack until it is complete or rolled back, and deletes what a failed attempt
left.

While CloudFormation is at work, no call is made: the poller reads the stack. At the end one call
lists its resources for the ledger, and after a failure one more reads what has failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from provisioning.aws import AwsError, NotFound, interface
from provisioning.aws.change_sets import OperationEvent
from provisioning.lifecycle.decisions import NO_STACK, Act, Button, Decision, Phase
from provisioning.lifecycle.failure_explanations import CHANGING, CREATING, FailedResource, explain, root_cause
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome, continue_with, stop
from provisioning.lifecycle.steps.decide import decide_on_stack, is_of_request
from provisioning.lifecycle.steps.inspect_stack import resources_of_deleted_stack

_FAILED: Final = ("CREATE_FAILED", "UPDATE_FAILED", "DELETE_FAILED")
# DescribeStacks may not return a stack yet that was submitted a moment ago.
SHOWS_WITHIN: Final = timedelta(minutes=1)


def clear(context: Context) -> Outcome:
    """Delete the stack of an earlier attempt, in ROLLBACK_COMPLETE only: in any other status it may
    once have been complete.
    """
    stack = context.the_stack
    state = context.look(stack.stack_id)
    status = state.status if state else NO_STACK
    if status in (NO_STACK, "DELETE_COMPLETE"):
        return Outcome(
            to=OperationState.SUBMITTING,
            reason="The stack of the failed attempt is gone.",
            new_attempt=True,
            resources=resources_of_deleted_stack(context, stack.stack_id),
        )
    if status == "ROLLBACK_COMPLETE":
        context.allow("UpdateTerminationProtection", target=stack.stack_id)
        context.allow("DeleteStack", target=stack.stack_id)
        context.aws.set_termination_protection(stack.stack_id, enabled=False)
        context.aws.delete_stack(stack.stack_id, token=context.token("clear"))
        return Outcome(wait=context.poll_seconds())
    if status == "DELETE_IN_PROGRESS":
        return Outcome(wait=context.poll_seconds())
    return stop(
        OperationState.FAILED,
        "The stack of the failed attempt could not be deleted. Tear the environment down.",
        detail=state.status_reason if state else "",
        button=Button.TEARDOWN,
    )


def watch(context: Context) -> Outcome:
    """Wait until CloudFormation has ended its work on the stack, then act on its status."""
    stack = context.the_stack
    state = context.look(stack.stack_id)
    status = state.status if state else NO_STACK
    decision = decide_on_stack(context, Phase.WATCH, state)
    if state is None and context.now - context.operation.state_changed_at < SHOWS_WITHIN:
        return Outcome(wait=context.poll_seconds())
    if decision.act is Act.WAIT:
        rolls_back = status == "ROLLBACK_IN_PROGRESS" and context.operation.state == OperationState.BUILDING
        to = OperationState.ROLLING_BACK if rolls_back else None
        return Outcome(to=to, wait=context.poll_seconds())
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
        outcome = _failed(context, decision, state)
        outcome.environment = decision.environment
    outcome.resources = resources
    return outcome


def _failed(context: Context, decision: Decision, state: interface.StackState | None) -> Outcome:
    titles = {resource.logical_id: resource.title for resource in context.planned.resources}
    failures = failed_events(context, context.the_stack.stack_id) if state is not None else []
    cause = root_cause(
        FailedResource(event.logical_id, event.type, event.reason, titles[event.logical_id])
        for event in failures
        if event.logical_id in titles
    )
    if cause is None:
        detail = state.status_reason if state else ""
        outcome = stop(OperationState.FAILED, decision.reason, detail=detail, button=decision.button)
    else:
        explained = explain(cause, CREATING if context.kind.creates_stacks else CHANGING)
        if decision.button is Button.TEARDOWN:
            explained = replace(explained, hint=decision.reason, button=Button.TEARDOWN)
        elif decision.button is not Button.RETRY:
            explained = replace(explained, hint=f"{decision.reason} {explained.hint}", button=decision.button)
        outcome = Outcome(to=OperationState.FAILED, reason=explained.sentence, explained=explained)
    outcome.failures = failures
    return outcome


def failed_events(context: Context, stack_id: str) -> Sequence[interface.StackEvent]:
    """The events of what has failed in the attempts at this request, oldest first: an older
    operation may have failed for another reason.

    An endpoint that does not know DescribeEvents, or a role that may not call it, is asked for all
    events of the stack.
    """
    try:
        failures = [
            _as_stack_event(event) for event in context.aws.operation_events(stack_id=stack_id, failed_only=True)
        ]
    except AwsError as error:
        if error.retryable:
            raise
        failures = []
    if not failures:
        try:
            failures = context.aws.stack_events(stack_id, after_event_id=None)
        except NotFound:
            failures = []
    since = context.operation.request.requested_at.replace(microsecond=0)
    failures = [event for event in failures if event.status in _FAILED and event.at >= since]
    ours = {token for token in {event.token for event in failures} if is_of_request(context.operation, token)}
    return [event for event in failures if not event.token or event.token in ours]


def _as_stack_event(event: OperationEvent) -> interface.StackEvent:
    return interface.StackEvent(
        event_id=event.event_id,
        at=event.at,
        logical_id=event.logical_id,
        physical_id=event.physical_id,
        type=event.resource_type,
        status=event.status,
        reason=event.reason,
        token=event.token,
    )
