"""A wish and its plan: what people decide on, and exactly what will run."""

import uuid

from django.db import models

from .environment import Environment
from .team import User


class Plan(models.Model):
    """What is shown, decided on and run. `digest` covers everything that is sent to AWS; a plan never changes.

    `diagram`, `proof` and `timeline` are read off the same design, as `DiagramContent.as_json`, `Proof.as_json` and
    `Timeline.as_json` give them; a teardown's plan has none of them. `picture` is the SVG that earlier versions stored
    in place of `diagram`. It is only read.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="plans")
    digest = models.CharField(max_length=64)
    content = models.JSONField()
    picture = models.TextField(blank=True)
    # The database has the default as well, so that a process of an earlier version can still insert rows.
    diagram = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    proof = models.JSONField(default=dict)
    timeline = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"plan {self.digest[:12]}"


class RequestKind(models.TextChoices):
    CREATE = "create"
    TEARDOWN = "teardown"


class Request(models.Model):
    """`approved_digest` is what was approved; the operation refuses to run anything else."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    kind = models.CharField(max_length=10, choices=RequestKind)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="requests")
    plan = models.ForeignKey(Plan, on_delete=models.PROTECT, related_name="requests")
    state = models.CharField(max_length=20)
    state_changed_at = models.DateTimeField()
    requested_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    requested_at = models.DateTimeField()
    note = models.TextField(blank=True)
    decided_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    decided_at = models.DateTimeField(null=True, blank=True)
    decision_note = models.TextField(blank=True)
    approved_digest = models.CharField(max_length=64, blank=True)
    expires_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["state", "-requested_at", "-id"], name="request_by_state")]

    def __str__(self) -> str:
        return f"{self.kind} {self.environment}"
