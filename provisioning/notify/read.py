"""What pages and the API show of channels, webhooks and deliveries."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from provisioning.models import (
    DeliveryState,
    NotificationChannel,
    NotificationDelivery,
    Team,
    User,
    WebhookAttempt,
    WebhookDelivery,
)

SHOWN = 25

TONES = {
    DeliveryState.PENDING: "idle",
    DeliveryState.SENDING: "busy",
    DeliveryState.DELIVERED: "ok",
    DeliveryState.FAILED: "bad",
    DeliveryState.UNKNOWN: "note",
    DeliveryState.SKIPPED: "idle",
}


@dataclass(frozen=True, slots=True)
class DeliveryLine:
    """`owner` is the person or the team whose channel it is."""

    id: UUID
    at: datetime
    due_at: datetime
    subject: str
    state: DeliveryState
    attempts: int
    reason: str
    channel: str
    owner: str

    @property
    def tone(self) -> str:
        return TONES[self.state]

    @property
    def is_retried(self) -> bool:
        return self.state == DeliveryState.PENDING and self.attempts > 0


def channels_of(owner: User | Team) -> list[NotificationChannel]:
    """Mail first, then by name. One query."""
    mine = Q(user=owner) if isinstance(owner, User) else Q(team=owner)
    return sorted(NotificationChannel.objects.filter(mine), key=lambda row: (row.kind != "mail", row.name.lower()))


def delivery_lines(channels: Sequence[NotificationChannel]) -> list[DeliveryLine]:
    """The latest deliveries through these channels, the newest first. One query."""
    return _lines(Q(channel__in=channels), limit=SHOWN)


def failed_deliveries(*, before: tuple[datetime, UUID] | None, limit: int) -> list[DeliveryLine]:
    """Messages of anybody that were not, or perhaps not, delivered. Their subjects are left out:
    they are other people's mail.
    """
    condition = Q(state__in=["failed", "unknown"])
    if before is not None:
        at, key = before
        condition &= Q(created_at__lt=at) | Q(created_at=at, id__lt=key)
    return _lines(condition, limit=limit)


def _lines(condition: Q, *, limit: int) -> list[DeliveryLine]:
    columns = (
        "id", "created_at", "due_at", "subject", "state", "attempts", "last_error", "channel__name",
        "channel__user__username", "channel__team__name",
    )  # fmt: skip
    rows = NotificationDelivery.objects.filter(condition).order_by("-created_at", "-id").values_list(*columns)[:limit]
    return [
        DeliveryLine(key, at, due, subject, DeliveryState(state), attempts, error, channel, user or team or "")
        for key, at, due, subject, state, attempts, error, channel, user, team in rows
    ]


@dataclass(frozen=True, slots=True)
class WebhookDeliveryLine:
    id: UUID
    type: str
    state: DeliveryState
    created_at: datetime
    due_at: datetime
    attempts: tuple[WebhookAttempt, ...]

    @property
    def tone(self) -> str:
        return TONES[self.state]

    @property
    def can_be_sent_again(self) -> bool:
        return self.state in (DeliveryState.DELIVERED, DeliveryState.FAILED)

    @property
    def is_retried(self) -> bool:
        return self.state == DeliveryState.PENDING and bool(self.attempts)


def webhook_delivery_lines(webhook_id: UUID, *, condition: Q, limit: int) -> list[WebhookDeliveryLine]:
    """The deliveries of a webhook with their attempts, the newest first. Two queries."""
    rows = WebhookDelivery.objects.filter(condition, webhook=webhook_id).defer("body")
    lines = list(rows.order_by("-created_at", "-id")[:limit])
    attempts: dict[UUID, list[WebhookAttempt]] = {}
    for attempt in WebhookAttempt.objects.filter(delivery__in=lines).order_by("number"):
        attempts.setdefault(attempt.delivery_id, []).append(attempt)
    return [
        WebhookDeliveryLine(
            row.pk, row.type, DeliveryState(row.state), row.created_at, row.due_at, tuple(attempts.get(row.pk, ()))
        )
        for row in lines
    ]
