"""One attempt to carry out a plan."""

import uuid

from django.db import models
from django.db.models import Q

from .environment import Environment
from .request import Request, RequestKind


class Operation(models.Model):
    """`stack` and `region` are the key and the region of the stack that the operation is at.

    `token` is the prefix of the client tokens of AWS calls. `fence` grows with each claim, so that
    the write of an earlier claim is refused. `step_data` is the JSON of
    `provisioning.lifecycle.step_data.StepData`. Its column is named `memory`, as workers of earlier
    versions know it. `cause` and `next_action` are for people.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="operations")
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="operations")
    kind = models.CharField(max_length=10, choices=RequestKind)
    state = models.CharField(max_length=20)
    state_changed_at = models.DateTimeField()
    stack = models.CharField(max_length=40)
    region = models.CharField(max_length=25)
    token = models.CharField(max_length=128)
    fence = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.IntegerField(default=0)
    step_data = models.JSONField(default=dict, db_column="memory")
    cause = models.TextField(blank=True)
    cause_detail = models.TextField(blank=True)
    next_action = models.CharField(max_length=40, blank=True)
    started_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment"], condition=Q(ended_at__isnull=True), name="one_open_operation_per_environment"
            )
        ]
        indexes = [models.Index(fields=["due_at"], condition=Q(ended_at__isnull=True), name="operation_due")]

    def __str__(self) -> str:
        return f"{self.kind} {self.environment_id}"
