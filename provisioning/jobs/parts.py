"""The parts of the worker, each in a process of its own: see `manage.py worker`."""

from __future__ import annotations

import signal
import threading
from types import FrameType

import django_rq
from redis.exceptions import RedisError

from provisioning.jobs import periodic, poller, reconciler
from provisioning.jobs.lanes import Lanes
from provisioning.jobs.leaving import leave
from provisioning.jobs.nudge_worker import NudgeWorker
from provisioning.jobs.suspects import SuspectsProcess, run_suspects
from provisioning.lifecycle.database import DATABASE_AWAY
from provisioning.lifecycle.engine import PROCESS_LEASES, Engine
from provisioning.lifecycle.nudge import QUEUE

NO_REDIS = 3
DATABASE_LOST = 4


def run_reconciler(suspects_command: list[str]) -> None:
    """Run the engine until the process is asked to stop. `suspects_command` starts the process for operations
    that have crashed workers.
    """
    stop = threading.Event()
    lanes = Lanes(stop)

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    PROCESS_LEASES.start_renewing(stop)
    poller.start(stop)
    periodic.start(stop)
    reconciler.run_forever(stop, lanes=lanes, suspects=SuspectsProcess(suspects_command))
    leave(0)


def run_rq() -> None:
    """Exits with its own code while Redis is unavailable; the process manager restarts it."""
    PROCESS_LEASES.start_renewing(threading.Event())
    try:
        queue = django_rq.get_queue(QUEUE)
        worker = NudgeWorker([queue], connection=queue.connection, serializer=queue.serializer)
        worker.work(logging_level="WARNING")
    except RedisError:
        leave(NO_REDIS)


def run_suspects_only() -> None:
    """It may be killed by what it runs; that is what it is for. When it is asked to end, it leaves
    its step as every part does, so that this does not count as another crash.
    """
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: leave(0))
    PROCESS_LEASES.start_renewing(threading.Event())
    try:
        run_suspects(Engine())
    except DATABASE_AWAY:
        leave(DATABASE_LOST)  # it is started again while there is anything to run
    leave(0)
