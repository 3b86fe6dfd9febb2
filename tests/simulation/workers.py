"""Workers: each a process with the engine's loop and, as a thread of its own, the renewal of its
leases. Whoever dies is replaced after a while.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime

from django.db.models import Min

from provisioning.lifecycle import clock
from provisioning.lifecycle.engine import Engine
from provisioning.lifecycle.reconciler import expire_waiting, run_due
from provisioning.models import Operation
from tests.simulation.scheduler import Process
from tests.simulation.world import SimulatedWorld

LONGEST_SLEEP = 60.0
ROUNDS_A_CYCLE = 20


@dataclass
class Workers:
    world: SimulatedWorld
    processes: list[Process] = field(default_factory=list)
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def start(self, *, after: float = 0.0) -> Process:
        process = Process(f"worker-{next(self._numbers)}")
        worker = Worker(self.world, process)
        self.processes.append(process)
        self.world.scheduler.spawn(process, "engine", worker.run, after=after)
        return process

    def replace_the_dead(self) -> None:
        for process in [process for process in self.processes if process.is_dead]:
            self.processes.remove(process)
            self.start(after=self.world.random.uniform(1, 20))


@dataclass
class Worker:
    world: SimulatedWorld
    process: Process

    def run(self) -> None:
        engine = Engine(aws_for=self.world.aws_for, probe=self.world.scheduler.point)
        while True:
            expire_waiting()
            for _ in range(ROUNDS_A_CYCLE):
                if not run_due(engine):
                    break
            self.world.scheduler.sleep(self._until_something_is_due())

    def _until_something_is_due(self) -> float:
        """A real worker looks once a second. Looking in vain would only cost time here."""
        first = Operation.objects.filter(ended_at=None).aggregate(at=Min("due_at"))["at"]
        if first is None:
            return LONGEST_SLEEP
        return max(1.0, min(LONGEST_SLEEP, (first - clock.now()).total_seconds()))
