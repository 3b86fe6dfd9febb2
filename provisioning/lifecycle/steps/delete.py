"""Deletes the stacks of an environment, one after the other, the one that was created last first.

A stack is emptied when its turn comes, because a replica bucket fills up until the stack of its
source is gone. Every call may be repeated. Each delete round has a token of its own, because
CloudFormation ignores a second DeleteStack with the same token. A stack that cannot be deleted never
stops the others: it is left, and named at the end.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from provisioning.aws import AccessDenied, AwsError, NotFound, WrongStatus, interface
from provisioning.aws.arns import account_of
from provisioning.lifecycle.decisions import NO_STACK, Act, Decision, Phase
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome, continue_with, new_events
from provisioning.lifecycle.steps.blocked import give_up_stack, unblock
from provisioning.models import StackEvent

DELETION_SHOWS_WITHIN: Final = timedelta(minutes=1)
REQUESTS_A_ROUND: Final = 5
"""After so many requests that had no effect, the stack is left."""


def delete(context: Context) -> Outcome:
    """Read the stack, then act on the decision: wait, delete (again), unblock, or go on when the
    stack is gone.
    """
    stack, data = context.the_stack, context.step_data
    if context.operation.stack not in data.listed:
        return Outcome(to=OperationState.LISTING, reason="Its resources are listed before they are deleted.")
    if account_of(stack.stack_id) != context.teardown_account_id:
        return give_up_stack(context, f"The stack is in another AWS account: {stack.stack_id}.")
    asked = data.asked_in_round == data.delete_round
    state = context.look(stack.stack_id)
    decision = context.kind.decide(Phase.WATCH if asked else Phase.ARRIVE, state.status if state else NO_STACK)
    if decision.act is Act.SWEEP:
        outcome = _go_on(context, decision.reason)
        if state is not None:
            outcome.resources = _resources(context, stack.stack_id)
    elif decision.act is Act.WAIT or state is None:
        outcome = Outcome(wait=context.poll_seconds())
    elif decision.act is Act.ADOPT:  # a deletion that is in progress already counts as this round's
        outcome = Outcome(wait=context.poll_seconds(), step_data=replace(data, asked_in_round=data.delete_round))
    elif decision.act is Act.DELETE_DRAFT:
        outcome = _delete_draft(context, state)
    elif not asked:
        outcome = _request_deletion(context, state)
    else:
        outcome = _deletion_ended(context, state, decision)
    return outcome


def _go_on(context: Context, reason: str) -> Outcome:
    following = context.following
    if following is not None:
        return continue_with(context, following, reason)
    return Outcome(to=OperationState.SWEEPING, reason=reason)


def _resources(context: Context, stack_id: str) -> list[interface.StackResource]:
    """What CloudFormation says of each resource; a deleted stack is listed by its id for 90 days."""
    try:
        return context.aws.stack_resources(stack_id)
    except NotFound:
        return []


def _deletion_ended(context: Context, state: interface.StackState, decision: Decision) -> Outcome:
    """The stack still exists after a request: the deletion failed, turned back, or has not begun."""
    stack = context.the_stack
    events = new_events(context, stack)
    if not _has_begun(context, events):
        outcome = _repeat_request(context, state)
    elif state.status == "DELETE_FAILED":
        resources = _resources(context, stack.stack_id)
        outcome = unblock(context, resources)
        outcome.resources = resources
    elif decision.act is Act.FAIL and _has_turned_back(context, events, state.status):
        reasons = [event.reason for event in events if event.is_about_stack and event.status == state.status]
        reason = next((reason for reason in reversed(reasons) if reason), state.status_reason)
        outcome = give_up_stack(context, f"{decision.reason} {reason}".rstrip())
    else:
        outcome = Outcome(wait=context.poll_seconds())  # a status read too early
    outcome.events = events
    return outcome


def _has_turned_back(context: Context, events: list[interface.StackEvent], status: str) -> bool:
    """Whether the stack has this status again, or had it only before its deletion began: a status may
    be read too early. An event says so, or the time that has passed.
    """
    stack = context.the_stack
    stored = StackEvent.objects.filter(stack=stack, physical_id=stack.stack_id).values_list("status", "at")
    history = [*stored, *((event.status, event.at) for event in events if event.is_about_stack)]
    began_at = max((at for name, at in history if name == "DELETE_IN_PROGRESS"), default=None)
    if began_at is None or any(name == status and at > began_at for name, at in history):
        return True
    if context.now - began_at < DELETION_SHOWS_WITHIN:
        return False
    newest = context.aws.describe_stack(stack.stack_id)
    return newest is not None and newest.status == status


def _delete_draft(context: Context, state: interface.StackState) -> Outcome:
    """Delete the change sets of a stack that has nothing else, then the stack.

    CloudFormation cannot delete a stack while one of its change sets is being created:
    https://github.com/aws-cloudformation/rain/issues/477
    """
    change_sets = [item for item in context.aws.list_change_sets(state.stack_id) if item.status != "DELETE_COMPLETE"]
    if any(item.status.endswith(("_PENDING", "_IN_PROGRESS")) for item in change_sets):
        return Outcome(wait=context.poll_seconds())
    deletable = [item for item in change_sets if item.status != "DELETE_FAILED"]
    if deletable:
        context.allow("DeleteChangeSet", target=deletable[0].change_set_id)
        try:
            context.aws.delete_change_set(deletable[0].change_set_id, stack_id=state.stack_id)
        except (NotFound, AccessDenied) as error:
            return _gone_meanwhile(context, state.stack_id, error)
        return Outcome()
    if context.step_data.asked_in_round == context.step_data.delete_round:
        return _repeat_request(context, state)
    return _request_deletion(context, state)


def _has_begun(context: Context, events: list[interface.StackEvent]) -> bool:
    """Whether CloudFormation has acted on this round's request. A status read too early is that of
    the round before.
    """
    data = context.step_data
    if data.asked_at is None:
        return True  # somebody else's deletion
    token = _round_token(context)
    if any(event.token == token for event in events):
        return True
    return StackEvent.objects.filter(stack=context.the_stack, token=token).exists()


def _repeat_request(context: Context, state: interface.StackState) -> Outcome:
    data = context.step_data
    if data.asked_at is not None and context.now - data.asked_at < DELETION_SHOWS_WITHIN:
        return Outcome(wait=context.poll_seconds())
    if data.requests >= REQUESTS_A_ROUND:
        return give_up_stack(
            context, f"CloudFormation does not begin to delete it: it is {state.status}. {state.status_reason}"
        )
    return _request_deletion(context, state)


def _request_deletion(context: Context, state: interface.StackState) -> Outcome:
    """Call DeleteStack. Of a stack that could not be deleted, the resources that people agreed to
    leave are retained.
    """
    data, stack_id = context.step_data, context.the_stack.stack_id
    context.allow("DeleteStack", target=stack_id)
    if data.wait_until is not None and context.now < data.wait_until:
        return Outcome(wait=(data.wait_until - context.now).total_seconds())
    has_failed = state.status == "DELETE_FAILED"  # only then CloudFormation accepts either of these
    retain = data.retaining if has_failed else ()
    try:
        if data.forcing and has_failed:
            context.aws.force_delete_stack(stack_id, token=_round_token(context))
        else:
            context.aws.delete_stack(stack_id, token=_round_token(context), retain=retain)
    except (NotFound, AccessDenied) as error:
        return _gone_meanwhile(context, stack_id, error)
    except WrongStatus:
        return _not_now(context, stack_id)
    data = replace(data, asked_in_round=data.delete_round, asked_at=context.now, requests=data.requests + 1)
    return Outcome(wait=context.poll_seconds(), step_data=data)


def _gone_meanwhile(context: Context, stack_id: str, error: AwsError) -> Outcome:
    """The stack may be gone since it was read: somebody else has deleted it, and the next look shows
    that. AWS may also answer AccessDenied then, because the portal may only act on stacks with its
    tags. Raises the error if the stack exists and AWS refuses to delete it.
    """
    state = context.aws.describe_stack(stack_id)
    if isinstance(error, AccessDenied) and state is not None and state.status != "DELETE_COMPLETE":
        raise error
    return Outcome(wait=1.0)


def _not_now(context: Context, stack_id: str) -> Outcome:
    """The stack is protected again, or another operation is in progress on it, which the next look
    shows.
    """
    state = context.aws.describe_stack(stack_id)
    if state is not None and state.termination_protection:
        data = replace(context.step_data, protected=(context.operation.stack,))
        return Outcome(to=OperationState.PREPARING, reason="The stack is protected again.", step_data=data)
    return Outcome(wait=context.poll_seconds())


def _round_token(context: Context) -> str:
    return context.token(f"delete-{context.step_data.delete_round}")
