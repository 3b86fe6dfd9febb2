"""The permit of one step: every call that changes something is recorded before it is sent.

One statement checks the fence, the lease, that the operation is open, that its request is still
approved, that what was approved is exactly what this step has read, and that no other call is open.
It also records the call with its deadline. The digest is computed again for each call, from the
very document that its arguments are built from.

A worker that crashes leaves the call open. Nobody claims the operation until the deadline and
`GRACE_SECONDS` have passed; its next step then begins by reading what AWS has made of the call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from django.db import connection

from provisioning.aws.errors import NotPermitted
from provisioning.aws.permits import CALL_SECONDS, GRACE_SECONDS, SEND_WITHIN_SECONDS, Change
from provisioning.lifecycle import clock
from provisioning.lifecycle.leases import STEP_SECONDS, Lease, Leases
from provisioning.lifecycle.states import RequestState
from provisioning.models import Environment, Operation


class LeaseLost(NotPermitted):
    """The operation has another holder, has ended, or may have one at any moment. The step writes
    nothing.
    """


class TooLate(NotPermitted):
    """The call or the step has taken too long. The step is repeated."""


class NotApproved(NotPermitted):
    """The call is not what was approved. The operation ends."""


class NotPlanned(NotPermitted):
    """The step is not allowed to make this call: an error of the portal."""


LIVE_PLACE: Final = """concat_ws('|', a.account_id, COALESCE(NULLIF(e.stack_role_arn, ''),
    CASE WHEN e.generation = '' THEN a.stack_role_arn ELSE '' END), e.region, e.size)"""
"""In SQL, what `place_of` returns, for the rows as they are now."""

_BEGIN: Final = f"""
UPDATE provisioning_operation AS o
SET call_no = o.call_no + 1, call_what = %(what)s, call_token = %(token)s, call_digest = %(call_digest)s,
    call_deadline = {clock.SQL} + make_interval(secs => %(call)s), call_ended_at = NULL,
    calls_open_until = CASE WHEN o.call_ended_at IS NULL AND o.call_no <> %(answered)s
        THEN GREATEST(o.calls_open_until, o.call_deadline) ELSE o.calls_open_until END,
    lease_until = GREATEST(o.lease_until, {clock.SQL} + make_interval(secs => %(lease)s))
FROM provisioning_request AS r, provisioning_environment AS e, provisioning_account AS a
WHERE o.id = %(id)s AND r.id = o.request_id AND e.id = o.environment_id AND a.id = e.account_id
  AND o.fence = %(fence)s AND o.ended_at IS NULL AND o.lease_until > {clock.SQL} AND o.state = %(state)s
  AND (o.call_deadline IS NULL OR o.call_ended_at IS NOT NULL OR o.call_no = %(answered)s
       OR o.call_deadline + make_interval(secs => %(grace)s) <= {clock.SQL})
  AND r.state = %(request_state)s AND o.approved_digest = %(digest)s AND r.approved_digest = %(digest)s
  AND o.approved_place = %(place)s AND {LIVE_PLACE} = %(place)s AND a.account_id = %(account)s
RETURNING o.call_no
"""  # noqa: S608 - of constants only
_STILL_HELD: Final = f"""
SELECT 1 FROM provisioning_operation
WHERE id = %(id)s AND fence = %(fence)s AND ended_at IS NULL AND lease_until > {clock.SQL} AND state = %(state)s
"""  # noqa: S608 - of constants only


def place_of(environment: Environment) -> str:
    """Where an environment's operations act, as one text: account, stack role, region and size."""
    account_id, role_arn = environment.account.account_id, environment.role_for_stacks
    return f"{account_id}|{role_arn}|{environment.region}|{environment.size}"


@dataclass(frozen=True, slots=True)
class Allowed:
    """A call that a step may make. Empty fields match everything; `operation` is empty for calls of
    any service but CloudFormation. `until` is the uptime by which the call has to leave.
    """

    operation: str
    digest: str
    target: str
    until: float = float("inf")

    def covers(self, change: Change) -> bool:
        operation = self.operation == change.operation if self.operation else change.service != "cloudformation"
        return operation and self.digest in ("", change.digest) and self.target in ("", change.target)


