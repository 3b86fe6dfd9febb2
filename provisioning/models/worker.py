"""The processes that carry out operations, and who polls which account and region."""

import uuid

from django.db import models

from .account import Account


class Worker(models.Model):
    """One process. Its heartbeat comes from its renewal thread, by the database's clock."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    name = models.CharField(max_length=200)
    started_at = models.DateTimeField()
    heartbeat_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        indexes = [models.Index(fields=["heartbeat_at"], name="worker_by_heartbeat")]

    def __str__(self) -> str:
        return self.name


class EventQueue(models.TextChoices):
    """The event queue that onboarding creates, in one account and region.

    `SILENT`: it exists, but it did not announce the last change. It is read, and not relied on.
    """

    UNKNOWN = "unknown"
    MISSING = "missing"
    SILENT = "silent"
    ACTIVE = "active"


class PolledRegion(models.Model):
    """One account and region whose stacks in progress are listed, by one worker at a time.

    `holder` and `lease_until` are the poller's lease; `fence` grows with each claim. `listed_at` is
    the start of the last complete list, `list_pages` its length,
    `in_flight` the number of stacks that somebody waits for, and `events_at` the start of the
    last read that left the event queue empty. `queue` says whether the account has that queue,
    `queue_checked_at` when that was found out.
    """

    account = models.ForeignKey(Account, on_delete=models.CASCADE, related_name="polled_regions")
    region = models.CharField(max_length=25)
    holder = models.UUIDField(null=True, blank=True)
    fence = models.BigIntegerField(default=0)
    lease_until = models.DateTimeField(null=True, blank=True)
    due_at = models.DateTimeField(null=True, blank=True)
    listed_at = models.DateTimeField(null=True, blank=True)
    list_pages = models.IntegerField(default=1)
    in_flight = models.IntegerField(default=0)
    events_at = models.DateTimeField(null=True, blank=True)
    queue = models.CharField(max_length=10, choices=EventQueue, default=EventQueue.UNKNOWN)
    queue_checked_at = models.DateTimeField(null=True, blank=True)
    scan_due_at = models.DateTimeField(null=True, blank=True)
    scanned_at = models.DateTimeField(null=True, blank=True)
    misses = models.IntegerField(default=0)
    trouble = models.TextField(blank=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["account", "region"], name="polled_region_once")]
        indexes = [models.Index(fields=["due_at"], name="polled_region_due")]

    def __str__(self) -> str:
        return f"{self.account} {self.region}"


class PeriodicTask(models.Model):
    """A task that runs once per interval, whichever worker comes first."""

    name = models.CharField(max_length=60, primary_key=True)
    due_at = models.DateTimeField()
    holder = models.UUIDField(null=True, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    last_run_at = models.DateTimeField(null=True, blank=True)
    last_error = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.name
