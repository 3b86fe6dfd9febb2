"""Claims deliveries that are due. The claim is committed before anything is sent.

While a row is `SENDING`, its holder and lease say which worker sends it. Only that worker writes the
result. Claims whose worker has ended are found by their lease.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import connection

from provisioning.lifecycle import clock

LEASE: Final = timedelta(minutes=5)
"""Longer than a run takes, in which each send has a total time."""

LANE_AT_ONCE: Final = 2
"""Deliveries of one lane that are sent at the same time, each to another receiver."""

# Each receiver has one delivery at a time, and each lane two, so that what hangs holds up nobody else. First attempts
# come before repeated ones, so that many receivers that are out of order do not hold up the rest.
_CLAIM: Final = """
UPDATE {table} SET state = 'sending', holder = %(holder)s, attempts = attempts + 1,
    lease_until = {now} + make_interval(secs => %(lease)s)
WHERE state = 'pending' AND id IN (
    SELECT id FROM (
        SELECT id, due_at, is_repeated, lane, row_number() OVER (
            PARTITION BY lane ORDER BY is_repeated, due_at, id) AS number
        FROM (
            SELECT d.id, d.due_at, d.attempts > 0 AS is_repeated, {lane} AS lane, row_number() OVER (
                PARTITION BY r.id ORDER BY (d.attempts > 0), d.due_at, d.id) AS turn
            FROM {table} AS d JOIN {receivers} AS r ON r.id = d.{receiver}
            WHERE d.state = 'pending' AND d.due_at <= {now} AND NOT r.id = ANY(%(busy)s)) AS due
        WHERE turn = 1 AND NOT lane = ANY(%(full)s) AND (lane = ANY(%(slow)s)) = %(is_slow)s) AS shared
    WHERE number <= CASE WHEN lane = ANY(%(begun)s) THEN %(most)s - 1 ELSE %(most)s END
    ORDER BY is_repeated, number, due_at LIMIT %(limit)s)
RETURNING id
"""
_CLAIMED: Final = """
SELECT d.id, r.id, {lane} FROM {table} AS d JOIN {receivers} AS r ON r.id = d.{receiver}
WHERE d.id = ANY(%(claimed)s) ORDER BY d.due_at, d.id
"""
_ABANDONED: Final = """
UPDATE {table} SET state = %(state)s, holder = NULL, lease_until = NULL, due_at = {now}
WHERE state = 'sending' AND lease_until <= {now} RETURNING id
"""


@dataclass(frozen=True, slots=True)
class Queue:
    """A table of deliveries. `receiver` is its column that names the row in `receivers`, and `lane`
    the SQL expression of the receiver `r` by which the capacity is shared out.
    """

    table: str
    receiver: str
    receivers: str
    lane: str


@dataclass(frozen=True, slots=True)
class Claim:
    """One delivery to send. Only its `holder` may write what came of it."""

    delivery_id: UUID
    holder: UUID
    receiver_id: UUID
    lane: str


def claim(
    queue: Queue, *, limit: int, running: Sequence[Claim] = (), slow: Sequence[str] = (), is_slow: bool = False
) -> list[Claim]:
    """Claim up to `limit` rows that are due, in addition to those that are `running`. `slow` are the lanes
    whose receivers take long, and `is_slow` says whether the rows come from these or from the others.
    """
    holder = uuid4()
    number = Counter(each.lane for each in running)
    values: dict[str, Any] = {
        "holder": holder,
        "lease": LEASE.total_seconds(),
        "limit": limit,
        "most": LANE_AT_ONCE,
        "busy": [each.receiver_id for each in running],
        "full": [lane for lane, count in number.items() if count >= LANE_AT_ONCE],
        "begun": [lane for lane, count in number.items() if count < LANE_AT_ONCE],
        "slow": list(slow),
        "is_slow": is_slow,
        "now": clock.parameter(),
    }
    names = {"table": queue.table, "receiver": queue.receiver, "receivers": queue.receivers, "lane": queue.lane}
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM.format(**names, now=clock.SQL), values)
        claimed = [row[0] for row in cursor.fetchall()]
        if not claimed:
            return []
        cursor.execute(_CLAIMED.format(**names), {"claimed": claimed})
        return [Claim(row[0], holder, row[1], row[2]) for row in cursor.fetchall()]


def release_abandoned(queue: Queue, *, state: str) -> list[UUID]:
    """Give the rows whose worker has ended another state. Returns their ids."""
    with connection.cursor() as cursor:
        cursor.execute(_ABANDONED.format(table=queue.table, now=clock.SQL), {"state": state, "now": clock.parameter()})
        return [row[0] for row in cursor.fetchall()]
