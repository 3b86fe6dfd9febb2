"""The drift that people have accepted, which is not reported again."""

from __future__ import annotations

from uuid import UUID

from provisioning.lifecycle.drift.report_document import DriftContent
from provisioning.lifecycle.states import OperationState
from provisioning.models import DriftReport, Operation, RequestKind


def accepted_hashes(environment_id: UUID) -> dict[str, str]:
    """Hashes of the accepted values by "logical id path", the newest for each.

    What was accepted before the environment was last put back as designed no longer counts.
    """
    put_back = Operation.objects.filter(
        environment=environment_id, kind=RequestKind.PUT_BACK, state=OperationState.SUCCEEDED
    )
    since = put_back.order_by("-ended_at").values_list("ended_at", flat=True).first()
    reports = DriftReport.objects.filter(environment=environment_id, accepted_at__isnull=False)
    if since is not None:
        reports = reports.filter(accepted_at__gt=since)
    accepted: dict[str, str] = {}
    for report in reports.order_by("accepted_at", "id"):
        for resource in DriftContent.from_json(report.content).resources:
            accepted |= resource.hashes
    return accepted
