"""What happened, kept for good: every change of state, every action of a person, and the receipt of
every teardown.
"""

from django.db import models

from .environment import Environment
from .operation import Operation
from .team import Team, User


class Transition(models.Model):
    """One row for each change of state, written in the same transaction."""

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
    """`action` is an `AuditAction`. Services write the event in the transaction of the change.

    Events of the same moment are ordered by `id`. `actor_name` is the user name at that time.
    `subject` names what the event is about, `before` and `after` hold the fields that changed, and
    the columns from `via` on say from where and as whom (`lifecycle/audit_context.py`).

    Rows are never changed or deleted. A new column must be nullable without a default: the hash of
    an event covers every column that is not null, so the hashes of earlier events remain valid.
    """

    at = models.DateTimeField()
    actor = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    team = models.ForeignKey(Team, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    environment = models.ForeignKey(Environment, null=True, blank=True, on_delete=models.PROTECT, related_name="+")
    action = models.CharField(max_length=60)
    detail = models.JSONField(default=dict)

    # The database has the defaults as well, so that a process of an earlier version can insert rows.
    actor_name = models.CharField(max_length=150, default="", db_default="")
    subject_kind = models.CharField(max_length=40, default="", db_default="")
    subject_id = models.CharField(max_length=64, default="", db_default="")
    subject = models.CharField(max_length=200, default="", db_default="")
    before = models.JSONField(null=True)
    after = models.JSONField(null=True)
    via = models.CharField(max_length=10, default="", db_default="")
    address = models.CharField(max_length=45, default="", db_default="")
    user_agent = models.CharField(max_length=200, default="", db_default="")
    credential = models.CharField(max_length=100, default="", db_default="")
    acting_as = models.CharField(max_length=200, default="", db_default="")
    http_request = models.CharField(max_length=36, default="", db_default="")

    class Meta:
        indexes = [models.Index(fields=["environment", "-at", "-id"], name="audit_by_environment")]

    def __str__(self) -> str:
        return self.action


class Receipt(models.Model):
    """The verified result of a teardown.

    `lines`: each resource and how it ended; `scan`: what the tag scan found.
    """

    operation = models.OneToOneField(Operation, on_delete=models.PROTECT, related_name="receipt")
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="receipts")
    lines = models.JSONField()
    scan = models.JSONField()
    written_at = models.DateTimeField()
    digest = models.CharField(max_length=64, blank=True, default="", db_default="")

    def __str__(self) -> str:
        return f"receipt {self.environment_id}"
