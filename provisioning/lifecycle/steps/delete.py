"""Taking an environment down: stop what writes, lift protection, then stack by stack, the last made first: empty what dies,
delete the stack, take away what blocks.

A stack is emptied when its turn comes: a bucket that another one's is copied to fills up until that one is gone. Every call here may be repeated. Each delete round has a token of its own: CloudFormation ignores a second DeleteStack of the same.
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
from provisioning.lifecycle.ledger import living
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome, go_on, new_events, stop
from provisioning.models import StackEvent, StackResource

CALLS_A_STEP: Final = 8
OBJECTS_A_STEP: Final = 1000
LONGEST_PAUSE: Final = 60.0
# Seconds before each repetition; network interfaces of managed services take their time to be let go.
DELETE_ROUNDS: Final = (2.0, 15.0, 60.0, 180.0, 300.0)
DELETION_SHOWS_WITHIN: Final = timedelta(minutes=1)


def prepare(context: Context) -> Outcome:
    """Stop what writes and lift protection in all stacks, a few at a time. Resources that are retained whole keep their protection."""
    data = context.step_data
    done = set(data.prepared)
    rows = living(stack.pk for stack in context.stacks)
    whole = {line.physical_id for line in context.teardown.to_retain if line.policy == "Retain"}
    open_rows = [row for row in rows if row.pk not in done and _holds_on(row) and row.physical_id not in whole]
    open_rows.sort(key=lambda row: (aws_type(row.type).protection is not None, row.pk))
    for row in open_rows[:CALLS_A_STEP]:
        _let_go(context.aws_of(row), row, rows)
        done.add(row.pk)
    if len(open_rows) > CALLS_A_STEP:
        return Outcome(step_data=replace(data, prepared=tuple(sorted(done))))
    return Outcome(to=OperationState.EMPTYING, step_data=replace(data, prepared=(), emptied=(), idle_rounds=0))


def _holds_on(row: StackResource) -> bool:
    """Whether it starts work by itself or has deletion protection."""
    record = aws_type(row.type)
    return bool(record.quiesce or record.protection)


def _let_go(aws: interface.Aws, row: StackResource, rows: Sequence[StackResource]) -> None:
    record = aws_type(row.type)
    if record.quiesce:
        parent_id = next((other.physical_id for other in rows if other.type == record.runs_in), "")
        aws.quiesce(row.type, row.physical_id, parent_id=parent_id)
    if record.protection:
        aws.lift_protection(row.type, row.physical_id)


def empty(context: Context) -> Outcome:
    """Runs one round on the first resource to delete of this stack that has to be emptied and is not empty yet."""
    retained = {line.physical_id for line in context.teardown.to_retain}
    data = context.step_data
    rows = [
        row
        for row in living(stack.pk for stack in context.stacks if stack.role == context.operation.stack)
        if aws_type(row.type).emptying and row.physical_id not in [*retained, *data.emptied] and _was_ours(row)
    ]
    if not rows:
        return Outcome(to=OperationState.DELETING)
    row = rows[0]
    progress = context.aws.empty(row.type, row.physical_id, limit=OBJECTS_A_STEP)
    if progress.empty:
        return Outcome(step_data=replace(data, emptied=(*data.emptied, row.physical_id), idle_rounds=0))
    idle = 0 if progress.deleted else data.idle_rounds + 1
    emptying = aws_type(row.type).emptying
    if emptying and idle >= emptying.give_up_after:
        return stop(
            OperationState.FAILED,
            f"The {emptying.noun} {row.physical_id} cannot be emptied: nothing in it could be deleted.",
            hint="Something locks what is in it: an object lock, a legal hold, a vault lock or a policy. Lift it, then try again.",
        )
    return Outcome(wait=min(float(2**idle - 1), LONGEST_PAUSE), step_data=replace(data, idle_rounds=idle))


def _was_ours(row: StackResource) -> bool:
    """Nothing is emptied that CloudFormation has not once reported as created by this stack."""
    made = StackEvent.objects.filter(stack=row.stack_id, physical_id=row.physical_id, status="CREATE_COMPLETE")
    return made.exists()


def delete(context: Context) -> Outcome:
    """Look first; then what the table says: wait, (again) delete, take away what blocks, or go on to the sweep."""
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
                go_on(context, following, decision.reason)
                if following is not None
                else Outcome(to=OperationState.SWEEPING, reason=decision.reason)
            )
        case Act.WAIT | Act.ADOPT:
            outcome = Outcome(wait=context.poll_seconds(), step_data=replace(context.step_data, asked_in_round=number))
        case Act.UNBLOCK:
            outcome = _unblock(context, number, events)
        case _:
            outcome = _ask(context, number, asked=asked)
    outcome.seen, outcome.events = state, events
    return outcome


def _ask(context: Context, number: int, *, asked: bool) -> Outcome:
    asked_at = context.step_data.asked_at
    if asked and asked_at and context.now - asked_at < DELETION_SHOWS_WITHIN:
        return Outcome(wait=context.poll_seconds())
    stack_id = context.the_stack.stack_id
    try:
        context.aws.set_termination_protection(stack_id, enabled=False)
        context.aws.delete_stack(stack_id, token=context.token(f"delete-{number}"))
    except NotFound:
        return Outcome(wait=1.0)  # the next look finds it gone
    except WrongStatus:
        return Outcome(wait=context.poll_seconds())  # something is at work on it; the next look sees what
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
        context.aws.release_network_interfaces(used_by)
    wait = DELETE_ROUNDS[number]
    names = ", ".join(row.logical_id for row in blocked[:5]) or "something"
    if any(_holds_on(row) for row in blocked):
        return Outcome(
            to=OperationState.PREPARING, reason=f"{names} held on; letting go again.", wait=wait, step_data=again
        )
    if any(aws_type(row.type).emptying for row in blocked):
        return Outcome(to=OperationState.EMPTYING, reason=f"{names} filled up again.", wait=wait, step_data=again)
    return Outcome(wait=wait, step_data=again)


def _blocked(context: Context, events: Sequence[interface.StackEvent]) -> list[StackResource]:
    """What the last deletion could not delete: the ledger as the new events will leave it."""
    rows = {row.physical_id: row for row in living([context.the_stack.pk])}
    for event in events:
        if (row := rows.get(event.physical_id)) is not None:
            row.status, row.reason = event.status, event.reason
    return [row for row in rows.values() if row.status == "DELETE_FAILED"]


def _give_up(blocked: Sequence[StackResource]) -> Outcome:
    if not blocked:
        return stop(
            OperationState.FAILED,
            "CloudFormation could not delete the stack and does not say what keeps it.",
            hint="Look at the events below, then try again.",
        )
    first = blocked[0]
    sentence = f"{first.logical_id} could not be deleted, after {len(DELETE_ROUNDS)} rounds."
    hint = "AWS's own sentence says what keeps it. Take that away, then try again."
    explained = Explained(sentence, hint, first.reason, logical_id=first.logical_id, type=first.type)
    return Outcome(to=OperationState.FAILED, reason=sentence, explained=explained)
