"""The engine: claim an operation, run its one next step, write the outcome, return.

PostgreSQL is the source of truth. A claim is a lease and a fencing token, so a worker whose lease
has run out sends and writes nothing. No transaction and no row lock is held across an AWS call, and
nothing sleeps. Every step may run twice: its calls carry a token that was stored before the first
call, and each call that changes something is recorded before it is sent.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from typing import Final, Protocol
from uuid import UUID

from provisioning.aws import AwsError, interface
from provisioning.aws.permits import using_permit
from provisioning.aws.rate_limiter import calling_as
from provisioning.errors import WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.apply import write
from provisioning.lifecycle.aws_access import aws_for_account
from provisioning.lifecycle.claims import ANY_DEATHS, Lane, begin_step, claim, read_request
from provisioning.lifecycle.database import DATABASE_AWAY
from provisioning.lifecycle.intentions import LeaseLost, NotApproved, StepPermit, TooLate
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.leases import Lease, Leases
from provisioning.lifecycle.plan_document import digest_of
from provisioning.lifecycle.poller.sights import NO_VISIT, LastVisit
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps import STEPS
from provisioning.lifecycle.steps.base import Context, Outcome
from provisioning.lifecycle.steps.interruptions import (
    after_aws_error,
    after_deaths,
    after_delay,
    after_portal_error,
    after_refusal,
    after_success,
    has_lost_too_many_workers,
)
from provisioning.models import Account, Operation

log = logging.getLogger(__name__)


class AwsFor(Protocol):
    def __call__(self, account: Account, region: str, *, stack_role_arn: str = "") -> interface.Aws: ...


def _nothing(_point: str) -> None:
    """The probe in production."""


PROCESS_LEASES: Final = Leases()
"""The leases of this process. A process that runs steps starts their renewal."""

_READS_ON_DEMAND: Final = frozenset({OperationState.BUILDING, OperationState.CLEARING, OperationState.UPDATING})
"""Most steps in these states find CloudFormation at work, and need nothing but their stack's row."""


@dataclass(slots=True)
class Engine:
    """`probe` is called at labelled points, where a test can let a worker crash or pause."""

    aws_for: AwsFor = aws_for_account
    probe: Callable[[str], None] = _nothing
    leases: Leases = field(default_factory=lambda: PROCESS_LEASES)

    def claim(
        self,
        *,
        limit: int,
        operation_id: UUID | None = None,
        lane: Lane | None = None,
        deaths: tuple[int, int] = ANY_DEATHS,
    ) -> list[Operation]:
        """Claim operations that are due, oldest first. See `claims.claim`."""
        claimed_at = clock.uptime()
        self.leases.beat_if_due()
        operations = claim(self.leases, limit=limit, operation_id=operation_id, lane=lane, deaths=deaths)
        self.probe("claimed")
        for operation in operations:
            self.leases.hold(operation.pk, operation.fence, claimed_at=claimed_at)
        return operations

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
        lease = self.leases.of(operation.pk, operation.fence)
        if lease is None or lease.is_lost:
            return False
        try:
            began_at, begun = clock.uptime(), begin_step(operation)
            if begun is None:
                return False
            if operation.state not in _READS_ON_DEMAND:
                read_request(operation)
            self.probe("began")
            permit, outcome = self.run(operation, lease, now=begun.at, last_visit=begun.last_visit)
            self.probe("stepped")
            if outcome is None:
                log.info("Operation %s was taken over; this step sends and writes nothing more.", operation.pk)
                return False
            return self._write(operation, permit, outcome, at=begun.at + timedelta(seconds=clock.uptime() - began_at))
        finally:
            self.leases.release(lease)

    def run(
        self, operation: Operation, lease: Lease, *, now: datetime, last_visit: LastVisit = NO_VISIT
    ) -> tuple[StepPermit, Outcome | None]:
        """Run the step of the operation's state under a permit of its own.

        Errors become outcomes, except that of a database that is away. The outcome is None if
        another worker has the operation.
        """
        context = Context(operation, partial(self._aws_in, operation), now, last_visit)
        permit = StepPermit(
            operation=operation,
            lease=lease,
            leases=self.leases,
            digest=lambda: digest_of(context.document),
            decided=kind_of(operation.kind).is_requested,
            allowed=context.allowed,
        )
        with using_permit(permit), calling_as(f"operation {operation.pk}"):
            return permit, self._outcome(context, permit)

    def _aws_in(self, operation: Operation, region: str) -> interface.Aws:
        environment = operation.environment
        return self.aws_for(environment.account, region, stack_role_arn=environment.role_for_stacks)

    def _outcome(self, context: Context, permit: StepPermit) -> Outcome | None:
        operation, outcome = context.operation, None
        if has_lost_too_many_workers(operation):
            return after_deaths()
        try:
            outcome = after_success(context, STEPS[OperationState(operation.state)](context))
        except AwsError as error:
            outcome = after_aws_error(context, error, sent=permit.has_sent)
        except LeaseLost:
            pass  # another worker has the operation
        except TooLate as error:
            outcome = after_delay(context, error)
        except NotApproved as error:
            outcome = after_refusal(context, error)
        except DATABASE_AWAY:
            raise  # nothing can be written: the lease runs out, and the step runs again
        except Exception as error:
            log.exception("Operation %s failed in %s", operation.pk, operation.state)
            outcome = after_portal_error(context, error)
        return outcome

    def _write(self, operation: Operation, permit: StepPermit, outcome: Outcome, *, at: datetime) -> bool:
        operation.call_no = permit.call_no
        answered = permit.has_sent and not permit.is_open
        try:
            try:
                write(operation, outcome, at=at, probe=self.probe, call_answered=answered)
            except (WrongState, *DATABASE_AWAY):
                raise
            except Exception as error:
                log.exception("The outcome of a step of operation %s could not be written", operation.pk)
                context = Context(operation, partial(self._aws_in, operation), at)
                write(operation, after_portal_error(context, error), at=at, probe=self.probe, call_answered=answered)
        except WrongState:
            log.info("Operation %s was taken over; the outcome of this step is dropped.", operation.pk)
            return False
        self.probe("written")
        return True
