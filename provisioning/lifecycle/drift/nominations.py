"""Nominates environments for a drift detection. A nomination is a `DriftReport` that waits."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from django.db import transaction

from provisioning.lifecycle.drift.report_document import UNFINISHED, DriftContent, DriftStatus, StackDrift
from provisioning.lifecycle.transitions import bump
from provisioning.models import DriftReport, Environment, Stack

CHANGED_OUTSIDE: Final = "A stack was changed outside the portal."


def nominate(
    environment: Environment,
    outside: Mapping[str, tuple[str, ...]],
    *,
    at: datetime,
    gone: Collection[str] = (),
    why: str = CHANGED_OUTSIDE,
) -> DriftReport:
    """Open a report about an environment, or add to the one that is open. Returns it.

    `outside` are sentences about changes through CloudFormation, by the key of their stack; `gone`
    are the keys of stacks that were deleted. What the newest report says already is not reported
    again.
    """
    with transaction.atomic():
        Environment.objects.select_for_update().get(pk=environment.pk)
        newest = newest_report(environment)
        known: dict[str, tuple[str, ...]] = {}
        if newest is not None:
            known = {stack.key: stack.outside for stack in DriftContent.from_json(newest.content).stacks}
        stacks = tuple(_begun(stack, outside, gone) for stack in current_stacks(environment))
        says_more = any(set(stack.outside) - set(known.get(stack.key, ())) for stack in stacks)
        if newest is not None and (newest.status in UNFINISHED or (outside and not says_more)):
            if newest.status == DriftStatus.WAITING and says_more:
                _save(newest, DriftContent(why=why, stacks=stacks))
            return newest
        content = DriftContent(why=why, stacks=stacks)
        report = DriftReport.objects.create(
            environment=environment, at=at, status=str(content.status), content=content.as_json()
        )
        bump(environment.pk)
        return report


def newest_report(environment: Environment) -> DriftReport | None:
    """The newest report with the person who accepted it. One query."""
    reports = DriftReport.objects.filter(environment=environment).select_related("accepted_by")
    return reports.order_by("-at", "-id").first()


def current_stacks(environment: Environment) -> Sequence[Stack]:
    """The stacks that count, one for each key, in the order of creation."""
    newest: dict[str, Stack] = {}
    for stack in Stack.objects.filter(environment=environment).exclude(stack_id="").order_by("created_at", "id"):
        newest[stack.role] = stack
    return list(newest.values())


def _begun(stack: Stack, outside: Mapping[str, tuple[str, ...]], gone: Collection[str]) -> StackDrift:
    return StackDrift(
        key=stack.role,
        name=stack.name,
        region=stack.region,
        stack_id=stack.stack_id,
        outside=outside.get(stack.role, ()),
        is_gone=stack.role in gone,
    )


def _save(report: DriftReport, content: DriftContent) -> None:
    report.content, report.status = content.as_json(), str(content.status)
    report.save(update_fields=["content", "status"])
    bump(report.environment_id)
