"""What happened, kept for good: every change of state, every action of a person, and the receipt of
every teardown.
"""

from django.db import models
from django.db.models import Q

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
    # Each of the keys is the first column of an index below, and needs no other.
    actor = models.ForeignKey(User, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    team = models.ForeignKey(Team, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
    environment = models.ForeignKey(Environment, null=True, on_delete=models.PROTECT, related_name="+", db_index=False)
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
        indexes = [
            models.Index(fields=["-at", "-id"], name="audit_by_time"),
            models.Index(fields=["actor", "-at", "-id"], name="audit_by_actor"),
            models.Index(fields=["team", "-at", "-id"], name="audit_by_team"),
            models.Index(fields=["environment", "-at", "-id"], name="audit_by_environment"),
            models.Index(fields=["action", "-at", "-id"], name="audit_by_action"),
            models.Index(fields=["address", "-at", "-id"], name="audit_by_address", condition=~Q(address="")),
            models.Index(fields=["subject_id", "-at", "-id"], name="audit_by_subject", condition=~Q(subject_id="")),
            # And `audit_words`, over the words of an event, made by the migration `seal_audit_events`.
        ]

    def __str__(self) -> str:
        return self.action


class AuditSeal(models.Model):
    """The seal of one audit event: its place in the log, and the hash over the event and the hash
    before it.

    Triggers of the database write it when the event's transaction commits. Positions are 1, 2, 3 …
    in the order of the commits, without gaps, so a reader that remembers a position misses nothing.
    `lifecycle/audit_chain.py` documents what is hashed.
    """

    position = models.BigIntegerField(primary_key=True)
    event = models.OneToOneField(AuditEvent, on_delete=models.PROTECT, related_name="seal", db_constraint=False)
    previous_hash = models.BinaryField(max_length=32)
    hash = models.BinaryField(max_length=32)
    sealed_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"seal {self.position}"


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
