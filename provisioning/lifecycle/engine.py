"""The engine: claim an operation, run its one next step, write the outcome, return.

PostgreSQL is the source of truth. A claim is a lease and a fencing token, so a worker whose lease
has run out writes nothing. No transaction and no row lock is held across an AWS call, and nothing
sleeps. Every step may run twice: its calls carry a token that was stored before the first call.
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

# After this many claims of one step without a written outcome, its worker would crash in it
# forever.
CLAIMS_WITHOUT_OUTCOME: Final = 10
PORTAL_ERRORS: Final = 5
BACK_OFF: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0)
# While CloudFormation works on its own, a failed AWS call only makes what pages show older. It
# never ends the operation.
WATCHING: Final = frozenset(
    {OperationState.BUILDING, OperationState.ROLLING_BACK, OperationState.DELETING, OperationState.CLEARING}
)

DATABASE_AWAY: Final = (OperationalError, InterfaceError)

# All times come from one clock and are parameters. SKIP LOCKED: two workers never wait for each
# other.
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
    def __call__(self, account: Account, region: str, *, stack_role_arn: str = "") -> interface.Aws: ...


def _nothing(_point: str) -> None:
    """The probe in production."""


@dataclass(slots=True)
class Engine:
    """`probe` is called at labelled points, where a test can let a worker crash."""

    aws_for: AwsFor = aws_for_account
    probe: Callable[[str], None] = _nothing
    lease: timedelta = field(default_factory=lambda: timedelta(seconds=settings.ENGINE_LEASE_SECONDS))

    def claim(self, *, limit: int, operation_id: UUID | None = None) -> list[Operation]:
        """Claim operations that are due, oldest first.

        A claim raises the fence, so an earlier holder's write is refused.
        """
        now = clock.now()
        with connection.cursor() as cursor:
            cursor.execute(_CLAIM, {"lease": now + self.lease, "now": now, "id": operation_id, "limit": limit})
            ids = [row[0] for row in cursor.fetchall()]
        self.probe("claimed")
        if not ids:
            return []
        rows = Operation.objects.filter(pk__in=ids).select_related(
            "environment__account", "environment__team", "request__plan"
        )
        return list(rows.defer("request__plan__content", "request__plan__picture").order_by("due_at", "id"))

    def advance(self, operation_id: UUID) -> bool:
        """Claim this operation if it is due and free, and run its next step.

        True if an outcome was written.
        """
        claimed = self.claim(limit=1, operation_id=operation_id)
        return bool(claimed) and self.step(claimed[0])

    def step(self, operation: Operation) -> bool:
        """Run one step of a claimed operation.

        False if nothing was written, as after another worker's claim.
        """
        now = clock.now()
        if operation.lease_until is None or operation.lease_until <= now:
            # The batch took too long. No worker has crashed in this step, so the claim does not
            # count against it.
            Operation.objects.filter(pk=operation.pk, fence=operation.fence).update(attempts=F("attempts") - 1)
            return False
        outcome = self._outcome(operation, now=now)
        self.probe("stepped")
        try:
            write(operation, outcome, at=clock.now(), probe=self.probe)
        except WrongState:
            log.info("Operation %s was taken over; the outcome of this step is dropped.", operation.pk)
            return False
        except DATABASE_AWAY:
            raise
        except Exception:
            # The claim counts as a crash: after CLAIMS_WITHOUT_OUTCOME of them the operation is
            # abandoned. Others continue.
            log.exception("The outcome of a step of operation %s could not be written", operation.pk)
            return False
        self.probe("written")
        return True

    def _outcome(self, operation: Operation, *, now: datetime) -> Outcome:
        """Run the step of the operation's state.

        Errors become outcomes, except that of a database that is away.
        """
        if operation.attempts > CLAIMS_WITHOUT_OUTCOME:
            return stop(
                OperationState.ABANDONED,
                f"The worker crashed {CLAIMS_WITHOUT_OUTCOME} times during this step.",
                hint="An administrator of the portal finds the cause in the worker's log. “Retry” continues from what exists in AWS.",
            )
        state = OperationState(operation.state)
        try:
            environment = operation.environment
            aws_in = partial(self.aws_for, environment.account, stack_role_arn=environment.role_for_stacks)
            context = Context(operation=operation, aws_in=aws_in, now=now)
            outcome = STEPS[state](context)
            outcome.seen_at = now
        except AwsError as error:
            return _after_aws_error(operation, state, error)
        except DATABASE_AWAY:
            raise  # nothing can be written: the lease runs out, and the step runs again
        except Exception as error:
            log.exception("Operation %s failed in %s", operation.pk, state)
            return _after_portal_error(operation, error)
        data = outcome.step_data or context.step_data
        outcome.step_data = replace(data, misses=0, errors=0, trouble="")
        return outcome


def _after_aws_error(operation: Operation, state: OperationState, error: AwsError) -> Outcome:
    """Repeat the step with growing pauses if the error may pass or if CloudFormation works on its
    own; else fail.
    """
    if not error.retryable and state not in WATCHING:
        return stop(
            OperationState.FAILED,
            f"AWS rejected a step ({state.label.lower()}).",
            hint=error.advice,
            detail=str(error),
        )
    data = StepData.from_json(operation.step_data)
    wait = max(error.retry_after or 0.0, BACK_OFF[min(data.misses, len(BACK_OFF) - 1)])
    return Outcome(wait=wait, step_data=replace(data, misses=data.misses + 1, trouble=str(error)))


def _after_portal_error(operation: Operation, error: Exception) -> Outcome:
    """Repeat the step with growing pauses; end the operation after PORTAL_ERRORS in a row."""
    data = StepData.from_json(operation.step_data)
    errors = data.errors + 1
    if errors >= PORTAL_ERRORS:
        return stop(
            OperationState.ERRORED,
            "A portal error ended this step, each time it was repeated.",
            hint="An administrator of the portal finds the cause in the worker's log. “Retry” continues from what exists in AWS.",
            detail=f"{type(error).__name__}: {error}",
        )
    trouble = "A portal error interrupted this step. It is being repeated."
    return Outcome(wait=BACK_OFF[errors], step_data=replace(data, errors=errors, trouble=trouble))
