"""Carries out drift detections: starts them, waits for them, reads them. Nothing waits inside.

A detection changes nothing in the account, but it reads every resource at its own service. So at
most `AT_A_TIME` run in one account and region.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final, TypeAlias
from uuid import UUID

from django.db import transaction
from django.db.models import Max, Q

from provisioning.aws import AwsError, NotFound, interface
from provisioning.aws.errors import Busy
from provisioning.aws.permits import OperationsPermit, using_permit
from provisioning.lifecycle import clock
from provisioning.lifecycle.audit import AuditAction, audit
from provisioning.lifecycle.drift.accepted import accepted_hashes
from provisioning.lifecycle.drift.nominations import nominate
from provisioning.lifecycle.drift.report_document import UNFINISHED, DriftContent, DriftStatus, StackDrift
from provisioning.lifecycle.drift.results import with_results
from provisioning.lifecycle.engine import AwsFor
from provisioning.lifecycle.fingerprint import Fingerprint, cheap_fingerprint, difference, status_class
from provisioning.lifecycle.poller.sights import record_description
from provisioning.lifecycle.states import NO_LONGER_THERE, EnvironmentState
from provisioning.lifecycle.transitions import bump
from provisioning.models import DriftReport, Environment, Operation, Stack, StackResource

log = logging.getLogger(__name__)

_DIFFERS: Final = (DriftStatus.DRIFTED, DriftStatus.GONE)

AT_A_TIME: Final = 2
LASTS_AT_MOST: Final = timedelta(minutes=30)
CHECK_PROD_EVERY: Final = timedelta(days=1)
CHECK_EVERY: Final = timedelta(days=7)
REGULAR: Final = "This is the regular check."

Place: TypeAlias = tuple[UUID, str]


def advance_detections(aws_for: AwsFor) -> int:
    """Read what has finished and start what may start. Returns how many stacks moved on."""
    reports = list(
        DriftReport.objects.filter(status__in=UNFINISHED).select_related("environment__account").order_by("at", "id")
    )
    contents = {report.pk: DriftContent.from_json(report.content) for report in reports}
    running: Counter[Place] = Counter(
        (report.environment.account_id, stack.region)
        for report in reports
        for stack in contents[report.pk].stacks
        if stack.detection_id and not stack.is_done
    )
    return sum(_advance(report, contents[report.pk], aws_for, running) for report in reports)


def nominate_overdue(*, limit: int = 20) -> int:
    """Nominate running environments that were not checked for long. Returns how many."""
    at = clock.now()
    rows = Environment.objects.filter(state=EnvironmentState.RUNNING, stacks__fingerprint_at__isnull=False)
    rows = rows.annotate(checked_at=Max("drift_reports__at"), known_at=Max("stacks__fingerprint_at"))
    is_prod = Q(size="prod")
    overdue = (
        Q(checked_at=None, known_at__lt=at - CHECK_EVERY)
        | Q(checked_at__lt=at - CHECK_EVERY)
        | (is_prod & (Q(checked_at=None, known_at__lt=at - CHECK_PROD_EVERY) | Q(checked_at__lt=at - CHECK_PROD_EVERY)))
    )
    environments = list(rows.filter(overdue).order_by("checked_at", "id")[:limit])
    for environment in environments:
        nominate(environment, {}, at=at, why=REGULAR)
    return len(environments)


def _advance(report: DriftReport, content: DriftContent, aws_for: AwsFor, running: Counter[Place]) -> int:
    """One step of each stack of a report, and its new content."""
    environment, moved = report.environment, 0
    is_at_rest = (
        environment.state == EnvironmentState.RUNNING
        and not Operation.objects.filter(environment=environment, ended_at=None).exists()
    )
    stacks: list[StackDrift] = []
    for stack in content.stacks:
        place = (environment.account_id, stack.region)
        if stack.is_done or (not stack.detection_id and is_at_rest and running[place] >= AT_A_TIME):
            stacks.append(stack)
            continue
        aws = aws_for(environment.account, stack.region)
        after = _step(report, stack, aws, is_at_rest=is_at_rest)
        running[place] += bool(after.detection_id and not after.is_done) - bool(stack.detection_id)
        moved += after != stack
        stacks.append(after)
    if moved:
        _write(report, content, replace(content, stacks=tuple(stacks)))
    return moved


def _step(report: DriftReport, stack: StackDrift, aws: interface.Aws, *, is_at_rest: bool) -> StackDrift:
    if not is_at_rest:
        has_ended = report.environment.state in NO_LONGER_THERE
        waits = not stack.detection_id and not has_ended
        return stack if waits else replace(stack, failure="The environment was being changed at the time.")
    try:
        return _read(report, stack, aws) if stack.detection_id else _start(stack, aws)
    except Busy:
        return stack  # another detection of the stack is running; ours starts after it
    except NotFound:
        return replace(stack, is_gone=True)
    except AwsError as error:
        if error.retryable:
            log.warning("The drift detection of %s goes on later: %s", stack.name, error)
            return stack
        return replace(stack, failure=f"AWS refused the drift detection. {error.advice}".strip())


def _start(stack: StackDrift, aws: interface.Aws) -> StackDrift:
    """Compare the fingerprint, then start a detection."""
    at = clock.now()
    state = aws.describe_stack(stack.stack_id)
    if state is None or state.status == "DELETE_COMPLETE":
        return replace(stack, is_gone=True)
    if status_class(state.status) == "in progress":
        return replace(stack, failure="Somebody is changing the stack outside the portal.")
    record_description(state, at=at)
    row = Stack.objects.filter(stack_id=stack.stack_id).order_by("created_at").last()
    outside = stack.outside
    if row is not None and row.fingerprint:
        outside = difference(Fingerprint.from_json(row.fingerprint), cheap_fingerprint(state))
    with using_permit(OperationsPermit({"DetectStackDrift"})):  # it reads resources, and changes none
        detection_id = aws.detect_drift(stack.stack_id)
    return replace(stack, outside=outside, detection_id=detection_id, started_at=at.isoformat())


def _read(report: DriftReport, stack: StackDrift, aws: interface.Aws) -> StackDrift:
    detection = aws.drift_detection(stack.detection_id)
    if detection.status == "DETECTION_IN_PROGRESS":
        if clock.now() - datetime.fromisoformat(stack.started_at) > LASTS_AT_MOST:
            return replace(stack, failure="The drift detection did not end within 30 minutes.")
        return stack
    ledger = StackResource.objects.filter(stack__stack_id=stack.stack_id, end="").exclude(physical_id="")
    checked = with_results(
        stack,
        aws.resource_drifts(stack.stack_id),
        list(ledger.exclude(status="DELETE_COMPLETE").order_by("id")),
        accepted_hashes(report.environment_id),
    )
    if detection.status == "DETECTION_COMPLETE":
        return checked
    # A failed detection has results for the resources that could be read.
    return replace(checked, failure=detection.reason or "The drift detection failed.")


def _write(report: DriftReport, before: DriftContent, after: DriftContent) -> None:
    """Write the new content, unless another worker was faster."""
    rows = DriftReport.objects.filter(pk=report.pk, status=report.status, content=before.as_json())
    with transaction.atomic():
        is_written = bool(rows.update(content=after.as_json(), status=str(after.status)))
        if is_written and after.status in _DIFFERS and not _was_drifted(report):
            at, found = clock.now(), AuditAction.DRIFT_FIND
            audit(found, actor=None, environment=report.environment, at=at, report=str(report.pk))
    if is_written:
        bump(report.environment_id)
        if after.status is DriftStatus.NOT_CHECKED:
            log.info("The drift of environment %s could not be checked.", report.environment_id)


def _was_drifted(report: DriftReport) -> bool:
    """Whether the environment was drifted at the check before: then nobody needs to hear of it again."""
    earlier = DriftReport.objects.filter(environment=report.environment_id, at__lt=report.at).exclude(pk=report.pk)
    known = earlier.filter(status__in=(*_DIFFERS, DriftStatus.IN_SYNC))
    return known.order_by("-at").values_list("status", flat=True).first() in _DIFFERS
