"""Decides on a stack after asking whose operation is the newest on it.

The client token of an operation is on each of its events. Those of the portal begin with the token
of their operation; one of the console begins with `Console-`. The question costs a call, so it is
asked only where the answer makes a difference.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from provisioning.aws import STACK_STATUSES, interface
from provisioning.lifecycle.decisions import NO_STACK, Decision, Phase
from provisioning.lifecycle.steps.base import Context
from provisioning.models import Operation, Stack

# Creating a change set is counted as an operation, although it changes nothing.
_CHANGES_NOTHING: Final = ("CREATE_CHANGESET", "")


def decide_on_stack(context: Context, phase: Phase, state: interface.StackState | None) -> Decision:
    """The decision for the stack that the operation is at, in its present state."""
    status = state.status if state is not None else NO_STACK
    ours, foreign = context.kind.decide(phase, status), context.kind.decide(Phase.FOREIGN, status)
    # An operation takes a stack at rest as it is: its plan says what the stack must be like.
    if phase is Phase.ARRIVE and (status not in STACK_STATUSES or STACK_STATUSES[status].terminal):
        return ours
    if state is None or (ours.act, ours.button, ours.environment) == (foreign.act, foreign.button, foreign.environment):
        return ours
    if context.kind.creates_stacks and status.startswith(("CREATE_", "ROLLBACK_")):
        return ours  # the stack in the ledger is created once, by this request
    token = newest_token(context, state)
    if is_of_request(context.operation, token):
        return ours
    whose = f"Its client token is “{token}”." if token else "It was started without a client token."
    return replace(foreign, reason=f"{foreign.reason} {whose}")


def newest_token(context: Context, state: interface.StackState) -> str:
    """The client token of the newest operation on a stack; empty if it was started without one."""
    kind, operation_id = state.last_operation
    if kind not in _CHANGES_NOTHING:
        events = context.aws.operation_events(stack_id=state.stack_id, operation_id=operation_id)
        return next((event.token for event in reversed(events) if event.token), "")
    row = Stack.objects.filter(stack_id=state.stack_id).order_by("-created_at").first()
    known = (row.last_event_id or None) if row is not None else None
    about_stack = [
        event for event in context.aws.stack_events(state.stack_id, after_event_id=known) if event.is_about_stack
    ]
    if about_stack:
        return about_stack[-1].token
    stored = row.events.filter(type="AWS::CloudFormation::Stack").order_by("-at", "-id").first() if row else None
    return stored.token if stored is not None else ""


def is_of_request(operation: Operation, token: str) -> bool:
    """Whether this operation, or an earlier attempt at the same request, has sent the token."""
    attempts = Operation.objects.filter(request=operation.request_id).exclude(token="")
    return any(
        token == attempt or token.startswith(f"{attempt}-") for attempt in attempts.values_list("token", flat=True)
    )
