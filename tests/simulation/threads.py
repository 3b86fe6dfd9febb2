"""Threads that are kept with their database connections: a new connection for each actor of each
seed would take most of the time.
"""

from __future__ import annotations

import sys
import threading
import traceback
from collections.abc import Callable

from django.db import connection, connections
from psycopg.pq import TransactionStatus

STUCK_SECONDS = 20.0


class Stuck(Exception):  # noqa: N818 - it names what has happened
    """A thread waits for something that another one has, such as a lock in PostgreSQL."""


class PooledThread:
    """Runs one job at a time, and only between `start` or `resume` and `hand_back`."""

    def __init__(self, pool: ThreadPool) -> None:
        self._pool = pool
        self._go, self._back = threading.Semaphore(0), threading.Semaphore(0)
        self._job: Callable[[], None] | None = None
        self._thread = threading.Thread(target=self._loop, daemon=True, name="actor")
        self._thread.start()

    def start(self, job: Callable[[], None]) -> None:
        self._job = job
        self.resume()

    def resume(self) -> None:
        """Returns when the thread hands back, or when its job has ended."""
        self._go.release()
        if not self._back.acquire(timeout=STUCK_SECONDS):
            raise Stuck("\n".join(self._stack()))

    def _stack(self) -> list[str]:
        frame = sys._current_frames().get(self._thread.ident or 0)
        return [line.rstrip() for line in traceback.format_stack(frame)] if frame else []

    def hand_back(self) -> None:
        self._back.release()
        self._go.acquire()

    def _loop(self) -> None:
        self._pool.prepare()
        while True:
            self._go.acquire()
            job, self._job = self._job, None
            if job is None:
                connections.close_all()
                self._back.release()
                return
            job()
            _leave_clean()
            self._pool.free.append(self)
            self._back.release()


class ThreadPool:
    """`prepare` runs once in each thread, such as to watch its connection."""

    def __init__(self, prepare: Callable[[], None]) -> None:
        self.prepare = prepare
        self.free: list[PooledThread] = []

    def take(self) -> PooledThread:
        return self.free.pop() if self.free else PooledThread(self)

    def close(self) -> None:
        while self.free:
            self.free.pop().resume()


def _leave_clean() -> None:
    """A worker that died in a transaction leaves it to PostgreSQL, which rolls it back."""
    raw = connection.connection
    if raw is not None and (connection.in_atomic_block or raw.info.transaction_status != TransactionStatus.IDLE):
        connection.close()
        connection.in_atomic_block = False
    connection.savepoint_ids = []
    connection.needs_rollback = False
    connection.run_on_commit = []
