"""`manage.py worker`: runs two processes, one RQ worker for the queue and the reconciler.

The reconciler alone suffices: it continues without Redis, and the RQ worker is restarted until
Redis is available again. It starts a third process, for a moment, for operations that have crashed
workers.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from django.core.management.base import BaseCommand, CommandError
from django.db import connection

from provisioning.lifecycle import audit_context
from provisioning.lifecycle.audit_context import Via
from provisioning.lifecycle.database import connect_as_worker
from provisioning.processes import ProcessManager

PARTS = ("reconciler", "rq")
SUSPECTS = "suspects"
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
        # Here, because it loads the engine, which the process that manages the parts does not need.
        from provisioning.jobs import parts  # noqa: PLC0415

        connect_as_worker()
        audit_context.set_for_process(Via.WORKER)
        if part == "reconciler":
            parts.run_reconciler(_command(sys.orig_argv[1:-2], SUSPECTS))  # without this part's own name
        elif part == "rq":
            parts.run_rq()
        else:
            parts.run_suspects_only()


def _command(arguments: Sequence[str], part: str) -> list[str]:
    return [sys.executable, *arguments, "--part", part]
