"""What an operation that has changed stacks means for what is known about them."""

from __future__ import annotations

from datetime import datetime

from provisioning.lifecycle.drift.nominations import newest_report, nominate
from provisioning.lifecycle.drift.report_document import DriftStatus
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.states import OperationState
from provisioning.models import Operation, Stack, Transition

CHECKED_AGAIN = "The environment was changed since its drift was found."
_CHANGING = (OperationState.EXECUTING, OperationState.RECOVERING)


def outdate_drift(operation: Operation, *, at: datetime) -> None:
    """Let the fingerprints be taken again after an operation that has changed stacks, and let drift
    that was found before be checked again.

    An operation that ended before it changed anything outdates nothing: a change outside the portal
    that it met must still be noticed. Call it in the transaction that ends the operation.
    """
    if not kind_of(operation.kind).changes_stacks or not _has_changed(operation):
        return
    Stack.objects.filter(environment=operation.environment_id).update(fingerprint={}, fingerprint_at=None)
    report = newest_report(operation.environment)
    if report is not None and report.status in (DriftStatus.DRIFTED, DriftStatus.GONE) and report.accepted_at is None:
        nominate(operation.environment, {}, at=at, why=CHECKED_AGAIN)


def _has_changed(operation: Operation) -> bool:
    return Transition.objects.filter(subject_id=operation.pk, to_state__in=_CHANGING).exists()
