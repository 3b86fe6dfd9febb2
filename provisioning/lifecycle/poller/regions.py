"""The lease of an account and region, and when it is visited next.

`due_at` is NULL during a visit. Who wakes the region meanwhile sets it, and the end of the visit
keeps the earlier of both times. So no wake-up is lost between a visit's reading and its end.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection

from provisioning.lifecycle import clock
from provisioning.models import Account, PolledRegion

LEASE: Final = timedelta(seconds=30)
VISIT_SECONDS: Final = 120.0
"""A visit that takes longer loses its lease. What it still answers is recorded nevertheless."""

SWEEP_SECONDS: Final = 5.0
PAGES_PER_SECOND: Final = 1.25
"""The share of the rate of status calls that sweeps of long lists may take: about half."""
SWEEP_WITH_EVENTS_SECONDS: Final = 60.0
EVENTS_SECONDS: Final = 10.0
VIEWED_SECONDS: Final = 5.0
IDLE_SECONDS: Final = 900.0
SANDBOX_SECONDS: Final = 1.0
"""The sandbox is faster than AWS, and it has no other callers."""
QUEUE_CHECK: Final = timedelta(hours=1)
"""How long an account counts as one without an event queue, before it is tried again."""
LONGEST_BACK_OFF_SECONDS: Final = 300.0

_WAKE: Final = """
INSERT INTO provisioning_polledregion
    (account_id, region, due_at, in_flight, fence, list_pages, queue, misses, trouble)
VALUES (%(account)s, %(region)s, %(at)s, %(in_flight)s, 0, 1, 'unknown', 0, '')
ON CONFLICT ON CONSTRAINT polled_region_once DO UPDATE SET
    due_at = LEAST(provisioning_polledregion.due_at, EXCLUDED.due_at),
    in_flight = GREATEST(provisioning_polledregion.in_flight, EXCLUDED.in_flight)
"""

# Materialized: the part with the limit runs once, however the planner joins it.
_CLAIM: Final = """
WITH due AS MATERIALIZED (
    SELECT id FROM provisioning_polledregion
    WHERE (due_at <= %(now)s OR due_at IS NULL AND lease_until IS NOT NULL)
      AND (lease_until IS NULL OR lease_until <= %(now)s)
      AND (misses = 0 OR %(failing)s)
    ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE provisioning_polledregion AS region
SET lease_until = %(lease)s, fence = region.fence + 1, holder = %(holder)s, due_at = NULL
FROM due WHERE region.id = due.id
RETURNING region.id
"""

_RELEASE: Final = """
UPDATE provisioning_polledregion
SET lease_until = NULL, holder = NULL, due_at = LEAST(due_at, %(due_at)s), listed_at = %(listed_at)s,
    list_pages = %(list_pages)s, in_flight = %(in_flight)s, events_at = %(events_at)s, queue = %(queue)s,
    queue_checked_at = %(queue_checked_at)s, misses = %(misses)s, trouble = %(trouble)s
WHERE id = %(id)s AND fence = %(fence)s
"""


def wake_region(account_id: UUID, region: str, *, at: datetime, in_flight: bool) -> None:
    """Have the region visited at `at`, or earlier if it is due earlier.

    `in_flight`: an operation waits for a stack there, so that it is visited often from then on.
    """
    with connection.cursor() as cursor:
        cursor.execute(_WAKE, {"account": account_id, "region": region, "at": at, "in_flight": int(in_flight)})


def claim_regions(*, holder: UUID, now: datetime, limit: int, failing: bool) -> list[PolledRegion]:
    """Claim regions that are due, the longest overdue first.

    `failing`: also those whose last visit failed. They may take long, so not every lane is for them.
    """
    with connection.cursor() as cursor:
        claim: dict[str, Any] = {"lease": now + LEASE, "holder": holder, "now": now, "failing": failing, "limit": limit}
        cursor.execute(_CLAIM, claim)
        ids = [row[0] for row in cursor.fetchall()]
    return list(PolledRegion.objects.filter(pk__in=ids).select_related("account")) if ids else []


def renew_leases(ids: Iterable[int], *, holder: UUID, now: datetime) -> None:
    """Keep regions whose visit is still in progress."""
    PolledRegion.objects.filter(pk__in=list(ids), holder=holder, lease_until__isnull=False).update(
        lease_until=now + LEASE
    )


def let_go_regions(holder: UUID) -> None:
    """End the leases of a worker that ends on its own, so that another visits these regions at once."""
    PolledRegion.objects.filter(holder=holder, lease_until__isnull=False).update(lease_until=clock.now())


def release_region(region: PolledRegion, *, due_at: datetime) -> bool:
    """End the visit and write what the row says. False if another worker has claimed the region."""
    names = [
        "listed_at",
        "list_pages",
        "in_flight",
        "events_at",
        "queue",
        "queue_checked_at",
        "misses",
        "trouble",
        "id",
        "fence",
    ]
    values: dict[str, Any] = {name: getattr(region, name) for name in names}
    with connection.cursor() as cursor:
        cursor.execute(_RELEASE, values | {"due_at": due_at})
        return bool(cursor.rowcount)


def sweep_seconds(region: PolledRegion, account: Account, *, events: bool) -> float:
    """The seconds from one list of the stacks in progress to the next."""
    if not region.in_flight:
        return IDLE_SECONDS
    if account.is_sandbox:
        return SANDBOX_SECONDS
    if events:
        return SWEEP_WITH_EVENTS_SECONDS
    return max(SWEEP_SECONDS, region.list_pages / PAGES_PER_SECOND)


def back_off_seconds(misses: int) -> float:
    return min(LONGEST_BACK_OFF_SECONDS, SWEEP_SECONDS * 2.0 ** min(misses, 10))
