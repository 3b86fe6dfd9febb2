"""Verifies that nothing is left: checks every resource of the ledger at its own service, then scans
every region by tag.

The tagging API still returns resources for a while after they are deleted. Such a resource counts
as left only if its own service still knows it or cannot be asked. The check is repeated with
growing pauses before the operation fails.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from provisioning.aws import aws_type
from provisioning.lifecycle.planning import ENVIRONMENT_TAG
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome, stop
from provisioning.lifecycle.steps.receipt import Found, ToRetain, key_of, read_scan, write_receipt
from provisioning.models import ResourceEnd, StackResource

CHECKS_PER_STEP: Final = 20
PAUSES: Final = (5.0, 15.0, 60.0, 180.0, 300.0, 600.0, 900.0)
GONE, THERE, UNCHECKED = "gone", "there", "unasked"


def verify_gone(context: Context) -> Outcome:
    """Check a few resources at their services; after the last one, scan by tag and conclude."""
    owned = StackResource.objects.filter(stack__in=context.stacks).exclude(physical_id="")
    rows = list(owned.exclude(end=ResourceEnd.FOREIGN).select_related("stack").order_by("id"))
    answers: dict[str, str] = dict(context.step_data.answers)
    unchecked = [row for row in rows if str(row.pk) not in answers]
    for row in unchecked[:CHECKS_PER_STEP]:
        exists = context.aws_of(row).exists(row.type, row.physical_id)
        answers[str(row.pk)] = UNCHECKED if exists is None else THERE if exists else GONE
    if len(unchecked) > CHECKS_PER_STEP:
        return Outcome(step_data=replace(context.step_data, answers=answers))
    # All stacks, planned or begun, and the regions in which global services keep their tags.
    regions = [*context.plan.regions, *(row.stack.region for row in rows)]
    regions += sorted({aws_type(row.type).tags_only_in for row in rows} - {""})
    regions = list(dict.fromkeys(regions))
    environment_id = str(context.operation.environment_id)
    tagged = [
        Found(resource.arn, region)
        for region in regions
        for resource in context.aws_in(region).find_by_tag(ENVIRONMENT_TAG, environment_id)
    ]
    return _conclude(context, rows, answers, tagged, regions)


def _conclude(
    context: Context,
    rows: Sequence[StackResource],
    answers: Mapping[str, str],
    tagged: Sequence[Found],
    regions: Sequence[str],
) -> Outcome:
    to_retain = {(line.logical_id, line.physical_id): line for line in context.teardown.to_retain}
    ends = {row.pk: _end_of(row, answers[str(row.pk)], to_retain) for row in rows}
    scan = read_scan(
        context.aws_in,
        tagged,
        kept={row.physical_id for row in rows if ends[row.pk] is ResourceEnd.RETAINED},
        gone={row.physical_id for row in rows if ends[row.pk] is ResourceEnd.DELETED},
        to_retain=to_retain,
    )
    left = [row.physical_id for row in rows if ends[row.pk] is ResourceEnd.LEFT_OVER] + scan.left
    if left:
        return _again(context, left)
    receipt = write_receipt(context, rows, ends, scan, regions=regions, to_retain=to_retain)
    # The answers are on the receipt now.
    data = replace(context.step_data, answers={}, left=())
    return Outcome(to=OperationState.SUCCEEDED, reason="Nothing is left.", ends=ends, receipt=receipt, step_data=data)


def _end_of(row: StackResource, answer: str, to_retain: ToRetain) -> ResourceEnd:
    """How a resource ended. Its service's answer takes precedence over CloudFormation's events."""
    line = to_retain.get(key_of(row))
    is_retained = (line is not None and line.policy == "Retain") or row.status == "DELETE_SKIPPED"
    if answer == GONE:
        return ResourceEnd.DELETED
    if is_retained:
        return ResourceEnd.RETAINED
    if answer == THERE:
        return ResourceEnd.LEFT_OVER
    # No service can be asked. CloudFormation reports a stack as deleted only after it has deleted
    # its resources.
    return ResourceEnd.DELETED


def _again(context: Context, left: Sequence[str]) -> Outcome:
    number = context.step_data.sweeps
    if number < len(PAUSES):
        data = replace(context.step_data, sweeps=number + 1, answers={}, left=tuple(left))
        wait = 1.0 if context.operation.environment.account.is_sandbox else PAUSES[number]
        return Outcome(wait=wait, step_data=data)
    stacks = len({stack.role for stack in context.stacks})
    gone = "The stacks are gone" if stacks > 1 else "The stack is gone"
    exist = "1 resource still exists" if len(left) == 1 else f"{len(left)} resources still exist"
    return stop(
        OperationState.FAILED,
        f"{gone}, but {exist}.",
        hint="Delete them in their own service if they are not needed. “Retry” checks again.",
        detail=", ".join(left[:20]),
    )
