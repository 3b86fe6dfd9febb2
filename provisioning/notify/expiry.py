"""Says once of each pending request that it expires soon."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import Exists, F, OuterRef, QuerySet, TextField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast

from provisioning.lifecycle import clock
from provisioning.lifecycle.audit import AuditAction, audit
from provisioning.lifecycle.states import RequestState
from provisioning.models import AuditEvent, Environment, Request

SOON: Final = timedelta(days=1)
BATCH: Final = 100


def note_expiring(*, limit: int = BATCH) -> int:
    """Write an event for each pending request that expires within a day and has none. Returns how
    many if there may be more, and otherwise 0. A request that is pending for less than a day in all
    gets none.
    """
    noted = 0
    for pk, environment_id in list(_expiring().order_by("expires_at").values_list("pk", "environment_id")[:limit]):
        with transaction.atomic():
            environment = Environment.objects.select_for_update().get(pk=environment_id)
            if _expiring().filter(pk=pk).exists():
                action = AuditAction.REQUEST_EXPIRES_SOON
                audit(action, actor=None, environment=environment, at=clock.now(), request=str(pk))
                noted += 1
    return 0 if noted < limit else noted


def _expiring() -> QuerySet[Request]:
    """The requests without an event of this deadline. A change that was planned again has a new one."""
    at = clock.now()
    noted = AuditEvent.objects.annotate(about=KT("detail__request")).filter(
        environment=OuterRef("environment"),
        action=str(AuditAction.REQUEST_EXPIRES_SOON),
        about=Cast(OuterRef("pk"), TextField()),
        at__gte=OuterRef("expires_at") - SOON,
    )
    rows = Request.objects.filter(state=RequestState.WAITING, expires_at__gt=at, expires_at__lte=at + SOON)
    return rows.filter(~Exists(noted), requested_at__lt=F("expires_at") - SOON)
