"""What CloudFormation reported: stacks, their events, and the ledger of every physical id ever
seen.
"""

import uuid

from django.db import models
from django.db.models import Q

from .environment import Environment


class Stack(models.Model):
    """`role` is the stack's key in the plan.

    After a failed attempt a key may have several rows; the newest counts.

    `details` is the JSON of what DescribeStacks said last (`lifecycle/fingerprint.py`);
    `fingerprint` is that of the stack as the portal left it.

    `listed_at` is when CloudFormation's list of its resources was last written to the ledger, and
    `policies` are the deletion policies of the template in AWS at that time, by logical id.

    `polled_at` is when AWS gave the status, at the earliest. `unseen_since` is set when a stack in
    progress has left the list of those in progress and has not been described since.
    `policy_to_restore` is the stack policy that must be set again, while it is relaxed for a change.
    `has_change_sets` is set before the first change set of a plan is created, and cleared when none is
    left that nobody needs.

    `inputs` are the stack inputs: parameters read from outputs of earlier stacks, stored before
    they are used.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    environment = models.ForeignKey(Environment, on_delete=models.PROTECT, related_name="stacks")
    role = models.CharField(max_length=40, default="main")
    name = models.CharField(max_length=128)
    region = models.CharField(max_length=25)
    stack_id = models.CharField(max_length=400, blank=True)
    status = models.CharField(max_length=50, blank=True)
    status_reason = models.TextField(blank=True)
    outputs = models.JSONField(default=dict)
    inputs = models.JSONField(default=dict, db_column="handed")
    polled_at = models.DateTimeField(null=True, blank=True)
    unseen_since = models.DateTimeField(null=True, blank=True)
    last_event_id = models.CharField(max_length=400, blank=True)
    # The database has the defaults as well, so that a process of an earlier version can insert rows.
    details = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    fingerprint = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    fingerprint_at = models.DateTimeField(null=True, blank=True)
    policy_to_restore = models.TextField(blank=True, default="", db_default="")
    has_change_sets = models.BooleanField(default=False, db_default=False)
    policies = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    listed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        indexes = [
            # All are small: the poller and the clean-up find the few stacks in them among all that ever
            # existed.
            models.Index(fields=["region"], condition=Q(status__endswith="_IN_PROGRESS"), name="stack_in_progress"),
            models.Index(fields=["region"], condition=Q(unseen_since__isnull=False), name="stack_unseen"),
            models.Index(
                fields=["created_at"],
                condition=Q(has_change_sets=True) | ~Q(policy_to_restore=""),
                name="stack_to_clean",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ResourceEnd(models.TextChoices):
    """How a resource ended, for the receipt; empty while it exists.

    `LEFT_OVER` should have been deleted. `NOT_VERIFIED` was deleted by CloudFormation's own report,
    and no service could confirm it. `FOREIGN` existed before this environment and is never
    modified. Values and labels are in migrations and never change.
    """

    DELETED = "deleted"
    RETAINED = "retained"
    LEFT_OVER = "abandoned", "Abandoned"
    NOT_VERIFIED = "unverified", "Not verified"
    FOREIGN = "foreign"


class StackResource(models.Model):
    """The ledger: one row for each physical id ever seen, kept after its end.

    `address` is that of the component. `physical_id` has no maximum length: PostgreSQL would cut a
    longer one off in an UPDATE of several rows, and the resource would be lost.
    """

    stack = models.ForeignKey(Stack, on_delete=models.PROTECT, related_name="resources")
    logical_id = models.CharField(max_length=255)
    physical_id = models.TextField(blank=True)
    type = models.CharField(max_length=200)
    address = models.CharField(max_length=130, blank=True)
    status = models.CharField(max_length=50)
    reason = models.TextField(blank=True)
    started_at = models.DateTimeField(null=True, blank=True)
    finished_at = models.DateTimeField(null=True, blank=True)
    end = models.CharField(max_length=10, choices=ResourceEnd, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["stack", "logical_id", "physical_id"], name="ledger_line_once"),
        ]

    def __str__(self) -> str:
        return f"{self.logical_id} {self.physical_id}"


class StackEvent(models.Model):
    stack = models.ForeignKey(Stack, on_delete=models.CASCADE, related_name="events")
    event_id = models.CharField(max_length=400)
    at = models.DateTimeField()
    logical_id = models.CharField(max_length=255)
    physical_id = models.TextField(blank=True)
    type = models.CharField(max_length=200)
    status = models.CharField(max_length=50)
    reason = models.TextField(blank=True)
    token = models.CharField(max_length=128, blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["stack", "event_id"], name="event_once")]
        indexes = [models.Index(fields=["stack", "-at", "-id"], name="event_by_stack")]

    def __str__(self) -> str:
        return f"{self.logical_id} {self.status}"
