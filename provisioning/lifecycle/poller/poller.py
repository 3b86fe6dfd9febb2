"""Visits regions: claim, ask, record. Any number of workers may do so at the same time."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Protocol
from uuid import UUID

from django.db import connection

from provisioning.aws import AwsError, interface
from provisioning.aws.onboarding import event_queue_url
from provisioning.aws.permits import OperationsPermit, using_permit
from provisioning.lifecycle import clock
from provisioning.lifecycle.aws_access import aws_for_account
from provisioning.lifecycle.poller.errand import Errand, Findings, ask
from provisioning.lifecycle.poller.in_flight import IN_FLIGHT, awaited_in
from provisioning.lifecycle.poller.record import record
from provisioning.lifecycle.poller.regions import (
    EVENTS_SECONDS,
    IDLE_SECONDS,
    QUEUE_CHECK,
    VIEWED_SECONDS,
    back_off_seconds,
    claim_regions,
    release_region,
    sweep_seconds,
    wake_region,
)
from provisioning.models import Account, EventQueue, PolledRegion, Stack

log = logging.getLogger(__name__)

LIST_LAGS_SECONDS: Final = 10.0
"""How long a list may miss what a call has changed. The sandbox's never does."""
LONG_POLL_SECONDS: Final = 1
"""A long poll asks all of SQS's servers, so that an empty answer means an empty queue."""
PAGE_SIZE: Final = 100


class AwsFor(Protocol):
    def __call__(self, account: Account, region: str, *, stack_role_arn: str = "") -> interface.Aws: ...


@dataclass(frozen=True, slots=True)
class Visit:
    region: PolledRegion
    errand: Errand


@dataclass(slots=True)
class Poller:
    """`holder` is the worker that has the leases."""

    aws_for: AwsFor = aws_for_account
    holder: UUID = field(default_factory=uuid.uuid4)

    def run_due(self, *, limit: int = 50) -> int:
        """Visit the regions that are due, one after the other. Returns how many were visited."""
        visits = self.claim(limit=limit)
        for visit in visits:
            self.finish(visit, self.ask(visit))
        return len(visits)

    def claim(self, *, limit: int, failing: bool = True) -> list[Visit]:
        now = clock.now()
        regions = claim_regions(holder=self.holder, now=now, limit=limit, failing=failing)
        if not regions:
            return []
        unseen, viewed = _unseen_places(), _viewed_places(now)
        return [
            Visit(region, _errand(region, now, unseen=_place(region) in unseen, viewed=_place(region) in viewed))
            for region in regions
        ]

    def ask(self, visit: Visit) -> Findings:
        """The calls of a visit. Uses no database."""
        try:
            aws = self.aws_for(visit.region.account, visit.region.region)
        except AwsError as error:
            return Findings(error=error)
        return ask(aws, visit.errand)

    def finish(self, visit: Visit, findings: Findings) -> None:
        """Write what was found, then delete the messages, and say when the region is due again."""
        self.settle(visit, findings)
        if findings.messages:
            self.delete_messages(visit, findings)

    def settle(self, visit: Visit, findings: Findings) -> None:
        """Everything of `finish` but the call to AWS."""
        now = clock.now()
        announced = record(visit.errand, findings, now=now)
        due_at = _after(visit, findings, now)
        if announced or (findings.messages and not findings.drained and findings.error is None):
            due_at = now
        if not release_region(visit.region, due_at=due_at):
            log.info("Another worker has taken over %s.", visit.region)

    def delete_messages(self, visit: Visit, findings: Findings) -> None:
        """Messages that could not be deleted come again, and change nothing then."""
        try:
            aws = self.aws_for(visit.region.account, visit.region.region)
            receipts = [message.receipt for message in findings.messages]
            with using_permit(OperationsPermit({"DeleteMessageBatch"})):
                aws.delete_events(visit.errand.queue_url, receipts)
        except AwsError as error:
            log.info("Messages of %s could not be deleted: %s", visit.region, error)


def watch_moving_regions(*, at: datetime) -> None:
    """Wake the regions of all stacks in flight that have no row, or one that is not watched.

    Operations wake their region themselves. This finds what was lost, and what an earlier version
    has begun.
    """
    with connection.cursor() as cursor:
        cursor.execute(_MOVING, {"states": [str(state) for state in IN_FLIGHT]})
        missing = cursor.fetchall()
    for account_id, region in missing:
        wake_region(account_id, region, at=at, in_flight=True)


