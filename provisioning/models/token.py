"""Tokens of the REST API, and the answers that are kept for repeated calls."""

import uuid

from django.contrib.postgres.fields import ArrayField
from django.db import models

from .team import Team, User


class ApiToken(models.Model):
    """A credential of the API. Only the SHA-256 of its text is stored; `hint` is the end of the text,
    by which people recognise it.

    A personal token acts as its owner. A token with a `team` is a service token: its owner is a
    user of its own with `is_service`, who is a member of that team only.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    owner = models.ForeignKey(User, on_delete=models.PROTECT, related_name="api_tokens")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="service_tokens")
    name = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)
    hint = models.CharField(max_length=8)
    scopes = ArrayField(models.CharField(max_length=16))
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")

    class Meta:
        indexes = [
            models.Index(fields=["owner", "-created_at"], name="token_by_owner"),
            models.Index(fields=["team", "-created_at"], name="token_by_team"),
        ]

    def __str__(self) -> str:
        return self.name


class ApiCall(models.Model):
    """A call with an Idempotency-Key. `answer` is the body that a repeated call gets; it is empty and
    `status` is 0 while the first call is in progress.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64)
    status = models.PositiveSmallIntegerField(default=0)
    content_type = models.CharField(max_length=80, blank=True)
    location = models.CharField(max_length=300, blank=True)
    answer = models.BinaryField(default=b"")
    began_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="api_call_once")]
        indexes = [models.Index(fields=["began_at"], name="api_call_by_time")]

    def __str__(self) -> str:
        return self.key
