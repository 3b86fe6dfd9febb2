"""Writes a delivery for each webhook that wants an event."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from provisioning.models import AuditEvent, Webhook, WebhookDelivery
from provisioning.notify.schedule import WEBHOOK_AGE
from provisioning.notify.webhooks.payload import body_of, event_type


def add_webhook_deliveries(events: Sequence[AuditEvent], *, at: datetime) -> None:
    """Call it in the transaction of the cursor. A team's webhooks receive what belongs to the team,
    and those of the portal receive everything. Two statements.
    """
    hooks = list(Webhook.objects.filter(disabled_at=None).only("id", "team_id", "events"))
    if not hooks:
        return
    deliveries = []
    for event in events:
        kind = event_type(event.action)
        wanting = [
            hook for hook in hooks if hook.team_id in (None, event.team_id) and (not hook.events or kind in hook.events)
        ]
        if not wanting:
            continue
        body = body_of(event)
        deliveries += [
            WebhookDelivery(
                webhook=hook, event=event, type=kind, body=body, created_at=at, due_at=at, expires_at=at + WEBHOOK_AGE
            )
            for hook in wanting
        ]
    WebhookDelivery.objects.bulk_create(deliveries, ignore_conflicts=True)
