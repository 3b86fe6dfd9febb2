"""What the nightly scans see: drift of environments, and stacks or resources that no ledger contains."""

import uuid

from django.db import models
from django.db.models import Q

from .account import Account
from .environment import Environment


class DriftReport(models.Model):
    """One look at an environment's drift. `content` is the JSON of the drift report's document.

    `accepted_at` is set when somebody accepted exactly this drift.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="drift_reports")
    at = models.DateTimeField()
    status = models.CharField(max_length=20)
    content = models.JSONField(default=dict)
    accepted_by = models.ForeignKey("User", null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    accepted_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["environment", "-at"], name="drift_by_environment")]

    def __str__(self) -> str:
        return f"{self.environment_id} {self.status}"


class Orphan(models.Model):
    """A stack or a resource with the portal's tags that no ledger contains, or that outlived its
    environment.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="orphans")
    region = models.CharField(max_length=25)
    arn = models.CharField(max_length=1024)
    environment_id_tag = models.CharField(max_length=64, blank=True)
    team_tag = models.CharField(max_length=64, blank=True)
    reason = models.TextField()
    status = models.CharField(max_length=50, blank=True)
    found_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "region", "arn"], name="orphan_once")]
        indexes = [models.Index(fields=["-found_at", "arn"], condition=Q(ended_at__isnull=True), name="orphan_open")]

    def __str__(self) -> str:
        return self.arn
