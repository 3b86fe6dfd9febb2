"""Claims of operations that are due, in PostgreSQL: a lease and a fencing token.

A claim raises the fence, so an earlier holder's calls and writes are refused. An operation whose
last call has no answer is not claimed before the call's deadline and a grace period have passed: by
then the call has taken effect or never will, and the next step reads which.

A claim counts a death if a step had begun and its worker has stopped without a word. A worker that
is slow, or that ended on its own, is not dead.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import connection

from provisioning.aws.permits import GRACE_SECONDS
from provisioning.lifecycle import clock
from provisioning.lifecycle.intentions import LIVE_PLACE
from provisioning.lifecycle.leases import Leases
from provisioning.lifecycle.poller.sights import LastVisit
from provisioning.models import Operation, Request

# SKIP LOCKED: two workers never wait for each other. Operations that a process of an earlier
# version opened have no approved digest and place yet.
_DUE: Final = f"""
    o.ended_at IS NULL AND o.due_at <= {clock.SQL} AND (o.lease_until IS NULL OR o.lease_until <= {clock.SQL})
    AND (o.call_deadline IS NULL OR o.call_ended_at IS NOT NULL
         OR o.call_deadline + make_interval(secs => %(grace)s) <= {clock.SQL})
"""
# The rows are locked in a part of their own, which runs once: a subquery that the planner joins may
# run for each row of the other side, and then locks more than the limit.
_CLAIM: Final = f"""
WITH due AS MATERIALIZED (
    SELECT o.id FROM provisioning_operation AS o
    WHERE {_DUE} AND (%(id)s::uuid IS NULL OR o.id = %(id)s::uuid)
      AND o.deaths BETWEEN %(fewest)s AND %(most)s
      AND (%(account)s::uuid IS NULL OR (o.region = %(region)s AND EXISTS (
          SELECT 1 FROM provisioning_environment AS e WHERE e.id = o.environment_id AND e.account_id = %(account)s)))
    ORDER BY o.due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
UPDATE provisioning_operation AS o
SET lease_until = {clock.SQL} + make_interval(secs => %(lease)s), fence = o.fence + 1, holder = %(worker)s,
    deaths = o.deaths + CASE WHEN o.step_began_at IS NULL OR EXISTS (
        SELECT 1 FROM provisioning_worker AS w WHERE w.id = o.holder
        AND (w.ended_at IS NOT NULL OR w.heartbeat_at > {clock.SQL} - make_interval(secs => %(lease)s))
    ) THEN 0 ELSE 1 END,
    step_began_at = NULL,
    approved_digest = CASE WHEN o.approved_digest = '' THEN r.approved_digest ELSE o.approved_digest END,
    approved_place = CASE WHEN o.approved_place = '' THEN {LIVE_PLACE} ELSE o.approved_place END
FROM due, provisioning_request AS r, provisioning_environment AS e, provisioning_account AS a
WHERE o.id = due.id AND r.id = o.request_id AND e.id = o.environment_id AND a.id = e.account_id
RETURNING o.*
"""  # noqa: S608 - of constants only
_BEGIN_STEP: Final = f"""
UPDATE provisioning_operation AS o SET step_began_at = {clock.SQL}
FROM provisioning_operation AS same JOIN provisioning_environment AS e ON e.id = same.environment_id
LEFT JOIN provisioning_polledregion AS p ON p.account_id = e.account_id AND p.region = same.region
WHERE o.id = %(id)s AND o.fence = %(fence)s AND o.ended_at IS NULL AND o.lease_until > {clock.SQL} AND same.id = o.id
RETURNING o.step_began_at, p.listed_at, p.events_at
"""  # noqa: S608 - of constants only
_LANES: Final = f"""
SELECT e.account_id, o.region FROM provisioning_operation AS o
JOIN provisioning_environment AS e ON e.id = o.environment_id
WHERE {_DUE} AND o.deaths BETWEEN %(fewest)s AND %(most)s
GROUP BY e.account_id, o.region ORDER BY min(o.due_at) LIMIT %(limit)s
"""  # noqa: S608 - of constants only
_LET_GO: Final = f"""
UPDATE provisioning_operation SET lease_until = {clock.SQL}
WHERE holder = %(worker)s AND ended_at IS NULL AND lease_until > {clock.SQL}
"""  # noqa: S608 - of constants only

ANY_DEATHS: Final = (0, 2**31 - 1)


@dataclass(frozen=True, slots=True)
class Lane:
    """One account and region. What hangs in one lane delays no other."""

    account_id: UUID
    region: str


def claim(
    leases: Leases,
    *,
    limit: int,
    operation_id: UUID | None = None,
    lane: Lane | None = None,
    deaths: tuple[int, int] = ANY_DEATHS,
) -> list[Operation]:
    """Claim up to `limit` due operations, and return them as they are now, the one that is due for
    longest first. `deaths` bounds how many workers each has cost.
    """
    parameters: dict[str, Any] = {
        "lease": leases.lease.total_seconds(),
        "worker": leases.worker_id,
        "grace": GRACE_SECONDS,
        "now": clock.parameter(),
        "id": operation_id,
        "limit": limit,
        "fewest": deaths[0],
        "most": deaths[1],
        "account": lane.account_id if lane else None,
        "region": lane.region if lane else "",
    }
    claimed = list(Operation.objects.raw(_CLAIM, parameters))
    return sorted(claimed, key=lambda operation: (operation.due_at or operation.started_at, operation.pk))


@dataclass(frozen=True, slots=True)
class Begun:
    """When a step began, and what the poller had seen of its region by then."""

    at: datetime
    last_visit: LastVisit


def begin_step(operation: Operation) -> Begun | None:
    """Note that the step begins; None if the lease is over."""
    parameters: dict[str, Any] = {"id": operation.pk, "fence": operation.fence, "now": clock.parameter()}
    with connection.cursor() as cursor:
        cursor.execute(_BEGIN_STEP, parameters)
        row = cursor.fetchone()
    return Begun(row[0], LastVisit(operation.region, *row[1:])) if row is not None else None


def read_request(operation: Operation) -> None:
    """Read what a step that acts needs besides its operation, in one query: the request with its
    plan, and the environment with its account.
    """
    rows = Request.objects.select_related("plan", "environment__account", "environment__team")
    operation.request = rows.defer("plan__picture").get(pk=operation.request_id)
    operation.environment = operation.request.environment


def lanes_with_due_work(
    *, limit: int, fewest_deaths: int = ANY_DEATHS[0], most_deaths: int = ANY_DEATHS[1]
) -> list[Lane]:
    """The accounts and regions in which an operation is due, the longest wait first."""
    parameters: dict[str, Any] = {
        "grace": GRACE_SECONDS,
        "now": clock.parameter(),
        "fewest": fewest_deaths,
        "most": most_deaths,
        "limit": limit,
    }
    with connection.cursor() as cursor:
        cursor.execute(_LANES, parameters)
        return [Lane(*row) for row in cursor.fetchall()]


def let_go(leases: Leases) -> None:
    """End the leases of a worker that ends on its own, so that another continues at once. Calls
    without an answer are still waited out.
    """
    leases.end()
    with connection.cursor() as cursor:
        cursor.execute(_LET_GO, {"worker": leases.worker_id, "now": clock.parameter()})
