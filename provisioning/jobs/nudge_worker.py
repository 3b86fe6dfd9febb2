"""The RQ worker. It runs nudges of operations in the database and nothing else.

RQ calls whatever function a job names, and functions and web addresses that it names to be called
afterwards. Everyone who can write to Redis could thus run code with the worker's rights. PostgreSQL
is the source of truth, so a job that exists only in Redis is refused.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import FrameType
from typing import Final
from uuid import UUID

from django.db import close_old_connections, connection
from rq import Queue, SimpleWorker
from rq.exceptions import DeserializationError
from rq.job import Job
from rq.timeouts import BaseDeathPenalty
from typing_extensions import override

from provisioning.jobs.engine import AWAY
from provisioning.jobs.leaving import leave
from provisioning.lifecycle import clock
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.database import DATABASE_AWAY
from provisioning.lifecycle.nudge import JOB
from provisioning.models import Operation

log = logging.getLogger(__name__)

_LONGEST_SHOWN = 80
ONE_EVENT_IN: Final = timedelta(minutes=1)


class NoTimeout(BaseDeathPenalty):
    """RQ would raise its time-out in the middle of a step, as if the step had an error. The engine
    bounds its steps itself.
    """

    @override
    def setup_death_penalty(self) -> None:
        """No alarm."""

    @override
    def cancel_death_penalty(self) -> None:
        """No alarm."""


@dataclass(slots=True)
class RefusedJobs:
    """Writes refused jobs to the audit log: at most one event a minute from each worker process, so
    that a flood of jobs does not become a flood of events. The next event counts those between.
    """

    written_at: datetime | None = None
    between: int = 0

    def note(self, name: str, reason: str) -> None:
        try:
            at = clock.now()
            if self.written_at is not None and at - self.written_at < ONE_EVENT_IN:
                self.between += 1
                return
            audit_event(
                AuditAction.JOB_REFUSE, actor=None, at=at, subject=name, reason=reason, refused_since_last=self.between
            )
        except DATABASE_AWAY as error:
            log.warning("A refused job could not be written to the audit log: %s", str(error).strip())
            connection.close()
            return
        self.written_at, self.between = at, 0


REFUSED_JOBS: Final = RefusedJobs()


class NudgeWorker(SimpleWorker):
    """Runs jobs in its own process: they are short, and a forked child would have to open new
    connections.
    """

    death_penalty_class = NoTimeout

    @override
    def perform_job(self, job: Job, queue: Queue) -> bool:
        close_old_connections()
        try:
            reason = refusal(job)
        except DATABASE_AWAY as error:
            log.warning(AWAY, str(error).strip())
            connection.close()
            job.delete()
            return False
        if reason:
            name = ascii(job.id[:_LONGEST_SHOWN])
            log.error("The job %s was refused and deleted: it %s.", name, reason)
            job.delete()
            REFUSED_JOBS.note(name, reason)
            return False
        return super().perform_job(job, queue)

    @override
    def request_stop(self, signum: int, frame: FrameType | None) -> None:
        """A job consists of a few steps, and each step may be interrupted, so the worker ends at
        once.
        """
        del signum, frame
        leave(0)


def refusal(job: Job) -> str:
    """Return why a job is not run, as the rest of a sentence; empty if it is a nudge.

    Nothing that the job names is imported.
    """
    try:
        function, instance, arguments, named = job.func_name, job.instance, job.args, job.kwargs
    except DeserializationError:
        return "cannot be read"
    if function != JOB or instance is not None:
        return f"names the function {str(function)[:_LONGEST_SHOWN]!a}"
    if job._success_callback_name or job._failure_callback_name or job._stopped_callback_name:  # noqa: SLF001
        return "names a function to be called afterwards"
    if job.webhooks:
        return "names an address to be called afterwards"
    if named or len(arguments) != 1 or not _names_an_operation(arguments[0]):
        return "names no operation of this portal"
    return ""


def _names_an_operation(argument: object) -> bool:
    try:
        return isinstance(argument, str) and Operation.objects.filter(pk=UUID(argument)).exists()
    except ValueError:
        return False
