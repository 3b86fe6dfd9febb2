"""Taking an environment down: stop what writes, lift protection, then stack by stack, the last made first: empty what dies,
delete the stack, take away what blocks.

A stack is emptied when its turn comes: a bucket that another one's is copied to fills up until that one is gone. Every call here may be repeated. Each delete round has a token of its own: CloudFormation ignores a second DeleteStack of the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from provisioning.aws import PROTECTABLE, QUIESCABLE, NotFound, WrongStatus, interface
from provisioning.lifecycle.decisions import NO_STACK, Act, Phase
from provisioning.lifecycle.failure_explanations import Explained
from provisioning.lifecycle.ledger import living
from provisioning.lifecycle.services.teardown import BUCKET, VAULT
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome, go_on, new_events, stop
from provisioning.models import StackEvent, StackResource

SERVICE: Final = "AWS::ECS::Service"
CLUSTER: Final = "AWS::ECS::Cluster"
SECURITY_GROUP: Final = "AWS::EC2::SecurityGroup"
SUBNET: Final = "AWS::EC2::Subnet"
CALLS_A_STEP: Final = 8
OBJECTS_A_STEP: Final = 1000
# Rounds in which nothing went, before it is given up; recovery points go some minutes after they were asked to.
ROUNDS_WITHOUT_PROGRESS: Final = {BUCKET: 5, VAULT: 30}
LONGEST_PAUSE: Final = 60.0
# Seconds before each repetition; network interfaces of managed services take their time to be let go.
DELETE_ROUNDS: Final = (2.0, 15.0, 60.0, 180.0, 300.0)
DELETION_SHOWS_WITHIN: Final = timedelta(minutes=1)


def prepare(context: Context) -> Outcome:
    """Stop what writes and lift protection in all stacks, a few at a time. What stays whole keeps its protection."""
    data = context.step_data
    done = set(data.prepared)
    rows = living(stack.pk for stack in context.stacks)
    stays = {line["physical_id"] for line in context.content["stays"] if line["policy"] == "Retain"}
    open_rows = [row for row in rows if row.pk not in done and row.type in _HELD and row.physical_id not in stays]
    open_rows.sort(key=lambda row: (row.type in PROTECTABLE, row.pk))
    for row in open_rows[:CALLS_A_STEP]:
        _let_go(context.aws_of(row), row, rows)
        done.add(row.pk)
    if len(open_rows) > CALLS_A_STEP:
        return Outcome(step_data=replace(data, prepared=tuple(sorted(done))))
    return Outcome(to=OperationState.EMPTYING, step_data=replace(data, prepared=(), emptied=(), idle_rounds=0))


_HELD: Final = PROTECTABLE | QUIESCABLE | {SERVICE}


def _let_go(aws: interface.Aws, row: StackResource, rows: Sequence[StackResource]) -> None:
    try:
        if row.type == SERVICE:
            aws.stop_service(_cluster_of(row, rows), row.physical_id)
        elif row.type in QUIESCABLE:
            aws.quiesce(row.type, row.physical_id)
        else:
            aws.lift_protection(row.type, row.physical_id)
    except NotFound:
        return  # it is gone, which is what is wanted


def _cluster_of(service: StackResource, rows: Sequence[StackResource]) -> str:
    """`arn:…:service/<cluster>/<name>`; an older ARN without the cluster belongs to the stack's only one."""
    parts = service.physical_id.split("/")
    if len(parts) == 3:  # noqa: PLR2004 - the new form
        return parts[1]
    return next((row.physical_id for row in rows if row.type == CLUSTER), "default")


def empty(context: Context) -> Outcome:
    """One round on the first bucket or vault of this stack that dies and is not empty yet."""
    stays = {line["physical_id"] for line in context.content["stays"]}
    data = context.step_data
    rows = [
        row
        for row in living(stack.pk for stack in context.stacks if stack.role == context.operation.stack)
        if row.type in ROUNDS_WITHOUT_PROGRESS and row.physical_id not in [*stays, *data.emptied] and _was_ours(row)
    ]
    if not rows:
        return Outcome(to=OperationState.DELETING)
    row = rows[0]
    take_out = context.aws.empty_bucket if row.type == BUCKET else context.aws.empty_vault
    progress = take_out(row.physical_id, limit=OBJECTS_A_STEP)
    if progress.empty:
        return Outcome(step_data=replace(data, emptied=(*data.emptied, row.physical_id), idle_rounds=0))
    idle = 0 if progress.deleted else data.idle_rounds + 1
    if idle >= ROUNDS_WITHOUT_PROGRESS[row.type]:
        return stop(
            OperationState.FAILED,
            f"The {_WORD[row.type]} {row.physical_id} cannot be emptied: nothing in it could be deleted.",
            hint="Something locks what is in it: an object lock, a legal hold, a vault lock or a policy. Lift it, then try again.",
        )
    return Outcome(wait=min(float(2**idle - 1), LONGEST_PAUSE), step_data=replace(data, idle_rounds=idle))


_WORD: Final = {BUCKET: "bucket", VAULT: "backup vault"}


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
    groups = [row.physical_id for row in blocked if row.type == SECURITY_GROUP and row.physical_id]
    subnets = [row.physical_id for row in blocked if row.type == SUBNET and row.physical_id]
    if groups or subnets:
        context.aws.release_network_interfaces(security_groups=groups, subnets=subnets)
    wait = DELETE_ROUNDS[number]
    names = ", ".join(row.logical_id for row in blocked[:5]) or "something"
    if any(row.type in _HELD for row in blocked):
        return Outcome(
            to=OperationState.PREPARING, reason=f"{names} held on; letting go again.", wait=wait, step_data=again
        )
    if any(row.type in ROUNDS_WITHOUT_PROGRESS for row in blocked):
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
