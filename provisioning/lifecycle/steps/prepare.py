"""Before anything is deleted: lifts the termination protection of the stacks, stops what starts work
by itself or writes logs, and lifts deletion protection.

One resource that cannot be prepared never stops the others. A busy database is waited for. What AWS
refuses is noted, and named at the end if the resource is still there then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from provisioning.aws import AwsError, NotFound, WrongStatus, aws_type
from provisioning.lifecycle.ledger import existing_resources
from provisioning.lifecycle.sandbox_time import scaled_seconds
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome
from provisioning.models import StackResource

CALLS_A_STEP: Final = 8
BUSY_SECONDS: Final = 30.0
BUSY_ROUNDS: Final = 90
"""So a backup or a modification of a database may take 45 minutes."""


def prepare(context: Context) -> Outcome:
    """Lift the protection of one stack, or prepare a few resources of all stacks.

    Resources that are retained whole stay protected.
    """
    data = context.step_data
    if data.protected:
        return _unprotect_stack(context, data.protected[0])
    rows = existing_resources(stack.pk for stack in context.stacks)
    whole = {line.physical_id for line in context.teardown.to_retain if line.policy == "Retain"}
    open_rows = [row for row in rows if row.pk not in data.prepared and holds_on(row) and row.physical_id not in whole]
    open_rows.sort(key=lambda row: (aws_type(row.type).protection is not None, row.pk))
    prepared = _prepare_some(context, open_rows, rows)
    data = replace(
        data,
        prepared=tuple(sorted({*data.prepared, *prepared})),
        problems={**data.problems, **{str(pk): problem for pk, problem in prepared.items() if problem}},
    )
    if len(prepared) == len(open_rows):
        return Outcome(to=OperationState.EMPTYING, step_data=replace(data, prepared=(), emptied=(), idle_rounds=0))
    if prepared:
        return Outcome(step_data=data)
    wait = scaled_seconds(context.operation.environment.account, BUSY_SECONDS)
    return Outcome(wait=wait, step_data=replace(data, idle_rounds=data.idle_rounds + 1))


def _prepare_some(
    context: Context, open_rows: Sequence[StackResource], rows: Sequence[StackResource]
) -> dict[int, str]:
    """Prepare up to CALLS_A_STEP resources. Return the rows that are done, with what AWS refused.

    A busy resource is left for a later step; once BUSY_ROUNDS have passed, for its own deletion.
    """
    done: dict[int, str] = {}
    for row in open_rows:
        if len(done) == CALLS_A_STEP:
            break
        try:
            _prepare_resource(context, row, rows)
            done[row.pk] = ""
        except WrongStatus as error:
            if context.step_data.idle_rounds >= BUSY_ROUNDS:
                done[row.pk] = str(error)
        except AwsError as error:
            if error.retryable and not done:
                raise
            if error.retryable:
                break  # what is done already is written first
            done[row.pk] = f"{error} {error.advice}"
    return done


def _unprotect_stack(context: Context, key: str) -> Outcome:
    """Switch the termination protection of a stack off, as a step of its own."""
    data = context.step_data
    rest = replace(data, protected=tuple(other for other in data.protected if other != key))
    row = context.newest(key)
    if row is None or not row.stack_id:
        return Outcome(step_data=rest)
    context.allow("UpdateTerminationProtection", target=row.stack_id)
    try:
        context.aws_in(row.region).set_termination_protection(row.stack_id, enabled=False)
    except NotFound:
        return Outcome(step_data=rest)  # it is gone, which the next look shows
    return Outcome(step_data=rest)


def _prepare_resource(context: Context, row: StackResource, rows: Sequence[StackResource]) -> None:
    aws, record = context.aws_of(row), aws_type(row.type)
    context.allow(target=row.physical_id)
    if record.quiesce:
        parent_id = next((other.physical_id for other in rows if other.type == record.runs_in), "")
        aws.quiesce(row.type, row.physical_id, parent_id=parent_id)
    if record.protection:
        aws.lift_protection(row.type, row.physical_id)


def holds_on(row: StackResource) -> bool:
    """Whether the resource starts work by itself or has deletion protection."""
    record = aws_type(row.type)
    return bool(record.quiesce or record.protection)
