"""Work that is due at intervals, once for all workers: the first one to claim it runs it.

A claim is a lease of the task's row. It ends early with its worker, and when the same worker claims
the task again: a worker has one thread for each task, so its earlier run is over, as after the loss
of the database. A task that fails is logged, its error is stored, and it is tried again soon; it
stops neither the others nor the loop.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from django.db import connection

from provisioning.lifecycle import clock
from provisioning.lifecycle.database import DATABASE_AWAY
from provisioning.lifecycle.leases import Leases
from provisioning.models import PeriodicTask

log = logging.getLogger(__name__)

AFTER_ERROR: Final = timedelta(minutes=1)
_LONGEST_ERROR: Final = 2000

_CLAIM: Final = f"""
UPDATE provisioning_periodictask SET holder = %(worker)s, lease_until = {clock.SQL} + make_interval(secs => %(lease)s)
WHERE name = %(name)s AND due_at <= {clock.SQL} AND (
    lease_until IS NULL OR lease_until <= {clock.SQL} OR holder = %(worker)s OR EXISTS (
        SELECT 1 FROM provisioning_worker AS w WHERE w.id = holder
        AND (w.ended_at IS NOT NULL OR w.heartbeat_at <= {clock.SQL} - make_interval(secs => %(dead_after)s))))
RETURNING name
"""  # noqa: S608 - of constants only
_FINISH: Final = f"""
UPDATE provisioning_periodictask
SET due_at = {clock.SQL} + make_interval(secs => %(wait)s), lease_until = NULL, last_run_at = {clock.SQL},
    last_error = %(error)s
WHERE name = %(name)s AND holder = %(worker)s
"""  # noqa: S608 - of constants only


@dataclass(frozen=True, slots=True)
class Work:
    """`run` does a bounded part of what is due, within `lease`, and may run twice: a worker that is
    paused for longer than `lease` does not know that another has taken over. It returns how much it
    has done; after that it is due again at once, and otherwise after `every`.
    """

    name: str
    every: timedelta
    run: Callable[[], int]
    lease: timedelta = timedelta(minutes=10)


def add_tasks(tasks: Iterable[Work]) -> None:
    """Add the rows of tasks that have none yet."""
    at = clock.now()
    PeriodicTask.objects.bulk_create([PeriodicTask(name=task.name, due_at=at) for task in tasks], ignore_conflicts=True)


def run_if_due(task: Work, leases: Leases) -> bool:
    """Claim the task and run it, if it is due and free. Returns whether it ran.

    Raises only errors of a database that is away.
    """
    claimed: dict[str, Any] = {
        "name": task.name,
        "worker": leases.worker_id,
        "lease": task.lease.total_seconds(),
        "dead_after": leases.lease.total_seconds(),
        "now": clock.parameter(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_CLAIM, claimed)
        if cursor.fetchone() is None:
            return False
    wait, error = task.every, ""
    try:
        if task.run():
            wait = timedelta(0)
    except DATABASE_AWAY:
        raise  # this worker claims the task again, or another one after this worker's end
    except Exception as caught:
        log.exception("The periodic task %s failed; it is tried again.", task.name)
        wait, error = min(task.every, AFTER_ERROR), f"{type(caught).__name__}: {caught}"[:_LONGEST_ERROR]
    finished: dict[str, Any] = {
        "name": task.name,
        "worker": leases.worker_id,
        "wait": wait.total_seconds(),
        "error": error,
        "now": clock.parameter(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_FINISH, finished)
    return True
