"""Which environments are in flight: their stacks are neither compared nor called orphans."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db.models import Q

from provisioning.models import Operation

LATE_CALL: Final = timedelta(minutes=5, seconds=13)
"""AWS refuses a signature that is older than five minutes, so no call takes effect later than this."""


def in_flight(environment_ids: Iterable[UUID], *, at: datetime) -> set[UUID]:
    """The environments with an open operation, or with a call that may still take effect."""
    unanswered = Q(call_ended_at=None, call_deadline__gt=at - LATE_CALL) | Q(calls_open_until__gt=at - LATE_CALL)
    operations = Operation.objects.filter(Q(ended_at=None) | unanswered, environment__in=list(environment_ids))
    return set(operations.values_list("environment_id", flat=True))
