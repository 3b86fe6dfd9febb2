"""Wakes a worker when a transaction commits.

A lost nudge costs a second: the reconciler finds the operation by itself.
"""

from __future__ import annotations

import logging
from uuid import UUID

import django_rq
from django.db import transaction
from redis.exceptions import RedisError
from rq.exceptions import DuplicateJobError

log = logging.getLogger(__name__)

QUEUE = "engine"
JOB = "provisioning.jobs.engine.nudge_engine"
# A nudge is useless once the reconciler has run.
NUDGE_LIVES_SECONDS = 60


def nudge(operation_id: UUID) -> None:
    """Enqueue a job on commit; at most one for each operation is waiting."""
    transaction.on_commit(lambda: _enqueue(str(operation_id)), robust=True)


def _enqueue(operation_id: str) -> None:
    try:
        django_rq.get_queue(QUEUE, commit_mode="auto").enqueue_call(
            func=JOB,
            args=(operation_id,),
            job_id=f"nudge-{operation_id}",
            unique=True,
            ttl=NUDGE_LIVES_SECONDS,
            result_ttl=0,
            failure_ttl=NUDGE_LIVES_SECONDS,
        )
    except DuplicateJobError:
        pass  # one is already waiting
    except RedisError as error:
        log.warning("Operation %s was not nudged; the reconciler will find it: %s", operation_id, error)
