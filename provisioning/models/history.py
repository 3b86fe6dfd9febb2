"""What happened, for good: every change of state, everything a person did, and what a teardown left."""

from django.db import models

from .environment import Environment
from .operation import Operation
from .team import Team, User


class Transition(models.Model):
    """One row per change of state, written in the same transaction as the change."""

    subject = models.CharField(max_length=12)  # request, operation or environment
    subject_id = models.UUIDField()
    environment = models.ForeignKey(Environment, on_delete=models.CASCADE, related_name="transitions")
    from_state = models.CharField(max_length=20, blank=True)
    to_state = models.CharField(max_length=20)
    reason = models.TextField(blank=True)
    actor = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    at = models.DateTimeField()

    class Meta:
        indexes = [
            models.Index(fields=["subject_id", "at"], name="transition_by_subject"),
            models.Index(fields=["environment", "-at", "-id"], name="transition_by_environment"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.from_state} → {self.to_state}"


class AuditEvent(models.Model):
    """`action` is `noun:verb`, as `request:approve`; written by the service in its own transaction.

    Two of one moment stand in the order of their `id`.
    """

    at = models.DateTimeField()
    actor = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    environment = models.ForeignKey(Environment, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=60)
    detail = models.JSONField(default=dict)

    class Meta:
        indexes = [models.Index(fields=["environment", "-at", "-id"], name="audit_by_environment")]

    def __str__(self) -> str:
        return self.action


class Receipt(models.Model):
    """What a teardown proved. `lines`: each resource with its end; `scan`: what the tag scan found, and when."""

    operation = models.OneToOneField(Operation, on_delete=models.PROTECT, related_name="receipt")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="receipts")
    lines = models.JSONField()
    scan = models.JSONField()
    written_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"receipt {self.environment_id}"