@dataclass(slots=True)
class StepPermit:
    """The permit of one step. `digest` computes that of the document as the step has it in memory;
    it is empty for an operation whose request is not decided yet.
    """

    operation: Operation
    lease: Lease
    leases: Leases
    digest: Callable[[], str]
    decided: bool = True
    allowed: list[Allowed] = field(default_factory=list)
    call_no: int = 0
    """The number of the newest call, this step's or an earlier one's. The outcome is written only
    if it is still the newest.
    """
    is_open: bool = False
    """The newest call of this step has no answer yet."""
    _first: int = 0
    _answered: int = -1
    _began_at: float = float("-inf")
    _until: float = float("inf")

    def __post_init__(self) -> None:
        self.call_no = self._first = self.operation.call_no

    @property
    def has_sent(self) -> bool:
        """Whether this step has recorded a call."""
        return self.call_no != self._first

    def begin(self, change: Change) -> float:
        self._until = self._check_step(change).until
        began_at = clock.uptime()  # before the statement, so that a pause in it only shortens the time
        with connection.cursor() as cursor:
            cursor.execute(_BEGIN, self._parameters(change))
            row = cursor.fetchone()
        if row is None:
            raise self._reason(change)
        self.call_no, self.is_open = row[0], True
        self._began_at = began_at
        self.lease.renewed_at = max(self.lease.renewed_at, began_at)
        return CALL_SECONDS

    def _check_step(self, change: Change) -> Allowed:
        """Return what allows the call."""
        covering = [allowed for allowed in self.allowed if allowed.covers(change)]
        if not covering:
            raise NotPlanned(f"The step “{self.operation.state}” may not call {change}; nothing was sent.")
        self.check_step()
        return max(covering, key=lambda allowed: allowed.until)

    def check_step(self) -> None:
        if self.lease.is_lost:
            raise LeaseLost("The worker has lost its lease; nothing was sent.")
        if self.lease.step_is_over:
            raise TooLate(f"The step took more than {STEP_SECONDS:g} s; nothing was sent.")

    def _parameters(self, change: Change) -> dict[str, Any]:
        return {
            "id": self.operation.pk,
            "fence": self.lease.fence,
            "state": self.operation.state,
            "what": str(change)[:200],
            "token": change.token[:128],
            "call_digest": change.digest,
            "call": CALL_SECONDS,
            "grace": GRACE_SECONDS,
            "lease": self.leases.lease.total_seconds(),
            "answered": self._answered,
            "request_state": str(RequestState.APPROVED if self.decided else RequestState.PLANNING),
            "digest": self.digest() if self.decided else "",
            "place": place_of(self.operation.environment),
            "account": change.account_id,
            "now": clock.parameter(),
        }

    def _reason(self, change: Change) -> NotPermitted:
        """Why nothing was recorded. Read afterwards, so it only chooses the sentence."""
        parameters: dict[str, Any] = {
            "id": self.operation.pk,
            "fence": self.lease.fence,
            "state": self.operation.state,
            "now": clock.parameter(),
        }
        with connection.cursor() as cursor:
            cursor.execute(_STILL_HELD, parameters)
            if cursor.fetchone() is None:
                return LeaseLost("Another worker has the operation, or it has ended; nothing was sent.")
        if self.is_open:
            return TooLate("An earlier call of this step has no answer yet; nothing else was sent.")
        return NotApproved(f"{change} is no longer what was approved; it was not sent.")

    def end(self, change: Change) -> None:
        del change
        self.is_open, self._answered = False, self.call_no

    def check(self) -> None:
        if self.lease.is_lost:
            raise LeaseLost("The worker has lost its lease; nothing was sent.")
        if clock.uptime() - self._began_at > SEND_WITHIN_SECONDS:
            raise TooLate("The call would have left too late; it was not sent.")
        if clock.uptime() > self._until:
            raise TooLate("The call rests on an answer of AWS that is too old by now; it was not sent.")
