"""One attempt to carry out a plan."""

import uuid

from django.db import models
from django.db.models import Q

from .environment import Environment
from .request import Request, RequestKind
from .team import User


class OperationKind(models.TextChoices):
    """Those of requests, and the planning of a change, which is the first operation of its request."""

    CREATE = RequestKind.CREATE.value
    CHANGE = RequestKind.CHANGE.value
    TEARDOWN = RequestKind.TEARDOWN.value
    ADOPT = RequestKind.ADOPT.value
    PUT_BACK = RequestKind.PUT_BACK.value
    RECOVER = RequestKind.RECOVER.value
    PLAN = "plan"


class Operation(models.Model):
    """`stack` and `region` are the key and the region of the stack that the operation is at.

    `token` is the prefix of the client tokens of AWS calls. `fence` grows with each claim, so that
    the write of an earlier claim is refused. `step_data` is the JSON of
    `provisioning.lifecycle.step_data.StepData`. Its column is named `memory`, as workers of earlier
    versions know it. `cause` and `next_action` are for people.

    `holder` is the worker that has the lease. `step_began_at` is set while a step runs; a claimer
    that finds it set, and the holder's heartbeat stopped, counts a death. `approved_digest` is the
    digest that was approved when the operation was opened, `approved_place` the account, stack role,
    region and size (`lifecycle/intentions.py`). The `call_` fields are the intention
    record: the call that changes something and was recorded last, by number, words, client token
    and digest of its arguments. It is open until it has an answer (`call_ended_at`) or its deadline
    has passed. `calls_open_until` is the latest deadline of an earlier call that never had an
    answer, as the next call overwrites its record.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="operations")
    request = models.ForeignKey(Request, on_delete=models.PROTECT, related_name="operations")
    kind = models.CharField(max_length=10, choices=OperationKind)
    state = models.CharField(max_length=20)
    state_changed_at = models.DateTimeField()
    stack = models.CharField(max_length=40)
    region = models.CharField(max_length=25)
    token = models.CharField(max_length=128)
    fence = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    attempts = models.IntegerField(default=0)
    # The database has the defaults as well, so that a process of an earlier version can insert rows.
    holder = models.UUIDField(null=True, blank=True)
    step_began_at = models.DateTimeField(null=True, blank=True)
    deaths = models.IntegerField(default=0, db_default=0)
    approved_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    approved_place = models.TextField(blank=True, default="", db_default="")
    call_no = models.BigIntegerField(default=0, db_default=0)
    call_what = models.CharField(max_length=200, blank=True, default="", db_default="")
    call_token = models.CharField(max_length=128, blank=True, default="", db_default="")
    call_digest = models.CharField(max_length=64, blank=True, default="", db_default="")
    call_deadline = models.DateTimeField(null=True, blank=True)
    call_ended_at = models.DateTimeField(null=True, blank=True)
    calls_open_until = models.DateTimeField(null=True, blank=True)
    cancel_requested_at = models.DateTimeField(null=True, blank=True)
    cancel_requested_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
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
        indexes = [
            models.Index(fields=["due_at"], condition=Q(ended_at__isnull=True), name="operation_due"),
            # The newest runs, from which the expected end of one in progress is learned.
            models.Index(fields=["kind", "-ended_at"], condition=Q(state="succeeded"), name="operation_succeeded"),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.environment_id}"
