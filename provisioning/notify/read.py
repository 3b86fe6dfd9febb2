"""What pages and the API show of channels, webhooks and deliveries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q
from django.db.models.functions import JSONObject

from provisioning.models import (
    ChannelKind,
    DeliveryState,
    NotificationChannel,
    NotificationDelivery,
    Team,
    User,
    WebhookAttempt,
    WebhookDelivery,
)
from provisioning.notify.topics import FOR_PEOPLE

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
    rows = NotificationChannel.objects.filter(mine).select_related("user", "team")
    return sorted(rows, key=lambda row: (row.kind != "mail", row.name.lower()))


def own_mail_of(user: User) -> NotificationChannel:
    """The person's own mail channel, which is there from the start: before its first message as
    `fan_out.mail_channel_of` will store it. Writes nothing. One query.
    """
    stored = NotificationChannel.objects.filter(user=user, kind=ChannelKind.MAIL).select_related("user", "team").first()
    return stored or NotificationChannel(
        user=user, kind=ChannelKind.MAIL, name="E-mail", topics=[str(topic) for topic in FOR_PEOPLE]
    )


def delivery_lines(
    channels: Sequence[NotificationChannel], *, condition: Q | None = None, limit: int = SHOWN
) -> list[DeliveryLine]:
    """The latest deliveries through these channels, the newest first. One query."""
    return _lines((condition or Q()) & Q(channel__in=[channel.pk for channel in channels]), limit=limit)


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
class WebhookAttemptLine:
    number: int
    at: datetime
    duration_ms: int | None
    status_code: int | None
    error: str

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        return cls(**{**stored, "at": datetime.fromisoformat(stored["at"])})


@dataclass(frozen=True, slots=True)
class WebhookDeliveryLine:
    id: UUID
    type: str
    state: DeliveryState
    created_at: datetime
    due_at: datetime
    attempts: tuple[WebhookAttemptLine, ...]

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
    """The deliveries of a webhook with their attempts, the newest first. One query."""
    attempt = {name: name for name in WebhookAttemptLine.__dataclass_fields__}
    attempts = (
        WebhookAttempt.objects.filter(delivery=OuterRef("pk")).order_by("number").values(json=JSONObject(**attempt))
    )
    rows = WebhookDelivery.objects.filter(condition, webhook=webhook_id).annotate(lines=ArraySubquery(attempts))
    columns = ("id", "type", "state", "created_at", "due_at", "lines")
    return [
        WebhookDeliveryLine(key, kind, DeliveryState(state), created, due, tuple(map(WebhookAttemptLine.of, lines)))
        for key, kind, state, created, due, lines in rows.order_by("-created_at", "-id").values_list(*columns)[:limit]
    ]
