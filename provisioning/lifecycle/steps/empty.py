"""Empties what AWS deletes only when it is empty: buckets and backup vaults, a bounded round at a
time.

Only what three sources agree on is emptied: the approved plan deletes it, its template in AWS does
not retain it, and this stack has created it. A resource that cannot be emptied never stops the
others: its stack is deleted around it, and it is named at the end.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from provisioning.aws import AwsError, aws_type
from provisioning.lifecycle.deletion_policies import may_be_emptied
from provisioning.lifecycle.ledger import existing_resources
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome
from provisioning.lifecycle.steps.listing import was_created
from provisioning.models import StackResource

OBJECTS_A_STEP: Final = 1000
LONGEST_PAUSE: Final = 60.0
LOCKED: Final = (
    "Nothing in it could be deleted. Its contents are locked by an object lock, a legal hold, a vault lock or a policy."
)


def empty(context: Context) -> Outcome:
    """Run one round on the stack's first resource to delete that must be emptied and is not empty
    yet.
    """
    data = context.step_data
    rows = [row for row in _rows_to_empty(context) if row.physical_id not in data.emptied]
    if not rows:
        return Outcome(to=OperationState.DELETING, step_data=replace(data, idle_rounds=0))
    row = rows[0]
    done = replace(data, emptied=(*data.emptied, row.physical_id), idle_rounds=0)
    context.allow(target=row.physical_id)
    try:
        progress = context.aws.empty(row.type, row.physical_id, limit=OBJECTS_A_STEP)
    except AwsError as error:
        if error.retryable:
            raise
        return Outcome(step_data=replace(done, problems={**data.problems, str(row.pk): _sentence(error)}))
    if progress.empty:
        return Outcome(step_data=done)
    idle = 0 if progress.deleted else data.idle_rounds + 1
    emptying = aws_type(row.type).emptying
    if emptying and idle >= emptying.give_up_after:
        return Outcome(step_data=replace(done, problems={**data.problems, str(row.pk): LOCKED}))
    return Outcome(wait=min(float(2**idle - 1), LONGEST_PAUSE), step_data=replace(data, idle_rounds=idle))


def _rows_to_empty(context: Context) -> list[StackResource]:
    """What exists of this stack and may be emptied by the plan, the template in AWS and the ledger."""
    stacks = {stack.pk: stack for stack in context.stacks if stack.role == context.operation.stack}
    retained = {line.physical_id for line in context.teardown.to_retain if line.policy == "Retain"}
    planned = {line.physical_id for line in context.teardown.lines}
    return [
        row
        for row in existing_resources(stacks)
        if aws_type(row.type).emptying
        and row.physical_id in planned - retained
        and may_be_emptied(stacks[row.stack_id].policies.get(row.logical_id))
        and was_created(context, row)
    ]


def _sentence(error: AwsError) -> str:
    return f"{error} {error.advice}"
