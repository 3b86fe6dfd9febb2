"""The current time.

All leases and due times come from the database's clock, so a worker's own clock is irrelevant.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Protocol

from django.db import connection
from django.db.models import DateTimeField, Func, Value
from django.db.models.expressions import Expression

from provisioning.aws import permits

SQL = "COALESCE(%(now)s::timestamptz, clock_timestamp())"
"""The current time in a statement with the parameter `now`, which is that of `parameter()`."""


class Clock(Protocol):
    def now(self) -> datetime: ...

    def uptime(self) -> float: ...


class DatabaseClock:
    def now(self) -> datetime:
        with connection.cursor() as cursor:
            cursor.execute("SELECT clock_timestamp()")
            row = cursor.fetchone()
        if row is None or not isinstance(row[0], datetime):
            raise TypeError(f"PostgreSQL returned {row!r} as the time.")
        return row[0]

    def uptime(self) -> float:
        return permits.uptime()


_clocks: list[Clock] = [DatabaseClock()]


def now() -> datetime:
    return _clocks[-1].now()


def parameter() -> datetime | None:
    """The time to give to a statement with `SQL`: None for the database's clock, so that the
    statement itself reads it.
    """
    clock = _clocks[-1]
    return None if isinstance(clock, DatabaseClock) else clock.now()


def expression() -> Expression:
    """The current time in a queryset. As with `SQL`, the statement reads the database's clock itself."""
    fixed = parameter()
    if fixed is not None:
        return Value(fixed, output_field=DateTimeField())
    return Func(function="clock_timestamp", output_field=DateTimeField())


def uptime() -> float:
    """Seconds on a clock that cannot be set and that runs while the machine is suspended. Only
    differences of it mean anything.
    """
    return _clocks[-1].uptime()


@contextmanager
def using(clock: Clock) -> Iterator[None]:
    """Let the whole process use another clock, such as one that a test moves."""
    _clocks.append(clock)
    try:
        yield
    finally:
        _clocks.remove(clock)
