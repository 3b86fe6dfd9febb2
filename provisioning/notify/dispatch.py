"""Sends what is due, several deliveries at a time, so that the servers of one owner do not hold up the
deliveries of others.

A place is free again as soon as its delivery has ended, and the next one is claimed then. A lane (a
team, a person, or the mail server) has at most two places. A lane whose last delivery took long is
slow until one is quick again; all slow lanes together have a quarter of the places. So a server that
answers late costs the others at most the one time limit during which nobody knew that it is slow.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from dataclasses import dataclass, field
from traceback import format_tb
from typing import Final, Generic, TypeVar
from uuid import UUID

from django.db import connection

from provisioning.lifecycle import clock
from provisioning.lifecycle.database import DATABASE_AWAY
from provisioning.notify.outbox import Claim, Queue, claim

log = logging.getLogger(__name__)

T = TypeVar("T")

PLACES: Final = 16
SLOW_PLACES: Final = 4
SLOW_AFTER_SECONDS: Final = 3.0
RUN_SECONDS: Final = 30.0
"""After this time a run claims no more. It ends when what it has begun has ended."""
AT_A_TIME: Final = 500
"""The most deliveries of one run."""


@dataclass(frozen=True, slots=True)
class Sending(Generic[T]):
    """`send` runs in a thread and uses no database; `finish` writes its result. `unexpected` is the
    result of an error that nobody foresaw: it ends this delivery only.
    """

    send: Callable[[], T]
    finish: Callable[[T], None]
    unexpected: T


@dataclass(slots=True)
class Dispatcher(Generic[T]):
    """`begin` reads what the delivery needs; None if it is gone. `slow` remembers lanes from one run to the next; after
    the end of a worker, the next one learns them again.
    """

    queue: Queue
    slow: set[str] = field(default_factory=set)

    def run(self, begin: Callable[[UUID, UUID], Sending[T] | None], *, limit: int = AT_A_TIME) -> int:
        """Send what is due, up to `limit` deliveries. Returns how many were claimed.

        An error in `begin` or `finish` leaves that delivery to the end of its lease. If nothing can be
        claimed, as without the database, the error is raised when what was begun has ended.
        """
        until, number = clock.uptime() + RUN_SECONDS, 0
        failure: Exception | None = None
        running: dict[Future[tuple[T, float]], tuple[Claim, Sending[T]]] = {}
        with ThreadPoolExecutor(PLACES, thread_name_prefix=self.queue.table) as threads:
            while True:
                if failure is None and clock.uptime() < until:
                    try:
                        claimed = self._claim([each for each, _ in running.values()], limit=limit - number)
                    except Exception as error:  # noqa: BLE001 - raised below
                        claimed, failure = [], error
                        _reconnect(error)
                    number += len(claimed)
                    for each in claimed:
                        with _only(each):
                            if (sending := begin(each.delivery_id, each.holder)) is not None:
                                running[threads.submit(_timed, sending, each.delivery_id)] = (each, sending)
                if not running:
                    if failure is not None:
                        raise failure
                    return number
                for ended in wait(running, return_when=FIRST_COMPLETED).done:
                    each, sending = running.pop(ended)
                    result, seconds = ended.result()
                    (self.slow.add if seconds > SLOW_AFTER_SECONDS else self.slow.discard)(each.lane)
                    with _only(each):
                        sending.finish(result)

    def _claim(self, running: list[Claim], *, limit: int) -> list[Claim]:
        slow = list(self.slow)
        slow_running = sum(each.lane in self.slow for each in running)
        claimed: list[Claim] = []
        if slow and (room := min(limit, SLOW_PLACES - slow_running, PLACES - len(running))) > 0:
            claimed = claim(self.queue, limit=room, running=running, slow=slow, is_slow=True)
        fast_running = len(running) - slow_running
        if (room := min(limit - len(claimed), PLACES - SLOW_PLACES - fast_running)) > 0:
            claimed += claim(self.queue, limit=room, running=[*running, *claimed], slow=slow)
        return claimed


@contextmanager
def _only(claimed: Claim) -> Iterator[None]:
    """Let an error end this delivery only."""
    try:
        yield
    except Exception as error:  # noqa: BLE001 - the results of the other deliveries must be written
        _log(claimed.delivery_id, error)
        _reconnect(error)


def _reconnect(error: Exception) -> None:
    """Let the next query open a new connection if this one is lost."""
    if isinstance(error, DATABASE_AWAY):
        connection.close()


def _timed(sending: Sending[T], delivery_id: UUID) -> tuple[T, float]:
    began = clock.uptime()
    try:
        result = sending.send()
    except Exception as error:  # noqa: BLE001 - the other deliveries must be sent
        _log(delivery_id, error)
        result = sending.unexpected
    return result, clock.uptime() - began


def _log(delivery_id: UUID, error: Exception) -> None:
    """Without the error's text, which may repeat an address with a token."""
    where = "".join(format_tb(error.__traceback__))
    log.error("Delivery %s failed with %s:\n%s", delivery_id, type(error).__name__, where)
