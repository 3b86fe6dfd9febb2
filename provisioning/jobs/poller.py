"""The thread that runs the poller.

Calls to AWS run in threads of their own, the lanes, so that an account that hangs delays no other.
The lanes use no database: this thread claims the regions and writes what was found.
"""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from time import monotonic
from typing import Final

from django.db import close_old_connections, connection

from provisioning.lifecycle import clock
from provisioning.lifecycle.database import DATABASE_AWAY
from provisioning.lifecycle.engine import PROCESS_LEASES
from provisioning.lifecycle.poller.errand import Findings
from provisioning.lifecycle.poller.poller import Poller, Visit, watch_moving_regions
from provisioning.lifecycle.poller.regions import VISIT_SECONDS, renew_leases

log = logging.getLogger(__name__)

LANES: Final = 16
LANES_FOR_FAILING: Final = 8
"""Regions whose last visit failed may hang again. They get only so many lanes at a time."""
CYCLE_SECONDS: Final = 0.25
"""A visit that has ended waits so long for the next cycle. More cycles would cost more than they
save: each of them looks for regions that are due.
"""
RENEWED_EVERY_SECONDS: Final = 8.0
CHECKED_EVERY_SECONDS: Final = 60.0
AFTER_ERROR_SECONDS: Final = 5.0


@dataclass(slots=True)
class Lanes:
    """The visits whose calls are in progress, with the time at which each began."""

    poller: Poller
    pool: ThreadPoolExecutor
    visits: dict[Future[Findings], tuple[Visit, float]] = field(default_factory=dict)
    renewed_at: float = field(default_factory=monotonic)
    checked_at: float = float("-inf")

    def cycle(self) -> None:
        """Settle the visits that have ended, then begin as many as there are lanes."""
        for future in [future for future in self.visits if future.done()]:
            self._settle(future)
        if monotonic() - self.checked_at >= CHECKED_EVERY_SECONDS:
            watch_moving_regions(at=clock.now())
            self.checked_at = monotonic()
        if monotonic() - self.renewed_at >= RENEWED_EVERY_SECONDS:
            self._renew()
        self._begin()

    def _begin(self) -> None:
        failing = sum(visit.region.misses > 0 for visit, _ in self.visits.values())
        room = LANES - len(self.visits)
        if room <= 0:
            return
        visits = self.poller.claim(limit=room, failing=False)
        left = min(room - len(visits), LANES_FOR_FAILING - failing)
        if left > 0:
            visits += self.poller.claim(limit=left)
        for visit in visits:
            self.visits[self.pool.submit(self.poller.ask, visit)] = visit, monotonic()

    def _settle(self, future: Future[Findings]) -> None:
        visit, _ = self.visits.pop(future)
        findings = future.result()
        self.poller.settle(visit, findings)
        if findings.messages:
            self.pool.submit(self.poller.delete_messages, visit, findings)

    def _renew(self) -> None:
        """Keep the leases of visits in progress, but not of those that take too long."""
        begun = monotonic() - VISIT_SECONDS
        ids = [visit.region.pk for visit, began_at in self.visits.values() if began_at > begun]
        renew_leases(ids, holder=self.poller.holder, now=clock.now())
        self.renewed_at = monotonic()


def start(stop: threading.Event) -> threading.Thread:
    """Starts the poller; it ends when `stop` is set. Its leases are those of the process."""
    poller = Poller(holder=PROCESS_LEASES.worker_id)
    thread = threading.Thread(target=run_forever, args=(stop, poller), name="poller", daemon=True)
    thread.start()
    return thread


def run_forever(stop: threading.Event, poller: Poller) -> None:
    pool = ThreadPoolExecutor(LANES, thread_name_prefix="poller")
    lanes = Lanes(poller, pool)
    while not stop.is_set():
        stop.wait(_cycle(lanes))
    pool.shutdown(wait=False, cancel_futures=True)


def _cycle(lanes: Lanes) -> float:
    """Run one cycle and return the seconds until the next."""
    close_old_connections()
    try:
        lanes.cycle()
    except DATABASE_AWAY:
        connection.close()
        return AFTER_ERROR_SECONDS
    except Exception:  # a fault in one visit must not end the poller: its lease runs out, and it is visited again
        log.exception("A visit of the poller failed.")
        return AFTER_ERROR_SECONDS
    return CYCLE_SECONDS
