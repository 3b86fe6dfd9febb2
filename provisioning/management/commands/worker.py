"""`manage.py worker`: runs two processes, one RQ worker for the queue and the reconciler.

The reconciler alone suffices: it continues without Redis, and the RQ worker is restarted until
Redis is available again. It starts a third process, for a moment, for operations that have crashed
workers.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from collections.abc import Sequence
from types import FrameType

import django_rq
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from redis.exceptions import RedisError

from provisioning.jobs import periodic, poller, reconciler
from provisioning.jobs.lanes import Lanes
from provisioning.jobs.leaving import leave
from provisioning.jobs.nudge_worker import NudgeWorker
from provisioning.jobs.suspects import SuspectsProcess, run_suspects
from provisioning.lifecycle import audit_context
from provisioning.lifecycle.audit_context import Via
from provisioning.lifecycle.database import DATABASE_AWAY, connect_as_worker
from provisioning.lifecycle.engine import PROCESS_LEASES, Engine
from provisioning.lifecycle.nudge import QUEUE
from provisioning.processes import ProcessManager

PARTS = ("reconciler", "rq")
SUSPECTS = "suspects"
NO_REDIS = 3
DATABASE_LOST = 4
STOP_SECONDS = 8.0
"""A part may need the rest of a cycle, a moment for its steps, and a moment for its leases. Docker
kills after 10 seconds.
"""


class Command(BaseCommand):
    help = "Runs operations: one process for the queue, and the reconciler."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--part", choices=(*PARTS, SUSPECTS), help="run only this part, in this process")

    def handle(self, *args: object, part: str | None = None, **options: object) -> None:
        del args, options
        if connection.vendor != "postgresql":
            raise CommandError("The worker needs PostgreSQL: set DATABASE_URL.")
        if part is None:
            processes = ProcessManager(stop_seconds=STOP_SECONDS)
            for name in PARTS:
                processes.start(name, _command(sys.orig_argv[1:], name), restart=True)
            processes.run()
            return
        connect_as_worker()
        audit_context.set_for_process(Via.WORKER)
        {"reconciler": run_reconciler, "rq": run_rq, SUSPECTS: run_suspects_only}[part]()


def _command(arguments: Sequence[str], part: str) -> list[str]:
    return [sys.executable, *arguments, "--part", part]


def run_reconciler() -> None:
    stop = threading.Event()
    lanes = Lanes(stop)

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    PROCESS_LEASES.start_renewing(stop)
    poller.start(stop)
    periodic.start(stop)
    suspects = SuspectsProcess(_command(sys.orig_argv[1:-2], SUSPECTS))  # without this part's own name
    reconciler.run_forever(stop, lanes=lanes, suspects=suspects)
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
