"""A worker's leases on operations: its heartbeat, their renewal, and when it must give them up.

A lease lasts `LEASE`, which is 30 seconds unless a setting says otherwise. One thread of each
process renews all its leases and its heartbeat every `RENEW_EVERY_SECONDS`: 8 seconds, or the same
share of another lease. If it could not do so for `GIVE_UP_SECONDS`, by a clock that also runs while
the machine is suspended, the worker counts its leases as lost before anybody else may take them. A
step that takes longer than `STEP_SECONDS` is not renewed any more.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from provisioning.lifecycle import clock
from provisioning.lifecycle.database import DATABASE_AWAY

log = logging.getLogger(__name__)

LEASE: Final = timedelta(seconds=settings.ENGINE_LEASE_SECONDS)
RENEW_EVERY_SECONDS: Final = LEASE.total_seconds() * 8 / 30
GIVE_UP_SECONDS: Final = LEASE.total_seconds() * 20 / 30
STEP_SECONDS: Final = 120.0

_BEAT: Final = f"""
INSERT INTO provisioning_worker (id, name, started_at, heartbeat_at)
VALUES (%(id)s, %(name)s, {clock.SQL}, {clock.SQL})
ON CONFLICT (id) DO UPDATE SET heartbeat_at = excluded.heartbeat_at, ended_at = NULL
"""  # noqa: S608 - of constants only
_RENEW: Final = f"""
UPDATE provisioning_operation SET lease_until = {clock.SQL} + make_interval(secs => %(lease)s)
FROM unnest(%(ids)s::uuid[], %(fences)s::bigint[]) AS held (id, fence)
WHERE provisioning_operation.id = held.id AND provisioning_operation.fence = held.fence
  AND holder = %(worker)s AND ended_at IS NULL AND lease_until > {clock.SQL}
RETURNING provisioning_operation.id
"""  # noqa: S608 - of constants only
_END: Final = f"UPDATE provisioning_worker SET ended_at = {clock.SQL} WHERE id = %(id)s"  # noqa: S608 - of constants only


@dataclass(slots=True)
class Lease:
    """One operation that this worker holds. Times are those of `clock.uptime`."""

    operation_id: UUID
    fence: int
    claimed_at: float
    renewed_at: float
    taken_over: bool = False
    """The database has refused its renewal: it has another holder, or it ran out."""

    @property
    def is_lost(self) -> bool:
        return self.taken_over or clock.uptime() - self.renewed_at > GIVE_UP_SECONDS

    @property
    def step_is_over(self) -> bool:
        """The step has taken all its time and sends nothing more."""
        return clock.uptime() - self.claimed_at > STEP_SECONDS


def _new_name() -> str:
    return f"{socket.gethostname()}:{os.getpid()}"


@dataclass(slots=True)
class Leases:
    """The leases of one worker. Thread-safe: the renewal thread uses it while steps run."""

    worker_id: UUID = field(default_factory=uuid.uuid4)
    name: str = field(default_factory=_new_name)
    lease: timedelta = LEASE
    _held: dict[UUID, Lease] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _beat_at: float = float("-inf")
    _thread: threading.Thread | None = None

    def hold(self, operation_id: UUID, fence: int, *, claimed_at: float) -> Lease:
        """Remember a claim. `claimed_at` is the uptime before the claim was sent."""
        lease = Lease(operation_id, fence, claimed_at, claimed_at)
        with self._lock:
            self._held[operation_id] = lease
        return lease

    def of(self, operation_id: UUID, fence: int) -> Lease | None:
        """The lease of this claim; None if a newer claim took its place."""
        with self._lock:
            lease = self._held.get(operation_id)
        return lease if lease is not None and lease.fence == fence else None

    def release(self, lease: Lease) -> None:
        with self._lock:
            if self._held.get(lease.operation_id) is lease:
                del self._held[lease.operation_id]

    def held(self) -> Sequence[Lease]:
        with self._lock:
            return list(self._held.values())

    def beat_if_due(self) -> None:
        """Write the heartbeat, unless the renewal thread has done so a moment ago."""
        if clock.uptime() - self._beat_at >= RENEW_EVERY_SECONDS:
            self.beat()

    def beat(self) -> None:
        at = clock.uptime()
        with connection.cursor() as cursor:
            cursor.execute(_BEAT, {"id": self.worker_id, "name": self.name[:200], "now": clock.parameter()})
        self._beat_at = at

    def renew(self) -> None:
        """Write the heartbeat and renew all leases, except of steps that have taken too long."""
        at = clock.uptime()
        renewing = [lease for lease in self.held() if not (lease.is_lost or lease.step_is_over)]
        with transaction.atomic():
            self.beat()
            if not renewing:
                return
            with connection.cursor() as cursor:
                cursor.execute(
                    _RENEW,
                    {
                        "lease": self.lease.total_seconds(),
                        "ids": [lease.operation_id for lease in renewing],
                        "fences": [lease.fence for lease in renewing],
                        "worker": self.worker_id,
                        "now": clock.parameter(),
                    },
                )
                renewed = {row[0] for row in cursor.fetchall()}
        for lease in renewing:
            if lease.operation_id in renewed:
                lease.renewed_at = max(lease.renewed_at, at)
            else:
                lease.taken_over = True

    def end(self) -> None:
        """Note that the worker ended on its own, so that nobody waits for its heartbeat to stop."""
        with connection.cursor() as cursor:
            cursor.execute(_END, {"id": self.worker_id, "now": clock.parameter()})

    def start_renewing(self, stop: threading.Event) -> threading.Thread:
        """Start the process's renewal thread. It ends when `stop` is set, and with the process."""
        self._thread = threading.Thread(target=self._renew_until, args=(stop,), name="renewal", daemon=True)
        self._thread.start()
        return self._thread

    def _renew_until(self, stop: threading.Event) -> None:
        while True:
            try:
                self.renew()
            except DATABASE_AWAY as error:
                log.warning("The leases were not renewed: %s", str(error).strip())
                connection.close()
            except Exception:  # the thread must not end: all steps of the process would lose their leases
                log.exception("The leases were not renewed")
                connection.close()
            if stop.wait(RENEW_EVERY_SECONDS):
                connection.close()
                return
