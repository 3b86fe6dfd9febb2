"""Kills the worker at each call that it makes, and lets another one continue."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import timedelta

from django.db import connection
from django.utils import timezone

from provisioning.lifecycle.read.failures import failure
from provisioning.lifecycle.steps.interruptions import QUARANTINE_AT
from provisioning.models import Environment, Operation, PeriodicTask, PolledRegion, Request, Worker
from tests.integration.conftest import Place
from tests.integration.fault_proxy import Boundary, Moment
from tests.integration.forked_worker import Workers
from tests.integration.stories import is_done

LONG_AGO = timedelta(hours=1)
FAILED = ("create_failed", "change_failed", "needs_repair", "teardown_failed")


@dataclass(frozen=True)
class Kill:
    """A boundary, in the state of the operation in which a worker comes to it."""

    state: str
    boundary: Boundary

    def __str__(self) -> str:
        return f"{self.state} {self.boundary.call} {self.boundary.moment}"


class Killer:
    """Kills the worker once for each state and boundary.

    A step that has cost a worker is let through: after two it would run in a process of its own, and
    after five it would end. `postponed` has the kills that are left for the next environment. `only`
    names the calls to be killed at (empty: all), and `moments` the moments.
    """

    def __init__(self, place: Place, workers: Workers) -> None:
        self._place = place
        self._workers = workers
        self._lock = threading.Lock()
        self._is_armed = False
        self.only: frozenset[str] = frozenset()
        self.moments: frozenset[Moment] = frozenset({"request", "answer", "received"})
        self.killed_at: set[Kill] = set()
        self.postponed: set[Kill] = set()

    def let_pass(self, boundary: Boundary) -> bool:
        """Called in a thread of the proxy."""
        with self._lock:
            if not self._is_armed or not self._concerns(boundary):
                return True
            state, deaths = _running()
            kill = Kill(state, boundary)
            if not state or kill in self.killed_at:
                return True
            if deaths >= QUARANTINE_AT - 1:
                self.postponed.add(kill)
                return True
            self.killed_at.add(kill)
            self._workers.kill()
            return False

    def _concerns(self, boundary: Boundary) -> bool:
        """What was only read is read again, so it does not matter whether its answer arrived."""
        matters = boundary.changes_something or boundary.moment == "request"
        return matters and boundary.moment in self.moments and (not self.only or boundary.call in self.only)

    def run(
        self, environment: Environment, state: str, *, request: Request | None = None, seconds: float = 1200
    ) -> None:
        """Starts a new worker after each death, until the environment rests in this state and the
        request is done.
        """
        self._is_armed = True
        self.postponed.clear()

        def look() -> str:
            current = self.look(environment)
            if request is None or current != state:
                return current
            return current if is_done(self._place, request) else "in progress"

        reached = self._place.until(look, {state, *FAILED}.__contains__, seconds, state)
        self._is_armed = False
        self.postponed -= self.killed_at
        assert reached == state, f"{reached} after {[str(kill) for kill in self.killed_at]}: {failure(environment)}"

    def undisturbed(self, name: str) -> Environment:
        """An environment whose creation is left in peace."""
        environment = self._place.ask(name)
        self._place.until(lambda: self.look(environment), {"running", *FAILED}.__contains__, 400, "running")
        assert environment.state == "running"
        return environment

    def look(self, environment: Environment) -> str:
        """The state of the environment. Starts a worker if there is none."""
        if not self._workers.alive():
            _bury()
            self._workers.start()
        environment.refresh_from_db()
        return environment.state

    def moments_of(self, call: str) -> set[str]:
        """The moments of a call that changes something at which a worker was killed, in any state."""
        return {kill.boundary.moment for kill in self.killed_at if kill.boundary.call == call}


def _running() -> tuple[str, int]:
    """The state of the operation that is running now, and how many workers its step has cost."""
    try:
        running = Operation.objects.filter(ended_at=None).values_list("state", "deaths").first()
        return running or ("", 0)
    finally:
        connection.close()


def _bury() -> None:
    """What the dead worker held can be taken over now: its last call had its effect by now, or never
    will. The engine adds its grace of five seconds.
    """
    now = timezone.now()
    Worker.objects.filter(ended_at=None).update(heartbeat_at=now - LONG_AGO)
    Operation.objects.filter(ended_at=None).update(lease_until=now, due_at=now)
    Operation.objects.filter(ended_at=None, call_ended_at=None, call_deadline__gt=now).update(call_deadline=now)
    PolledRegion.objects.exclude(lease_until=None).update(lease_until=now)
    PeriodicTask.objects.exclude(lease_until=None).update(lease_until=now)
