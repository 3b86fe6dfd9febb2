"""Says once of each pending request that it expires soon."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction

from provisioning.lifecycle import clock
from provisioning.lifecycle.audit import AuditAction, audit
from provisioning.lifecycle.states import RequestState
from provisioning.models import AuditEvent, Request

SOON: Final = timedelta(days=1)
BATCH: Final = 100


def note_expiring(*, limit: int = BATCH) -> int:
    """Write an event for each pending request that expires within a day and has none. Returns how
    many. A request that is pending for less than a day in all gets none.
    """
    at = clock.now()
    rows = Request.objects.filter(state=RequestState.WAITING, expires_at__gt=at, expires_at__lte=at + SOON)
    noted = 0
    for pk, requested_at, expires_at in rows.order_by("expires_at").values_list("pk", "requested_at", "expires_at")[
        :limit
    ]:
        if expires_at is None or expires_at - requested_at <= SOON:
            continue
        with transaction.atomic():
            request = Request.objects.select_for_update(of=("self",)).select_related("environment").get(pk=pk)
            action = AuditAction.REQUEST_EXPIRES_SOON
            earlier = AuditEvent.objects.filter(
                environment=request.environment, action=str(action), detail__request=str(pk), at__gte=expires_at - SOON
            )
            if request.state == RequestState.WAITING and not earlier.exists():
                audit(action, actor=None, environment=request.environment, at=at, request=str(pk))
                noted += 1
    return 0 if noted < limit else noted
