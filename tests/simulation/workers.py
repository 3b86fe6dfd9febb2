"""Workers: each a process with the threads of a real one, namely the engine's loop, the renewal of
its leases and the poller. A worker that crashes is replaced after a while.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection

from provisioning.lifecycle import clock
from provisioning.lifecycle.change_cleanup import clean_up_changes
from provisioning.lifecycle.drift.detection import advance_detections, nominate_overdue
from provisioning.lifecycle.engine import Engine
from provisioning.lifecycle.leases import RENEW_EVERY_SECONDS, Leases
from provisioning.lifecycle.periodic import Work, add_tasks, run_if_due
from provisioning.lifecycle.poller.poller import Poller, watch_moving_regions
from provisioning.lifecycle.reconciler import expire_waiting, run_due
from provisioning.lifecycle.scan.baseline import take_baselines
from provisioning.lifecycle.scan.regions import scan_due
from tests.simulation.scheduler import Process
from tests.simulation.store import probe
from tests.simulation.world import SimulatedWorld

ROUNDS_A_CYCLE = 20
PERIODIC_EVERY = 240.0
IDLE_SLEEP = 60.0
MOVING_EVERY = timedelta(seconds=60)


_NEXT_DUE = """
SELECT (SELECT min(GREATEST(due_at, lease_until)) FROM provisioning_operation WHERE ended_at IS NULL),
       (SELECT min(GREATEST(due_at, lease_until)) FROM provisioning_polledregion WHERE due_at IS NOT NULL)
"""


@dataclass
class Workers:
    world: SimulatedWorld
    processes: list[Process] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def start(self, *, after: float = 0.0) -> None:
        process = Process(f"worker-{next(self._numbers)}")
        worker = Worker(self.world, Leases(name=process.name))
        self.processes.append(process)
        spawn = self.world.scheduler.spawn
        spawn(process, "engine", worker.run_engine, after=after)
        if self.world.chance(0.3):
            spawn(process, "engine-2", worker.run_engine, after=after)
        spawn(process, "periodic", worker.run_periodic_tasks, after=after + 30)
        spawn(process, "renewal", worker.run_renewal, after=after)
        spawn(process, "poller", worker.run_poller, after=after)

    def replace_the_dead(self) -> None:
        for process in [process for process in self.processes if process.is_dead]:
            self.processes.remove(process)
            self.start(after=self.world.random.uniform(1, 20))

    def next_due(self) -> dict[str, datetime]:
        """For the scheduler: when an operation and a region are due and free."""
        with connection.cursor() as cursor:
            cursor.execute(_NEXT_DUE)
            operation, region = cursor.fetchone()
        jumped = self.world.time.jumped
        return {kind: at - jumped for kind, at in (("operation", operation), ("region", region)) if at is not None}


@dataclass
class Worker:
    """The loops of `provisioning.jobs`, without their waiting for threads and signals."""

    world: SimulatedWorld
    leases: Leases

    def run_engine(self) -> None:
        engine = Engine(aws_for=self.world.aws_for, probe=probe, leases=self.leases)
        while True:
            for _ in range(ROUNDS_A_CYCLE):
                if not run_due(engine):
                    break
            self.world.scheduler.sleep(IDLE_SLEEP, waits_for="operation")

    def run_periodic_tasks(self) -> None:
        """In reality each has a thread of its own. One after the other is enough here."""
        tasks = periodic_tasks(self.world)
        add_tasks(tasks)
        while True:
            for task in tasks:
                run_if_due(task, self.leases)
            self.world.scheduler.sleep(PERIODIC_EVERY)

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
            self.world.scheduler.sleep(IDLE_SLEEP, waits_for="region")


def periodic_tasks(world: SimulatedWorld) -> list[Work]:
    """Those of `provisioning.jobs.periodic` that call AWS or move something."""
    return [
        Work("expire requests", timedelta(seconds=60), expire_waiting),
        Work("take baselines", timedelta(minutes=2), lambda: take_baselines(world.aws_for)),
        Work("clean up after changes", timedelta(minutes=1), lambda: clean_up_changes(world.aws_for)),
        Work("scan regions", timedelta(minutes=5), lambda: scan_due(world.aws_for)),
        Work("detect drift", timedelta(minutes=1), lambda: advance_detections(world.aws_for)),
        Work("nominate for drift detection", timedelta(hours=1), nominate_overdue),
    ]
