"""Verifies that nothing is left: asks each resource's own service, then searches every region by
tag.

Every answer is stored as it comes, so that nothing is asked again after a rate limit. The tagging
API still returns resources for a while after they are deleted, and in express mode CloudFormation
reports a deletion before it is complete. So what is left is asked again with growing pauses. What
no service can confirm is not verified, which is not the same as deleted.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from provisioning.aws import AwsError, aws_type
from provisioning.aws.arns import type_and_id
from provisioning.lifecycle.planning import ENVIRONMENT_TAG
from provisioning.lifecycle.sandbox_time import scaled_seconds
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.step_data import StepData
from provisioning.lifecycle.steps.base import Context, Outcome
from provisioning.lifecycle.steps.left_over import failed
from provisioning.lifecycle.steps.receipt import Found, ToRetain, Verified, key_of, read_scan, write_receipt
from provisioning.models import ResourceEnd, StackResource

CHECKS_PER_STEP: Final = 20
PAUSES: Final = (5.0, 15.0, 60.0, 180.0, 300.0, 600.0, 900.0)
GONE, THERE, UNCHECKED, REFUSED = "gone", "there", "unasked", "refused"


@dataclass(slots=True)
class Answers:
    """The answers so far. They are stored even if the next call is refused."""

    context: Context
    of_rows: dict[str, str]
    of_arns: dict[str, str]
    scanned: dict[str, list[str]]
    unsearched: dict[str, str]
    problems: dict[str, str]
    windows: dict[str, str]

    @classmethod
    def of(cls, context: Context) -> Answers:
        data = context.step_data
        return cls(
            context,
            dict(data.answers),
            dict(data.arn_answers),
            {region: list(arns) for region, arns in data.scanned.items()},
            dict(data.unsearched),
            dict(data.problems),
            dict(data.recovery_windows),
        )

    def stored(self) -> StepData:
        return replace(
            self.context.step_data,
            answers=self.of_rows,
            arn_answers=self.of_arns,
            scanned=self.scanned,
            unsearched=self.unsearched,
            problems=self.problems,
            recovery_windows=self.windows,
        )

    def ask(self, row: StackResource) -> None:
        aws, key = self.context.aws_of(row), str(row.pk)
        try:
            exists = aws.exists(row.type, row.physical_id)
            if exists is False and (until := aws.recovery_window(row.type, row.physical_id)) is not None:
                self.windows[key] = until.isoformat()
        except AwsError as error:
            if error.retryable:
                raise
            self.of_rows[key], self.problems[key] = REFUSED, f"{error} {error.advice}"
            return
        self.of_rows[key] = UNCHECKED if exists is None else THERE if exists else GONE

    def search(self, region: str) -> None:
        """Search a region by tag. A search that is refused is noted, and stops no other one."""
        environment_id = str(self.context.operation.environment_id)
        self.unsearched.pop(region, None)
        try:
            tagged = self.context.aws_in(region).find_by_tag(ENVIRONMENT_TAG, environment_id)
        except AwsError as error:
            if error.retryable:
                raise
            self.scanned[region], self.unsearched[region] = [], f"{error} {error.advice}"
            return
        self.scanned[region] = [resource.arn for resource in tagged]

    def is_gone(self, thing: Found) -> bool:
        """Whether a resource that is in no ledger no longer exists, by its own service. While the
        service refuses to say, what the search by tag has found exists.
        """
        if thing.arn not in self.of_arns:
            known = type_and_id(thing.arn)
            try:
                gone = known is not None and self.context.aws_in(thing.region).exists(*known) is False
            except AwsError as error:
                if error.retryable:
                    raise
                gone = False
            self.of_arns[thing.arn] = GONE if gone else THERE
        return self.of_arns[thing.arn] == GONE


def verify_gone(context: Context) -> Outcome:
    """Ask a few services; after the last one, search by tag and conclude."""
    answers = Answers.of(context)
    try:
        return _verify(context, answers)
    except AwsError as error:
        stored = answers.stored()
        if not error.retryable or stored == context.step_data:
            raise
        return Outcome(wait=max(error.retry_after or 0.0, 1.0), step_data=stored)


def _verify(context: Context, answers: Answers) -> Outcome:
    owned = StackResource.objects.filter(stack__in=context.stacks).exclude(physical_id="")
    rows = list(owned.exclude(end=ResourceEnd.FOREIGN).select_related("stack").order_by("id"))
    unchecked = [row for row in rows if str(row.pk) not in answers.of_rows]
    for row in unchecked[:CHECKS_PER_STEP]:
        answers.ask(row)
    if len(unchecked) > CHECKS_PER_STEP:
        return Outcome(step_data=answers.stored())
    regions = _regions(context, rows)
    for region in regions:
        if region not in answers.scanned:
            answers.search(region)
    return _conclude(context, rows, answers, regions)


def _regions(context: Context, rows: Sequence[StackResource]) -> list[str]:
    """The regions of all stacks, planned or begun, and those in which global services keep their
    tags.
    """
    regions = [*context.plan.regions, *(row.stack.region for row in rows)]
    regions += sorted({aws_type(row.type).tags_only_in for row in rows} - {""})
    return list(dict.fromkeys(regions))


def _conclude(context: Context, rows: Sequence[StackResource], answers: Answers, regions: Sequence[str]) -> Outcome:
    plan = context.teardown
    to_retain = {(line.logical_id, line.physical_id): line for line in plan.to_retain}
    ends = {row.pk: _end_of(row, answers.of_rows[str(row.pk)], to_retain) for row in rows}
    scan = read_scan(
        [Found(arn, region) for region in regions for arn in answers.scanned[region]],
        kept={row.physical_id for row in rows if ends[row.pk] is ResourceEnd.RETAINED},
        gone={row.physical_id for row in rows if ends[row.pk] in (ResourceEnd.DELETED, ResourceEnd.NOT_VERIFIED)},
        known={row.physical_id for row in rows},
        to_retain=to_retain,
        is_gone=answers.is_gone,
    )
    verified = Verified(rows, ends, scan, regions, to_retain)
    data = answers.stored()
    agreed = {line.physical_id for line in plan.to_leave}
    left = [
        row
        for row in rows
        if (ends[row.pk] is ResourceEnd.LEFT_OVER and not _may_be_left(row, agreed, data)) or _is_stuck(row, data)
    ]
    left_arns = [arn for arn in scan.left if arn not in agreed and not plan.is_forced]
    unsearched = data.unsearched.keys() - set(plan.unsearched)
    if left or left_arns or unsearched or data.given_up:
        return _again(context, left, left_arns, data)
    if not data.second_sweep:
        return Outcome(to=OperationState.SETTLING, reason="Nothing is left so far.", step_data=data)
    return _finish(context, verified, data)


def _end_of(row: StackResource, answer: str, to_retain: ToRetain) -> ResourceEnd:
    """How a resource ended. Its service's answer takes precedence over CloudFormation's report."""
    if answer == GONE:
        return ResourceEnd.DELETED
    line = to_retain.get(key_of(row))
    if line is not None and line.policy == "Retain":
        return ResourceEnd.RETAINED
    if answer in (THERE, REFUSED) or row.status in ("DELETE_FAILED", "DELETE_SKIPPED"):
        return ResourceEnd.LEFT_OVER
    return ResourceEnd.NOT_VERIFIED


def _may_be_left(row: StackResource, agreed: set[str], data: StepData) -> bool:
    """Whether the approved plan leaves the resource. A forced removal leaves what CloudFormation
    skipped; the receipt lists it.
    """
    return row.physical_id in agreed or (data.forcing and row.status == "DELETE_SKIPPED")


def _is_stuck(row: StackResource, data: StepData) -> bool:
    """Whether the resource keeps its stack from being deleted, even if its service no longer has it."""
    return row.stack.role in data.given_up and row.status == "DELETE_FAILED"


def _again(context: Context, left: Sequence[StackResource], left_arns: Sequence[str], data: StepData) -> Outcome:
    number, names = data.sweeps, (*(row.physical_id for row in left), *left_arns)
    refused = bool(data.unsearched) or any(data.answers[str(row.pk)] == REFUSED for row in left)
    if number >= len(PAUSES) or data.given_up or refused:
        return failed(context, left, left_arns, data)
    known = {key: answer for key, answer in data.answers.items() if answer in (GONE, UNCHECKED)}
    arns = {arn: answer for arn, answer in data.arn_answers.items() if answer == GONE}
    data = replace(data, sweeps=number + 1, answers=known, arn_answers=arns, scanned={}, left=names)
    wait = max(scaled_seconds(context.operation.environment.account, PAUSES[number]), 1.0)
    return Outcome(wait=wait, step_data=data)


def _finish(context: Context, verified: Verified, data: StepData) -> Outcome:
    receipt = write_receipt(context, verified, data)
    # The answers are on the receipt now.
    data = replace(data, answers={}, arn_answers={}, scanned={}, recovery_windows={}, left=())
    ends = [line.end for line in receipt.lines]
    if ResourceEnd.LEFT_OVER in ends:
        reason = f"{ends.count(ResourceEnd.LEFT_OVER)} left over, as agreed."
    elif ResourceEnd.NOT_VERIFIED in ends or receipt.scan.unsearched:
        reason = "Nothing is left, as far as AWS could be asked."
    else:
        reason = "Nothing is left."
    return Outcome(to=OperationState.SUCCEEDED, reason=reason, ends=verified.ends, receipt=receipt, step_data=data)
