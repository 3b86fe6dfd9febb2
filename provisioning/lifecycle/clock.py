"""The current time.

All leases and due times come from the database's clock, so a worker's own clock is irrelevant.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

from django.db import connection


class Clock(Protocol):
    def now(self) -> datetime: ...


class DatabaseClock:
    def now(self) -> datetime:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            row = cursor.fetchone()
        if row is None or not isinstance(row[0], datetime):
            raise TypeError(f"PostgreSQL returned {row!r} as the time.")
        return row[0]


_clocks: list[Clock] = [DatabaseClock()]


def now() -> datetime:
    return _clocks[-1].now()


@contextmanager
def using(clock: Clock) -> Iterator[None]:
    """Let the whole process use another clock, such as one that a test moves."""
    _clocks.append(clock)
    try:
        yield
    finally:
        _clocks.remove(clock)
