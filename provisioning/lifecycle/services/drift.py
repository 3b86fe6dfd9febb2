"""Request a drift detection, and accept the drift that it found. Reverting it is a request of its
own (`put_back.py`).
"""

from __future__ import annotations

from uuid import UUID

from django.db import transaction

from provisioning.errors import NotFound, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may_operate
from provisioning.lifecycle.audit import AuditAction, audit
from provisioning.lifecycle.drift.nominations import current_stacks, newest_report, nominate
from provisioning.lifecycle.drift.report_document import DriftContent, DriftStatus
from provisioning.lifecycle.fingerprint import Fingerprint, difference, fingerprint_in
from provisioning.lifecycle.services.recording import lock
from provisioning.lifecycle.states import EnvironmentState
from provisioning.lifecycle.transitions import bump
from provisioning.models import DriftReport, Environment, Stack, User


def check_drift(*, actor: User, environment: Environment) -> DriftReport:
    """Request a drift detection. One that is in progress already serves as well.

    Raises NotAllowed, and WrongState unless the environment is running.
    """
    check_may_operate(actor, environment.team)
    if environment.state != EnvironmentState.RUNNING:
        label = EnvironmentState(environment.state).label.lower()
        raise WrongState(f"Drift can be checked while the environment is running. It is “{label}”.")
    at = clock.now()
    with transaction.atomic():
        report = nominate(environment, {}, at=at, why=f"{actor.get_username()} requested this check.")
        audit(AuditAction.DRIFT_CHECK, actor=actor, environment=environment, at=at, report=str(report.pk))
    return report


def accept_drift(*, actor: User, environment: Environment, report_id: UUID) -> DriftReport:
    """Accept exactly the drift that a report shows: from now on the environment is as it should be.

    What was changed through CloudFormation becomes part of the stacks' fingerprints; what was
    changed at services is not reported again, as long as it has the same values. Nothing is changed
    in AWS.

    Raises NotAllowed, NotFound, and WrongState if there is a newer report, if this one has no
    result, or if a stack was changed again since.
    """
    check_may_operate(actor, environment.team)
    at = clock.now()
    with transaction.atomic():
        lock(environment)
        newest = newest_report(environment)
        if newest is None or not DriftReport.objects.filter(pk=report_id, environment=environment).exists():
            raise NotFound("There is no such drift report.")
        if newest.pk != report_id:
            raise WrongState("There is a newer drift report. Read that one before you accept anything.")
        if newest.accepted_at is not None:
            return newest
        if newest.status != DriftStatus.DRIFTED:
            label = DriftStatus(newest.status).label.lower()
            raise WrongState(f"There is no drift to accept: the report says “{label}”.")
        _accept_stacks(environment, DriftContent.from_json(newest.content))
        newest.accepted_by, newest.accepted_at = actor, at
        newest.save(update_fields=["accepted_by", "accepted_at"])
        audit(AuditAction.DRIFT_ACCEPT, actor=actor, environment=environment, at=at, report=str(newest.pk))
        bump(environment.pk)
    return newest


def _accept_stacks(environment: Environment, content: DriftContent) -> None:
    """Store the cheap fingerprints that the report is about; the next baseline completes them, and
    reports what has changed in the meantime.
    """
    rows = {stack.role: stack for stack in current_stacks(environment)}
    for stack in content.stacks:
        row = rows.get(stack.key)
        seen = fingerprint_in(row.details) if row is not None else None
        if row is None or seen is None or row.stack_id != stack.stack_id:
            raise WrongState(f"The stack {stack.name} is another one than in the report. Check for drift again.")
        if stack.outside and difference(Fingerprint.from_json(row.fingerprint), seen) != stack.outside:
            raise WrongState(f"The stack {stack.name} has changed again since the report. Check for drift again.")
        Stack.objects.filter(pk=row.pk).update(fingerprint=seen.as_json(), fingerprint_at=None)
