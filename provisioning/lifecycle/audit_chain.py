"""Reads the audit log by position, as the rows that its verifier checks and its export contains.

`verify_audit_export.py` documents what is hashed. The hashes are computed here, not by the functions
of the database: an intruder who changes rows there could change those as well.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from typing import Final

from django.db import connection, transaction

from provisioning.lifecycle.verify_audit_export import START, Anchor, ChainCheck, ChainError, Row
from provisioning.models import AuditSeal

log = logging.getLogger(__name__)

BATCH: Final = 5_000
# Text of timestamps in JSON depends on the time zone of the session, which Django sets to UTC.
_COLUMNS: Final = """
    seal.position, to_char(seal.sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'),
    encode(seal.previous_hash, 'hex'), encode(seal.hash, 'hex'),
    (SELECT jsonb_object_agg(key, value)::text FROM jsonb_each(to_jsonb(event)) WHERE value <> 'null'),
    seal.event_id::text
"""
_BY_POSITION: Final = f"""
SELECT {_COLUMNS}
FROM provisioning_auditseal AS seal LEFT JOIN provisioning_auditevent AS event ON event.id = seal.event_id
WHERE seal.position > %s AND seal.position <= %s ORDER BY seal.position LIMIT {BATCH}
"""  # noqa: S608 - of constants only
_BY_EVENT: Final = f"""
SELECT {_COLUMNS}
FROM provisioning_auditseal AS seal JOIN provisioning_auditevent AS event ON event.id = seal.event_id
WHERE seal.event_id = ANY(%s) ORDER BY seal.position
"""  # noqa: S608 - of constants only
_UNSEALED: Final = """
SELECT event.id, event.action, event.at
FROM provisioning_auditevent AS event LEFT JOIN provisioning_auditseal AS seal ON seal.event_id = event.id
WHERE seal.position IS NULL ORDER BY event.id LIMIT 1
"""


def newest_anchor() -> Anchor:
    """Return the newest position and its hash; position 0 if the log is empty."""
    last = AuditSeal.objects.order_by("-position").values_list("position", "hash").first()
    return Anchor(last[0], bytes(last[1]).hex()) if last else Anchor(0, START)


def rows_by_position(*, after: int = 0, up_to: int) -> Iterator[Row]:
    """Yield the rows of the log, a batch at a time. Rows are never changed, so batches agree."""
    with connection.cursor() as cursor:
        while True:
            cursor.execute(_BY_POSITION, [after, up_to])
            batch = cursor.fetchall()
            for columns in batch:
                yield Row(*columns)
            if len(batch) < BATCH:
                return
            after = batch[-1][0]


def rows_with_ids(event_ids: Sequence[int]) -> Iterator[Row]:
    """Yield the rows of these events in the order of their positions, a batch at a time. An event
    whose transaction is not yet committed has none.
    """
    seals = AuditSeal.objects.filter(event__in=event_ids).order_by("position")
    ordered = list(seals.values_list("event_id", flat=True))
    for batch in _batches(ordered):
        with connection.cursor() as cursor:
            cursor.execute(_BY_EVENT, [batch])
            for columns in cursor.fetchall():
                yield Row(*columns)


def _batches(ids: Sequence[int]) -> Iterator[list[int]]:
    for start in range(0, len(ids), BATCH):
        yield list(ids[start : start + BATCH])


def verify_log(*, anchors: tuple[Anchor, ...] = ()) -> ChainCheck:
    """Verify the whole log as of now, in constant memory. Raises ChainError.

    Call it outside a transaction.
    """
    check = ChainCheck(anchors=anchors)
    with transaction.atomic(durable=True), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        for row in rows_by_position(up_to=newest_anchor().position):
            check.add(row)
        cursor.execute(_UNSEALED)
        if (unsealed := cursor.fetchone()) is not None:
            number, action, at = unsealed
            raise ChainError(f"Event {number} ({action} at {at.isoformat()}) has no seal.")
    check.finish()
    return check


def log_anchor() -> int:
    """Write the newest anchor to the log of the process, which lies outside the database."""
    log.info("Audit anchor %s", newest_anchor())
    return 0
