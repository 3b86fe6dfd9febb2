"""Deletes an environment: stop services and lift protection, then, stack by stack, empty and
delete.

The stack that was created last is deleted first. A stack is emptied when its turn comes, because a
replica bucket fills up until the stack of its source is gone. Every call may be repeated. Each
delete round has a token of its own, because CloudFormation ignores a second DeleteStack with the
same token.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from provisioning.aws import NotFound, WrongStatus, aws_type, interface
from provisioning.lifecycle.decisions import NO_STACK, Act, Phase
from provisioning.lifecycle.failure_explanations import Explained
from provisioning.lifecycle.ledger import existing_resources
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome, continue_with, new_events, stop
from provisioning.models import StackEvent, StackResource

CALLS_A_STEP: Final = 8
OBJECTS_A_STEP: Final = 1000
LONGEST_PAUSE: Final = 60.0
# Seconds before each repetition. Managed services take minutes to release their network interfaces.
DELETE_ROUNDS: Final = (2.0, 15.0, 60.0, 180.0, 300.0)
DELETION_SHOWS_WITHIN: Final = timedelta(minutes=1)


def prepare(context: Context) -> Outcome:
    """Stop services and lift protection in all stacks, a few at a time.

    Resources that are retained whole stay protected.
    """
    data = context.step_data
    done = set(data.prepared)
    rows = existing_resources(stack.pk for stack in context.stacks)
    whole = {line.physical_id for line in context.teardown.to_retain if line.policy == "Retain"}
    open_rows = [row for row in rows if row.pk not in done and _holds_on(row) and row.physical_id not in whole]
    open_rows.sort(key=lambda row: (aws_type(row.type).protection is not None, row.pk))
    for row in open_rows[:CALLS_A_STEP]:
        aws, record = context.aws_of(row), aws_type(row.type)
        context.allow(target=row.physical_id)
        if record.quiesce:
            parent_id = next((other.physical_id for other in rows if other.type == record.runs_in), "")
            aws.quiesce(row.type, row.physical_id, parent_id=parent_id)
        if record.protection:
            aws.lift_protection(row.type, row.physical_id)
        done.add(row.pk)
    if len(open_rows) > CALLS_A_STEP:
        return Outcome(step_data=replace(data, prepared=tuple(sorted(done))))
    return Outcome(to=OperationState.EMPTYING, step_data=replace(data, prepared=(), emptied=(), idle_rounds=0))


def _holds_on(row: StackResource) -> bool:
    """Whether the resource starts work by itself or has deletion protection."""
    record = aws_type(row.type)
    return bool(record.quiesce or record.protection)


def empty(context: Context) -> Outcome:
    """Run one round on the stack's first resource to delete that must be emptied and is not empty
    yet.
    """
    retained = {line.physical_id for line in context.teardown.to_retain}
    data = context.step_data
    rows = [
        row
        for row in existing_resources(stack.pk for stack in context.stacks if stack.role == context.operation.stack)
        if aws_type(row.type).emptying and row.physical_id not in [*retained, *data.emptied] and _was_created(row)
    ]
    if not rows:
        return Outcome(to=OperationState.DELETING)
    row = rows[0]
    context.allow(target=row.physical_id)
    progress = context.aws.empty(row.type, row.physical_id, limit=OBJECTS_A_STEP)
    if progress.empty:
        return Outcome(step_data=replace(data, emptied=(*data.emptied, row.physical_id), idle_rounds=0))
    idle = 0 if progress.deleted else data.idle_rounds + 1
    emptying = aws_type(row.type).emptying
    if emptying and idle >= emptying.give_up_after:
        return stop(
            OperationState.FAILED,
            f"The {emptying.noun} {row.physical_id} cannot be emptied: nothing in it could be deleted.",
            hint="Its contents are locked by an object lock, a legal hold, a vault lock or a policy. Remove the lock, then retry.",
        )
    return Outcome(wait=min(float(2**idle - 1), LONGEST_PAUSE), step_data=replace(data, idle_rounds=idle))


def _was_created(row: StackResource) -> bool:
    """Whether CloudFormation has reported that this stack created the resource.

    Nothing else is emptied.
    """
    created = StackEvent.objects.filter(stack=row.stack_id, physical_id=row.physical_id, status="CREATE_COMPLETE")
    return created.exists()


def delete(context: Context) -> Outcome:
    """Read the stack, then act on the decision: wait, delete (again), unblock, or go on when the
    stack is gone.
    """
    stack = context.the_stack
    number = context.step_data.delete_round
    asked = context.step_data.asked_in_round == number
    state = context.look(stack.stack_id)
    events = new_events(context, stack) if state else []
    phase = Phase.WATCH if asked else Phase.ARRIVE
    decision = context.kind.decide(phase, state.status if state else NO_STACK)
    match decision.act:
        case Act.SWEEP:
            following = context.following
            outcome = (
                continue_with(context, following, decision.reason)
                if following is not None
                else Outcome(to=OperationState.SWEEPING, reason=decision.reason)
            )
        case Act.WAIT | Act.ADOPT:
            outcome = Outcome(wait=context.poll_seconds(), step_data=replace(context.step_data, asked_in_round=number))
        case Act.UNBLOCK:
            outcome = _unblock(context, number, events)
        case _:
            outcome = _request_deletion(context, number, asked=asked)
    outcome.stack_state, outcome.events = state, events
    return outcome


def _request_deletion(context: Context, number: int, *, asked: bool) -> Outcome:
    asked_at = context.step_data.asked_at
    if asked and asked_at and context.now - asked_at < DELETION_SHOWS_WITHIN:
        return Outcome(wait=context.poll_seconds())
    stack_id = context.the_stack.stack_id
    context.allow("UpdateTerminationProtection", target=stack_id)
    context.allow("DeleteStack", target=stack_id)
    try:
        context.aws.set_termination_protection(stack_id, enabled=False)
        context.aws.delete_stack(stack_id, token=context.token(f"delete-{number}"))
    except NotFound:
        return Outcome(wait=1.0)  # it is gone, which the next look shows
    except WrongStatus:
        return Outcome(wait=context.poll_seconds())  # another operation is in progress on it, which the next look shows
    data = replace(context.step_data, asked_in_round=number, asked_at=context.now)
    return Outcome(wait=min(1.0, context.poll_seconds()), step_data=data)


def _unblock(context: Context, number: int, events: Sequence[interface.StackEvent]) -> Outcome:
    blocked = _blocked(context, events)
    if number + 1 >= len(DELETE_ROUNDS):
        return _give_up(blocked)
    again = replace(context.step_data, delete_round=number + 1, emptied=(), idle_rounds=0, prepared=())
    used_by: dict[str, list[str]] = defaultdict(list)
    for row in blocked:
        if (name := aws_type(row.type).network_interface_filter) and row.physical_id:
            used_by[name].append(row.physical_id)
    if used_by:
        context.allow("DeleteNetworkInterface")
        context.aws.release_network_interfaces(used_by)
    wait = DELETE_ROUNDS[number]
    names = ", ".join(row.logical_id for row in blocked[:5]) or "A resource"
    if any(_holds_on(row) for row in blocked):
        return Outcome(
            to=OperationState.PREPARING,
            reason=f"{names} prevented the deletion; stopping and unprotecting again.",
            wait=wait,
            step_data=again,
        )
    if any(aws_type(row.type).emptying for row in blocked):
        return Outcome(
            to=OperationState.EMPTYING,
            reason=f"{names} prevented the deletion; emptying again.",
            wait=wait,
            step_data=again,
        )
    return Outcome(wait=wait, step_data=again)


def _blocked(context: Context, events: Sequence[interface.StackEvent]) -> list[StackResource]:
    """The resources that the last deletion could not delete, including those of events that are not
    written yet.
    """
    rows = {row.physical_id: row for row in existing_resources([context.the_stack.pk])}
    for event in events:
        if (row := rows.get(event.physical_id)) is not None:
            row.status, row.reason = event.status, event.reason
    return [row for row in rows.values() if row.status == "DELETE_FAILED"]


def _give_up(blocked: Sequence[StackResource]) -> Outcome:
    if not blocked:
        return stop(
            OperationState.FAILED,
            "CloudFormation could not delete the stack and does not report why.",
            hint="See the events below, fix the cause, then retry.",
        )
    first = blocked[0]
    sentence = f"{first.logical_id} could not be deleted in {len(DELETE_ROUNDS)} rounds."
    hint = "See the AWS error below, remove what prevents the deletion, then retry."
    explained = Explained(sentence, hint, first.reason, logical_id=first.logical_id, type=first.type)
    return Outcome(to=OperationState.FAILED, reason=sentence, explained=explained)
