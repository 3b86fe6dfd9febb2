"""Workers: each a process with the threads of a real one, namely the engine's loop, the renewal of
its leases and the poller. A worker that dies is replaced after a while.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Min

from provisioning.lifecycle import clock
from provisioning.lifecycle.engine import Engine
from provisioning.lifecycle.leases import RENEW_EVERY_SECONDS, Leases
from provisioning.lifecycle.poller.poller import Poller, watch_moving_regions
from provisioning.lifecycle.reconciler import expire_waiting, run_due
from provisioning.models import Operation, PolledRegion
from tests.simulation.scheduler import Actor, Process
from tests.simulation.store import probe
from tests.simulation.world import SimulatedWorld

ROUNDS_A_CYCLE = 20
LONGEST_SLEEP = 10.0
IDLE_SLEEP = 60.0
MOVING_EVERY = timedelta(seconds=60)


@dataclass
class Workers:
    world: SimulatedWorld
    processes: list[Process] = field(default_factory=list)
    engines: list[Actor] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def start(self, *, after: float = 0.0) -> None:
        process = Process(f"worker-{next(self._numbers)}")
        worker = Worker(self.world, Leases(name=process.name))
        self.processes.append(process)
        spawn = self.world.scheduler.spawn
        self.engines = [actor for actor in self.engines if not actor.is_done]
        self.engines.append(spawn(process, "engine", worker.run_engine, after=after))
        spawn(process, "renewal", worker.run_renewal, after=after)
        spawn(process, "poller", worker.run_poller, after=after)

    def replace_the_dead(self) -> None:
        for process in [process for process in self.processes if process.is_dead]:
            self.processes.remove(process)
            self.start(after=self.world.random.uniform(1, 20))

    def nudge(self) -> None:
        """Somebody has opened an operation."""
        for actor in self.engines:
            if actor.at_point == "asleep":
                actor.wake_at = min(actor.wake_at, self.world.clock.now() + self.world.later(0, 2))


@dataclass
class Worker:
    """The loops of `provisioning.jobs`, without the waiting for threads and signals."""

    world: SimulatedWorld
    leases: Leases

    def run_engine(self) -> None:
        engine = Engine(aws_for=self.world.aws_for, probe=probe, leases=self.leases)
        while True:
            expire_waiting()
            for _ in range(ROUNDS_A_CYCLE):
                if not run_due(engine):
                    break
            first = Operation.objects.filter(ended_at=None).aggregate(at=Min("due_at"))["at"]
            self._sleep_until(first, at_least=1.0)

    def run_renewal(self) -> None:
        while True:
            if self.leases.held():
                self.leases.renew()
            self.world.scheduler.sleep(RENEW_EVERY_SECONDS)

    def run_poller(self) -> None:
        poller = Poller(aws_for=self.world.aws_for, holder=self.leases.worker_id)
        checked_at = None
        while True:
            if checked_at is None or clock.now() >= checked_at + MOVING_EVERY:
                watch_moving_regions(at=clock.now())
                checked_at = clock.now()
            poller.run_due()
            self._sleep_until(PolledRegion.objects.aggregate(at=Min("due_at"))["at"], at_least=0.5)

    def _sleep_until(self, at: datetime | None, *, at_least: float) -> None:
        """A real worker looks several times a second. Looking in vain would only cost time here."""
        if at is None:
            self.world.scheduler.sleep(IDLE_SLEEP)
        else:
            self.world.scheduler.sleep(max(at_least, min(LONGEST_SLEEP, (at - clock.now()).total_seconds())))
