"""Messages to people and teams: where they go, what they say, and each attempt to deliver them."""

import uuid
from datetime import time

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from .history import AuditEvent
from .secret_text_field import SecretTextField
from .team import Team, User

CHANNEL_TARGET = "notification_channel.target"
"""The purpose with which `NotificationChannel.target` is encrypted."""


class ChannelKind(models.TextChoices):
    MAIL = "mail", "E-mail"
    CHAT = "chat", "Chat or service"


class ChannelTiming(models.TextChoices):
    IMMEDIATELY = "immediately", "Immediately"
    HOURLY = "hourly", "Every hour"
    DAILY = "daily", "Once a day"


class NotificationChannel(models.Model):
    """Where the messages to one person or to one team go.

    `target` is an apprise URL, or the mail address of a team; encrypted. It is empty for a person's
    mail, which goes to the address of their account. `masked` is what pages show instead, and
    `scheme` the service (`slack`). `topics` are values of `provisioning.notify.topics.Topic`.
    `daily_at` is a time of day in `time_zone`. `disabled_at` is set, with `disabled_reason`, when
    the channel failed for so long that the portal stopped using it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.CASCADE, related_name="notification_channels"
    )
    team = models.ForeignKey(
        Team, null=True, blank=True, on_delete=models.CASCADE, related_name="notification_channels"
    )
    kind = models.CharField(max_length=10, choices=ChannelKind)
    name = models.CharField(max_length=80)
    scheme = models.CharField(max_length=30, blank=True)
    target = SecretTextField(blank=True, purpose=CHANNEL_TARGET)
    masked = models.CharField(max_length=300, blank=True)
    topics = ArrayField(models.CharField(max_length=40))
    timing = models.CharField(max_length=12, choices=ChannelTiming, default=ChannelTiming.IMMEDIATELY)
    daily_at = models.TimeField(default=time(9))
    time_zone = models.CharField(max_length=60, default="UTC")
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(user__isnull=False, team__isnull=True) | Q(user__isnull=True, team__isnull=False),
                name="channel_of_person_or_team",
            ),
            models.UniqueConstraint(
                fields=["user"], condition=Q(kind=ChannelKind.MAIL, team__isnull=True), name="channel_mail_once"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class DeliveryState(models.TextChoices):
    """`SENDING` is set before the message is sent. If its worker ends there, nobody knows whether
    the message arrived: a mail or chat message becomes `UNKNOWN` and is not sent again, while a
    webhook's delivery returns to `PENDING`, because its receiver recognises the repeated id.
    """

    PENDING = "pending", "Waiting"
    SENDING = "sending", "Sending"
    DELIVERED = "delivered", "Delivered"
    FAILED = "failed", "Not delivered"
    UNKNOWN = "unknown", "Perhaps delivered"
    SKIPPED = "skipped", "Not sent"


OPEN_DELIVERIES = (DeliveryState.PENDING, DeliveryState.SENDING)


class NotificationDelivery(models.Model):
    """One message to send through one channel. It gathers one or several `NotificationMessage`s.

    `gathers` names what it is about, such as a request; messages about the same join it until its
    first attempt. `lease_until` and `holder` belong to the worker that is sending it.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    channel = models.ForeignKey(NotificationChannel, on_delete=models.CASCADE, related_name="deliveries")
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.PENDING)
    gathers = models.CharField(max_length=80)
    subject = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.IntegerField(default=0)
    holder = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    last_error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "gathers"],
                condition=Q(state=DeliveryState.PENDING, attempts=0),
                name="delivery_gathers_once",
            )
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="pending"), name="delivery_due"),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="delivery_lease"),
            models.Index(fields=["channel", "-created_at", "-id"], name="delivery_by_channel"),
            models.Index(
                fields=["-created_at", "-id"], condition=Q(state__in=["failed", "unknown"]), name="delivery_failed"
            ),
            models.Index(fields=["finished_at"], name="delivery_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.state}"


class NotificationMessage(models.Model):
    """What one audit event says to the holder of one channel. `path` is the page that it links to,
    and `event` is empty for a test message.
    """

    delivery = models.ForeignKey(NotificationDelivery, on_delete=models.CASCADE, related_name="messages")
    channel = models.ForeignKey(NotificationChannel, on_delete=models.CASCADE, related_name="messages")
    event = models.ForeignKey(AuditEvent, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    topic = models.CharField(max_length=40)
    subject = models.CharField(max_length=200)
    text = models.TextField()
    path = models.CharField(max_length=300)
    at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["event", "channel"], name="message_once")]

    def __str__(self) -> str:
        return self.subject


class AuditCursor(models.Model):
    """How far a reader of the audit log has come. It moves in the transaction of what it wrote."""

    name = models.CharField(max_length=40, primary_key=True)
    position = models.BigIntegerField()

    def __str__(self) -> str:
        return f"{self.name} {self.position}"
