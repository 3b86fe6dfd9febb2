"""Deletes what was delivered long ago. The audit log keeps the events themselves."""

from __future__ import annotations

from datetime import timedelta
from typing import Final

from provisioning.lifecycle import clock
from provisioning.models import NotificationDelivery, WebhookDelivery

KEPT: Final = timedelta(days=90)
BATCH: Final = 1_000


def forget_deliveries() -> int:
    """Delete finished deliveries, with their messages and attempts, a batch of each. Returns how many
    deliveries are gone, so that the task goes on at once while there are more.
    """
    before = clock.now() - KEPT
    gone = 0
    for table in (NotificationDelivery, WebhookDelivery):
        old = table.objects.filter(finished_at__lt=before).order_by("finished_at").values_list("pk", flat=True)[:BATCH]
        keys = list(old)
        table.objects.filter(pk__in=keys).delete()
        gone += len(keys)
    return gone
