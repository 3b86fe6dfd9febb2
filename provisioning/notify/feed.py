"""Reads the audit log in the order of commits."""

from __future__ import annotations

from typing import Final

from provisioning.models import AuditCursor, AuditEvent, AuditSeal

CURSOR: Final = "notify"


def events_after(position: int, *, limit: int) -> list[tuple[int, AuditEvent]]:
    """Return the next events with their positions. Positions have no gaps, so nothing that commits
    later has a smaller one.
    """
    seals = (
        AuditSeal.objects.filter(position__gt=position)
        .order_by("position")
        .select_related("event__team", "event__actor", "event__environment__team", "event__environment__created_by")
    )
    return [(seal.position, seal.event) for seal in seals[:limit]]


def newest_position() -> int:
    return AuditSeal.objects.order_by("-position").values_list("position", flat=True).first() or 0


def locked_cursor() -> AuditCursor:
    """Return the cursor, locked until the end of the transaction. A portal that had no cursor starts
    with the events to come.
    """
    rows = AuditCursor.objects.select_for_update().filter(name=CURSOR)
    if (cursor := rows.first()) is None:
        AuditCursor.objects.bulk_create([AuditCursor(name=CURSOR, position=newest_position())], ignore_conflicts=True)
        cursor = rows.get()
    return cursor
