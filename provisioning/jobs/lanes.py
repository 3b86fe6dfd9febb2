"""Threads that run due operations, by account and region: what hangs in one lane delays no other.

A lane has at most `LANE_THREADS` at a time. A step that takes long no longer counts as one of the
`ACTIVE` threads, so that hanging accounts leave the others their share; while a lane is slow, it
has only one thread. Each thread claims one operation at a time, runs its step, and goes on with
the next of its lane for a while.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Final

from django.db import close_old_connections, connection

from provisioning.lifecycle import clock
from provisioning.lifecycle.claims import Lane, lanes_with_due_work
from provisioning.lifecycle.database import DATABASE_AWAY
from provisioning.lifecycle.engine import Engine
from provisioning.lifecycle.steps.interruptions import QUARANTINE_AT

log = logging.getLogger(__name__)

ACTIVE: Final = 8
SLOW: Final = 16
"""The most threads that wait in steps of lanes that are known to be slow, in addition to the active ones."""
THREADS: Final = 48
"""All threads. Those beyond the active and the slow ones are for lanes that hang for the first time,
so that many accounts that begin to hang together leave threads to the others. Each thread in a step
has a connection to the database.
"""
LANE_THREADS: Final = 2
SLOW_AFTER_SECONDS: Final = 3.0
"""A step takes well under a second; one that takes this long waits for AWS or the network."""
SLICE_SECONDS: Final = 5.0
"""After this time a thread goes back to the pool, so that lanes take turns."""
LANES_AT_ONCE: Final = 200

# Operations that have cost several workers run in a process of their own: see `suspects`.
UNSUSPICIOUS: Final = (0, QUARANTINE_AT - 1)


@dataclass(slots=True, eq=False)
class Run:
    """One thread at work in a lane. `step_began` is the uptime, None between two steps."""

    lane: Lane
    step_began: float | None = None

    @property
    def is_slow(self) -> bool:
        began = self.step_began
        return began is not None and clock.uptime() - began > SLOW_AFTER_SECONDS


def _due() -> Sequence[Lane]:
    return lanes_with_due_work(most_deaths=UNSUSPICIOUS[1], limit=LANES_AT_ONCE)


@dataclass(slots=True)
class Lanes:
    """The lanes of this process. `new_engine` makes the engine of a thread; `woken` is set when
    there may be more to begin.
    """

    stop: threading.Event
    new_engine: Callable[[], Engine] = Engine
    due: Callable[[], Sequence[Lane]] = _due
    woken: threading.Event = field(default_factory=threading.Event)
    slow: set[Lane] = field(default_factory=set)
    """Lanes in which the last step took long."""
    _runs: set[Run] = field(default_factory=set)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _pool: ThreadPoolExecutor = field(default_factory=lambda: ThreadPoolExecutor(THREADS, thread_name_prefix="lane"))

    @property
    def runs(self) -> Sequence[Run]:
        """The runs in progress."""
        with self._lock:
            return list(self._runs)

    def begin(self) -> int:
        """Begin runs in the lanes that wait for longest, as many as there is room for."""
        lanes = self.due()
        begun = 0
        for threads in range(1, LANE_THREADS + 1):  # each lane its first thread before any its second
            for lane in lanes:
                if self._has_room(lane, threads=threads):
                    self._submit(lane)
                    begun += 1
        return begun

    def _has_room(self, lane: Lane, *, threads: int) -> bool:
        runs = self.runs
        with self._lock:
            slow_lanes = self.slow | {run.lane for run in runs if run.is_slow}
        here = sum(run.lane == lane for run in runs)
        if here >= (1 if lane in slow_lanes else threads):
            return False
        if lane in slow_lanes:
            return sum(run.lane in slow_lanes for run in runs) < SLOW
        return sum(run.lane not in slow_lanes for run in runs) < ACTIVE

    def _submit(self, lane: Lane) -> None:
        run = Run(lane)
        with self._lock:
            self._runs.add(run)
        self._pool.submit(self._work, run).add_done_callback(lambda _future: self._ended(run))

    def _ended(self, run: Run) -> None:
        """Also called for a run that `close` has cancelled before a thread took it."""
        with self._lock:
            self._runs.discard(run)
        self.woken.set()

    def _work(self, run: Run) -> None:
        try:
            close_old_connections()
            self._steps(run)
        except DATABASE_AWAY as error:
            log.warning("A step was dropped, because the database is away: %s", str(error).strip())
            connection.close()
        except Exception:  # the lease runs out, and the step runs again
            log.exception("A step was dropped")
            connection.close()
        if run.lane in self.slow:  # its thread may be one of many that are not needed again soon
            connection.close()

    def _steps(self, run: Run) -> None:
        engine, until = self.new_engine(), clock.uptime() + SLICE_SECONDS
        while not self.stop.is_set() and clock.uptime() < until:
            claimed = engine.claim(limit=1, lane=run.lane, deaths=UNSUSPICIOUS)
            if not claimed:
                return
            run.step_began = clock.uptime()
            try:
                engine.step(claimed[0])
            finally:
                was_slow, run.step_began = run.is_slow, None
                with self._lock:
                    (self.slow.add if was_slow else self.slow.discard)(run.lane)

    def close(self, *, seconds: float) -> bool:
        """Begin nothing more. Returns whether all runs have ended within the time."""
        self._pool.shutdown(wait=False, cancel_futures=True)
        until = clock.uptime() + seconds
        while self.runs and clock.uptime() < until:
            self.woken.wait(until - clock.uptime())
            self.woken.clear()
        return not self.runs
