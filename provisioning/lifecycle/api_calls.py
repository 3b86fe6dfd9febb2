"""How long the answers to calls with an Idempotency-Key are kept."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from provisioning.lifecycle import clock
from provisioning.models import ApiCall

KEPT_FOR: Final = timedelta(hours=24)
BATCH: Final = 1_000


def forget_calls() -> int:
    """Delete a batch of the calls that are older than `KEPT_FOR`. Returns how many are gone, so that the
    task goes on at once while there are more.
    """
    old = ApiCall.objects.filter(began_at__lte=clock.now() - KEPT_FOR).order_by("began_at")
    return ApiCall.objects.filter(pk__in=list(old.values_list("pk", flat=True)[:BATCH])).delete()[0]
