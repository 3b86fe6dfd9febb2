"""`advance` is the engine: claim one operation, take its one next step, write what came of it, go.

PostgreSQL is the truth. A claim is a lease and a fencing token: who comes too late writes nothing. No transaction and no row lock is
held while AWS is asked, nothing sleeps, and every step may run twice: what it calls carries a token that was stored before.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol
from uuid import UUID

from django.conf import settings
from django.db import InterfaceError, OperationalError, connection
from django.db.models import F

from provisioning.aws import AwsError, interface
from provisioning.errors import WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.apply import write
from provisioning.lifecycle.aws_access import aws_for_account
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.step_data import StepData
from provisioning.lifecycle.steps import STEPS
from provisioning.lifecycle.steps.base import Context, Outcome, stop
from provisioning.models import Account, Operation

log = logging.getLogger(__name__)

# A worker that dies in the same step this often, without a word, would do so for ever.
CLAIMS_WITHOUT_A_WORD: Final = 10
ERRORS_OF_OURS: Final = 5
BACK_OFF: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0)
# While AWS works by itself a failed look makes the picture older, whatever the reason; it never ends the operation.
WATCHING: Final = frozenset(
    {OperationState.BUILDING, OperationState.ROLLING_BACK, OperationState.DELETING, OperationState.CLEARING}
)

DATABASE_AWAY: Final = (OperationalError, InterfaceError)

Look = Callable[[str], interface.StackState | None]

# All times from one clock, given as a parameter. SKIP LOCKED: two workers never wait for each other.
_CLAIM: Final = """
UPDATE provisioning_operation SET lease_until = %(lease)s, fence = fence + 1, attempts = attempts + 1
WHERE id IN (
    SELECT id FROM provisioning_operation
    WHERE ended_at IS NULL AND due_at <= %(now)s AND (lease_until IS NULL OR lease_until <= %(now)s)
      AND (%(id)s::uuid IS NULL OR id = %(id)s::uuid)
    ORDER BY due_at LIMIT %(limit)s FOR UPDATE SKIP LOCKED
)
RETURNING id
"""


class AwsFor(Protocol):
    def __call__(self, account: Account, region: str) -> interface.Aws: ...


def _nothing(_point: str) -> None:
    """What a run in production does at a labelled point."""


@dataclass(slots=True)
class Engine:
    """`probe` is called at each labelled point; a test lets a worker die there."""

    aws_for: AwsFor = aws_for_account
    probe: Callable[[str], None] = _nothing
    lease: timedelta = field(default_factory=lambda: timedelta(seconds=settings.ENGINE_LEASE_SECONDS))

    def claim(self, *, limit: int, operation_id: UUID | None = None) -> list[Operation]:
        """Take what is due. Each claim raises the fence, so that an earlier holder's write is refused."""
        now = clock.now()
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, {"lease": now + self.lease, "now": now, "id": operation_id, "limit": limit})
            ids = [row[0] for row in cursor.fetchall()]
        self.probe("claimed")
        if not ids:
            return []
        rows = Operation.objects.filter(pk__in=ids).select_related("environment__account", "request__plan")
        return list(rows.defer("request__plan__content", "request__plan__picture").order_by("due_at", "id"))

    def advance(self, operation_id: UUID) -> bool:
        """Claim this one, if it is due and free, and take its next step. True when a step was written."""
        claimed = self.claim(limit=1, operation_id=operation_id)
        return bool(claimed) and self.step(claimed[0])

    def step(self, operation: Operation, *, look: Look | None = None) -> bool:
        """Take one step of a claimed operation. False when somebody else has taken it over meanwhile."""
        now = clock.now()
        if operation.lease_until is None or operation.lease_until <= now:
            # The batch took too long. No worker has died in this step: the claim does not count against it.
            Operation.objects.filter(pk=operation.pk, fence=operation.fence).update(attempts=F("attempts") - 1)
            return False
        outcome = self._outcome(operation, now=now, look=look)
        self.probe("stepped")
        try:
            write(operation, outcome, at=clock.now(), probe=self.probe)
        except WrongState:
            log.info("Operation %s was taken over; this step's result is dropped.", operation.pk)
            return False
        except DATABASE_AWAY:
            raise
        except Exception:
            # Without a word written the claim counts as a death: after some the operation is given up, and the rest goes on.
            log.exception("What came of a step of operation %s could not be written", operation.pk)
            return False
        self.probe("written")
        return True

    def _outcome(self, operation: Operation, *, now: datetime, look: Look | None) -> Outcome:
        if operation.attempts > CLAIMS_WITHOUT_A_WORD:
            return stop(
                OperationState.ABANDONED,
                f"The worker ended {CLAIMS_WITHOUT_A_WORD} times in the middle of this step without a word.",
                hint="An administrator of the portal looks at the worker's log. “Try again” goes on from what AWS has.",
            )
        state = OperationState(operation.state)
        try:
            aws_in = partial(self.aws_for, operation.environment.account)
            context = Context(
                operation=operation, aws_in=aws_in, now=now, look=look or aws_in(operation.region).describe_stack
            )
            outcome = STEPS[state](context)
        except AwsError as error:
            return _after_aws_error(operation, state, error)
        except DATABASE_AWAY:
            raise  # nothing can be written either: the lease runs out, and the step is taken again
        except Exception as error:
            log.exception("Operation %s failed in %s", operation.pk, state)
            return _after_own_error(operation, error)
        data = outcome.step_data or context.step_data
        outcome.step_data = replace(data, misses=0, errors=0, trouble="")
        return outcome


def _after_aws_error(operation: Operation, state: OperationState, error: AwsError) -> Outcome:
    """What may pass by itself is asked again, less and less often; what will not ends the attempt."""
    if not error.retryable and state not in WATCHING:
        return stop(
            OperationState.FAILED,
            f"AWS refused a step ({state.label.lower()}).",
            hint=error.advice,
            detail=str(error),
        )
    data = StepData.from_json(operation.step_data)
    wait = max(error.retry_after or 0.0, BACK_OFF[min(data.misses, len(BACK_OFF) - 1)])
    return Outcome(wait=wait, step_data=replace(data, misses=data.misses + 1, trouble=str(error)))


def _after_own_error(operation: Operation, error: Exception) -> Outcome:
    data = StepData.from_json(operation.step_data)
    errors = data.errors + 1
    if errors >= ERRORS_OF_OURS:
        return stop(
            OperationState.ERRORED,
            "The portal made a mistake in this step, and again when it repeated it.",
            hint="An administrator of the portal finds it in the worker's log. “Try again” goes on from what AWS has.",
            detail=f"{type(error).__name__}: {error}",
        )
    trouble = "The portal repeats a step that failed."
    return Outcome(wait=BACK_OFF[errors], step_data=replace(data, errors=errors, trouble=trouble))
