"""Signed webhooks: which events go to which address, and each attempt to deliver one."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from .history import AuditEvent
from .notification import DeliveryState
from .secret_text_field import SecretTextField
from .team import Team, User

WEBHOOK_URL = "webhook.url"
WEBHOOK_SECRET = "webhook.secret"  # noqa: S105 - the purpose of a ciphertext, no secret


class Webhook(models.Model):
    """Without a `team`, it receives the events of all teams and of the portal itself.

    `events` are the types that it receives (`request.create`); empty for all. `masked` is what
    pages show of `url`, which may hold a token. While `previous_until` lies ahead, each body is
    signed with the previous secret as well.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.CASCADE, related_name="webhooks")
    name = models.CharField(max_length=80)
    url = SecretTextField(purpose=WEBHOOK_URL)
    masked = models.CharField(max_length=300)
    events = ArrayField(models.CharField(max_length=60), default=list, blank=True)
    secret = SecretTextField(purpose=WEBHOOK_SECRET)
    previous_secret = SecretTextField(blank=True, purpose=WEBHOOK_SECRET)
    previous_until = models.DateTimeField(null=True, blank=True)
    created_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.SET_NULL, related_name="+")
    created_at = models.DateTimeField()
    delivered_at = models.DateTimeField(null=True, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)
    disabled_at = models.DateTimeField(null=True, blank=True)
    disabled_reason = models.CharField(max_length=500, blank=True)

    def __str__(self) -> str:
        return self.name


class WebhookDelivery(models.Model):
    """One event for one webhook. `id` is the header `webhook-id`, the same in each attempt.

    `body` is sent as it is stored, so that each attempt has the same bytes. `event` is empty for a
    test.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    webhook = models.ForeignKey(Webhook, on_delete=models.CASCADE, related_name="deliveries")
    event = models.ForeignKey(AuditEvent, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    type = models.CharField(max_length=60)
    body = models.TextField()
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.PENDING)
    created_at = models.DateTimeField()
    due_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    attempts = models.IntegerField(default=0)
    holder = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["webhook", "event"], name="webhook_delivery_once")]
        indexes = [
            models.Index(fields=["due_at"], condition=Q(state="pending"), name="webhook_delivery_due"),
            models.Index(fields=["lease_until"], condition=Q(state="sending"), name="webhook_delivery_lease"),
            models.Index(fields=["webhook", "-created_at", "-id"], name="webhook_delivery_by_hook"),
            models.Index(fields=["finished_at"], name="webhook_delivery_finished"),
        ]

    def __str__(self) -> str:
        return f"{self.type} {self.state}"


class WebhookAttempt(models.Model):
    """One attempt. The answer's body is never stored: it is somebody else's text, and it may repeat
    the request with its secrets.
    """

    delivery = models.ForeignKey(WebhookDelivery, on_delete=models.CASCADE, related_name="attempt_rows")
    number = models.IntegerField()
    at = models.DateTimeField()
    duration_ms = models.IntegerField(null=True, blank=True)
    status_code = models.IntegerField(null=True, blank=True)
    error = models.CharField(max_length=500, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["delivery", "number"], name="webhook_attempt_once")]

    def __str__(self) -> str:
        return f"{self.number}: {self.status_code or self.error}"
