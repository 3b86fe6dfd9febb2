"""`manage.py worker`: runs two processes, one RQ worker for the queue and the reconciler.

The reconciler alone suffices: it continues without Redis, and the RQ worker is restarted until
Redis is available again.
"""

from __future__ import annotations

import argparse
import signal
import sys
import threading
from types import FrameType

import django_rq
from django.core.management.base import BaseCommand, CommandError
from django.db import connection
from redis.exceptions import RedisError

from provisioning.jobs import poller, preflight, reconciler
from provisioning.jobs.nudge_worker import NudgeWorker
from provisioning.lifecycle.nudge import QUEUE
from provisioning.processes import ProcessManager

PARTS = ("reconciler", "rq")
NO_REDIS = 3


class Command(BaseCommand):
    help = "Runs operations: one process for the queue, and the reconciler."

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--part", choices=PARTS, help="run only this part, in this process")

    def handle(self, *args: object, part: str | None = None, **options: object) -> None:
        del args, options
        if connection.vendor != "postgresql":
            raise CommandError("The worker needs PostgreSQL: set DATABASE_URL.")
        if part == "reconciler":
            run_reconciler()
        elif part == "rq":
            run_rq()
        else:
            processes = ProcessManager()
            for name in PARTS:
                processes.start(name, [sys.executable, *sys.orig_argv[1:], "--part", name], restart=True)
            processes.run()


def run_reconciler() -> None:
    stop = threading.Event()

    def ask(_number: int, _frame: FrameType | None) -> None:
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, ask)
    preflight.start(stop)
    poller.start(stop)
    reconciler.run_forever(stop)


def run_rq() -> None:
    """Exits with its own code while Redis is unavailable; the process manager restarts it."""
    try:
        queue = django_rq.get_queue(QUEUE)
        worker = NudgeWorker([queue], connection=queue.connection, serializer=queue.serializer)
        worker.work(logging_level="WARNING")
    except RedisError:
        sys.exit(NO_REDIS)