_MOVING: Final = """
SELECT DISTINCT environment.account_id, operation.region
FROM provisioning_operation operation
JOIN provisioning_environment environment ON environment.id = operation.environment_id
LEFT JOIN provisioning_polledregion region
  ON region.account_id = environment.account_id AND region.region = operation.region
WHERE operation.ended_at IS NULL AND operation.state = ANY(%(states)s)
  AND (region.id IS NULL OR region.in_flight = 0 OR (region.due_at IS NULL AND region.lease_until IS NULL))
"""


def _place(region: PolledRegion) -> tuple[UUID, str]:
    return region.account_id, region.region


def _unseen_places() -> set[tuple[UUID, str]]:
    """Where stacks have left the list, or had their end announced, and were not described yet."""
    unseen = Stack.objects.filter(unseen_since__isnull=False)
    return set(unseen.values_list("environment__account_id", "region").distinct())


def _viewed_places(now: datetime) -> set[tuple[UUID, str]]:
    viewed = Stack.objects.filter(environment__viewed_until__gt=now)
    return set(viewed.values_list("environment__account_id", "region").distinct())


def _errand(region: PolledRegion, now: datetime, *, unseen: bool, viewed: bool) -> Errand:
    """What is due in a region: its queue, its list, or both; and what hints say about its stacks."""
    has_queue = _asks_queue(region, now)
    receives = has_queue and _is_due(region.events_at, EVENTS_SECONDS if not viewed else VIEWED_SECONDS, now)
    lists = _is_due(region.listed_at, sweep_seconds(region, region.account, events=_has_events(region)), now)
    looks = lists or unseen or viewed or not receives
    simulated = region.account.is_sandbox
    return Errand(
        name=f"region {region.pk}",
        started_at=now,
        awaited=awaited_in(region.account_id, region.region, now=now) if looks else None,
        lists=lists,
        queue_url=event_queue_url(region.account.access(region.region)) if receives else "",
        wait_seconds=0 if simulated else LONG_POLL_SECONDS,
        patience_seconds=0.0 if simulated else LIST_LAGS_SECONDS,
    )


def _has_events(region: PolledRegion) -> bool:
    """Whether events can be relied on to come: then lists are rare."""
    return region.queue == EventQueue.ACTIVE


def _asks_queue(region: PolledRegion, now: datetime) -> bool:
    if region.queue == EventQueue.MISSING and region.queue_checked_at is not None:
        return now >= region.queue_checked_at + QUEUE_CHECK
    return True


def _is_due(last_at: datetime | None, seconds: float, now: datetime) -> bool:
    # A cycle takes up to a second. What is due within half of one is done now.
    return last_at is None or now >= last_at + timedelta(seconds=seconds - min(0.5, seconds / 10))


def _after(visit: Visit, findings: Findings, now: datetime) -> datetime:
    """Update the row with what the visit has found, and return when the region is due again."""
    region, errand = visit.region, visit.errand
    _note_queue(region, findings, errand.started_at)
    if errand.awaited is not None:
        region.in_flight = len(errand.awaited)
    if findings.listed is not None:
        region.listed_at = errand.started_at
        region.list_pages = max(1, -(-len(findings.listed) // PAGE_SIZE))
    if findings.error is not None:
        region.misses, region.trouble = region.misses + 1, str(findings.error)
        return now + timedelta(seconds=back_off_seconds(region.misses))
    region.misses, region.trouble = 0, ""
    if findings.wait is not None:
        return now + timedelta(seconds=findings.wait)
    if findings.unseen:
        return now
    viewed = any(stack.viewed for stack in errand.awaited or ())
    return min(_next_times(region, errand.started_at, viewed=viewed))


def _next_times(region: PolledRegion, started_at: datetime, *, viewed: bool) -> Iterator[datetime]:
    events = _has_events(region)
    sweep = sweep_seconds(region, region.account, events=events)
    yield (region.listed_at or started_at) + timedelta(seconds=sweep)
    if events:
        pause = EVENTS_SECONDS if region.in_flight else IDLE_SECONDS
        yield (region.events_at or started_at) + timedelta(seconds=min(pause, sweep))
    if viewed:
        yield started_at + timedelta(seconds=min(VIEWED_SECONDS, sweep))


def _note_queue(region: PolledRegion, findings: Findings, started_at: datetime) -> None:
    if findings.no_queue:
        region.queue, region.queue_checked_at, region.events_at = EventQueue.MISSING, started_at, None
    elif findings.messages:
        region.queue = EventQueue.ACTIVE
    elif (findings.drained and region.queue != EventQueue.ACTIVE) or (findings.unannounced and _has_events(region)):
        region.queue = EventQueue.SILENT
    if findings.drained:
        region.events_at = started_at
