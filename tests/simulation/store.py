"""The database of a simulation: watched connections, emptied between seeds."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache
from typing import Any

from django.db import connection, transaction

from tests.simulation.scheduler import Scheduler

_LOCKS = re.compile(r"^\s*(INSERT|UPDATE|DELETE|LOCK|TRUNCATE|WITH)|\bFOR (NO KEY )?(UPDATE|SHARE)\b", re.IGNORECASE)

_scheduler: list[Scheduler] = []


def watch_with(scheduler: Scheduler | None) -> None:
    """From now on, the statements of all actors are points of this scheduler."""
    _scheduler[:] = [] if scheduler is None else [scheduler]


def watch_connection() -> None:
    """Watch the connection of this thread. Called once in each."""
    connection.execute_wrappers.append(_Watch())


def probe(label: str) -> None:
    """A labelled point of the engine. It hands over unless it is inside a transaction."""
    scheduler = _scheduler[0] if _scheduler else None
    if scheduler is not None and not connection.in_atomic_block:
        scheduler.point(label)
    elif scheduler is not None:
        scheduler.point_in_lock(label)


class _Watch:
    """Hands over before a statement, but never while the transaction holds a lock: another actor
    would wait for it in PostgreSQL, and the simulation with it. A process may die even then.
    """

    def __init__(self) -> None:
        self._holds_lock = False

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: dict[str, Any]) -> Any:
        scheduler = _scheduler[0] if _scheduler else None
        if not connection.in_atomic_block:
            self._holds_lock = False
        if scheduler is not None:
            if self._holds_lock:
                scheduler.point_in_lock(f"sql {_short(sql)}")
            else:
                scheduler.point(f"sql {_short(sql)}")
        result = execute(sql, params, many, context)
        self._holds_lock = connection.in_atomic_block and (self._holds_lock or bool(_LOCKS.search(sql)))
        return result


def _short(sql: str) -> str:
    """Without the names of savepoints, which contain the number of the thread."""
    return " ".join(sql.split()[:3] if "SAVEPOINT" in sql[:20] else sql.split())[:48].partition('"s1')[0]


@cache
def _tables() -> tuple[str, ...]:
    """All but what a migration fills."""
    kept = {"django_content_type", "auth_permission", "django_migrations", "simulation_approval"}
    with connection.cursor() as cursor:
        return tuple(sorted(set(connection.introspection.table_names(cursor)) - kept))


def empty_store() -> None:
    """Remove all rows, also those that nobody may delete, and start all sequences again."""
    with connection.cursor() as cursor:
        questions = " UNION ALL ".join(
            f"SELECT '{table}' WHERE EXISTS (SELECT 1 FROM {connection.ops.quote_name(table)})"  # noqa: S608 - names of tables
            for table in _tables()
        )
        cursor.execute(questions)
        filled = [connection.ops.quote_name(row[0]) for row in cursor.fetchall()]
    if filled:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL session_replication_role = replica")  # the audit log is append-only
            cursor.execute(f"TRUNCATE {', '.join(filled)} RESTART IDENTITY CASCADE")
