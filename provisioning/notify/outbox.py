"""Claims deliveries that are due. The claim is committed before anything is sent.

While a row is `SENDING`, its holder and lease say which worker sends it. Only that worker writes the
result. Claims whose worker has ended are found by their lease.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final
from uuid import UUID, uuid4

from django.db import connection

from provisioning.lifecycle import clock

LEASE: Final = timedelta(minutes=5)
"""Longer than all sends of one run together take, each of which has a total time."""

# At most two of each receiver at a time, so that one that hangs does not hold up the others. First attempts come
# before repeated ones, so that many receivers that are out of order do not hold up the rest.
_CLAIM: Final = """
UPDATE {table} SET state = 'sending', holder = %(holder)s, attempts = attempts + 1,
    lease_until = {now} + make_interval(secs => %(lease)s)
WHERE state = 'pending' AND id IN (
    SELECT id FROM (
        SELECT id, due_at, attempts, row_number() OVER (
            PARTITION BY {receiver} ORDER BY (attempts > 0), due_at, id) AS number
        FROM {table}
        WHERE state = 'pending' AND due_at <= {now} AND NOT ({receiver} = ANY(%(served)s))) AS due
    WHERE number <= 2 ORDER BY (attempts > 0), number, due_at LIMIT %(limit)s)
RETURNING id
"""
_ABANDONED: Final = """
UPDATE {table} SET state = %(state)s, holder = NULL, lease_until = NULL, due_at = {now}
WHERE state = 'sending' AND lease_until <= {now} RETURNING id
"""


def claim(table: str, receiver: str, *, limit: int, served: Sequence[UUID] = ()) -> tuple[UUID, list[UUID]]:
    """Claim up to `limit` rows that are due. Returns the holder of the claims and the rows' ids.

    `receiver` is the column by which rows are shared out. The receivers in `served` get none.
    """
    holder = uuid4()
    values: dict[str, Any] = {
        "holder": holder,
        "lease": LEASE.total_seconds(),
        "limit": limit,
        "served": list(served),
        "now": clock.parameter(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM.format(table=table, receiver=receiver, now=clock.SQL), values)
        return holder, [row[0] for row in cursor.fetchall()]


def release_abandoned(table: str, *, state: str) -> list[UUID]:
    """Give the rows whose worker has ended another state. Returns their ids."""
    with connection.cursor() as cursor:
        cursor.execute(_ABANDONED.format(table=table, now=clock.SQL), {"state": state, "now": clock.parameter()})
        return [row[0] for row in cursor.fetchall()]
