"""Whether a failed AWS call is repeated, and for how long.

The cause decides, and whether the call was to change something or only to look: `Retry.by_cause`.
What may pass by itself is repeated with growing pauses until its budget is used up. Then the
operation fails with the cause, so that a person sees why and what to do. An operation that watches
CloudFormation work is never ended by a look that may succeed later: CloudFormation goes on whether
or not the portal sees it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import Enum, auto
from typing import Final

from provisioning.aws import AwsError
from provisioning.aws.errors import (
    AccessDenied,
    Busy,
    CredentialsExpired,
    InternalFailure,
    Throttled,
    Unclear,
    Unreachable,
    WrongAccount,
)
from provisioning.aws.rates import changes_something
from provisioning.lifecycle.states import OperationState

BACK_OFF: Final = (1.0, 2.0, 5.0, 10.0, 20.0, 40.0, 60.0)

WATCHING: Final = frozenset(
    {
        OperationState.BUILDING,
        OperationState.ROLLING_BACK,
        OperationState.UPDATING,
        OperationState.CANCELLING,
        OperationState.DELETING,
        OperationState.CLEARING,
    }
)
"""The states in which CloudFormation works on its own. Some of their steps change something as
well; which of the two a call does is asked for each call.
"""


class Cause(Enum):
    """Why a call failed, as far as it decides what happens next."""

    THROTTLED = auto()
    UNREACHABLE = auto()
    UNCLEAR = auto()
    INTERNAL = auto()  # also an answer that cannot be read, such as a proxy's page
    BUSY = auto()  # another operation is in progress on the resource
    CREDENTIALS = auto()
    DENIED = auto()
    REJECTED = auto()  # AWS has read the request and rejects it


@dataclass(frozen=True, slots=True)
class Budget:
    """How long a cause is repeated, from its first occurrence in a row: while a step acts, and
    while a step watches (None: for as long as it lasts).
    """

    acting: timedelta
    watching: timedelta | None


_AT_ONCE: Final = timedelta(0)
BUDGETS: Final[Mapping[Cause, Budget]] = {
    Cause.THROTTLED: Budget(timedelta(hours=2), None),
    Cause.UNREACHABLE: Budget(timedelta(hours=1), None),
    Cause.UNCLEAR: Budget(timedelta(hours=1), None),
    Cause.INTERNAL: Budget(timedelta(hours=1), None),
    Cause.BUSY: Budget(timedelta(hours=6), None),
    # Roles and their permissions take a moment to spread within AWS.
    Cause.CREDENTIALS: Budget(timedelta(minutes=15), timedelta(minutes=15)),
    Cause.DENIED: Budget(_AT_ONCE, timedelta(minutes=1)),
    Cause.REJECTED: Budget(_AT_ONCE, timedelta(minutes=5)),
}


@dataclass(frozen=True, slots=True)
class Retry:
    """What follows a failed call. `wait` is None if the attempt ends."""

    cause: Cause
    wait: float | None

    @classmethod
    def by_cause(
        cls, error: AwsError, state: OperationState, *, misses: int, since: datetime | None, now: datetime, sent: bool
    ) -> Retry:
        """`misses` and `since` are the number and the time of the first failure in a row. `sent`:
        the step has recorded a call that changes something.
        """
        cause = cause_of(error)
        watching = state in WATCHING and not is_change(error, sent=sent)
        budget = BUDGETS[cause].watching if watching else BUDGETS[cause].acting
        if budget is not None and now - (since or now) >= budget:
            return cls(cause, None)
        return cls(cause, max(error.retry_after or 0.0, BACK_OFF[min(misses, len(BACK_OFF) - 1)]))


_CAUSES: Final[tuple[tuple[type[AwsError], Cause], ...]] = (
    (Throttled, Cause.THROTTLED),
    (Unreachable, Cause.UNREACHABLE),
    (Unclear, Cause.UNCLEAR),
    (InternalFailure, Cause.INTERNAL),
    (Busy, Cause.BUSY),
    (CredentialsExpired, Cause.CREDENTIALS),
    (WrongAccount, Cause.DENIED),
    (AccessDenied, Cause.DENIED),
)


def cause_of(error: AwsError) -> Cause:
    return next((cause for kind, cause in _CAUSES if isinstance(error, kind)), Cause.REJECTED)


def is_change(error: AwsError, *, sent: bool) -> bool:
    """Whether the failed call was to change something. `AwsError.operation` is "service:Operation";
    without one, the step's intention decides.
    """
    _, colon, operation = error.operation.partition(":")
    return changes_something(operation) if colon else sent
