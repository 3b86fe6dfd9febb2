"""The permission to send one call that changes something.

The engine puts a `Permit` around each step. Every client asks it directly before it sends such a
call, so that the intention is recorded, the lease and the approval are checked, and nothing is sent
after its deadline. Without a permit nothing that changes an account is sent.

`requests.change_of` makes the `Change` of a call. A method of `Aws` that may make several calls for
one resource, such as `empty`, encloses them in `acting_on(physical_id)`.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Final, Protocol

from provisioning.aws.errors import NotPermitted

CALL_SECONDS: Final = 13.0
"""The longest that one call takes: 3 seconds to connect and 10 to be answered."""
SEND_WITHIN_SECONDS: Final = 5.0
"""A call leaves within this time after its intention was recorded. Its answer, or the end of the
wait for it, is then known before the deadline plus `GRACE_SECONDS`.
"""
GRACE_SECONDS: Final = 5.0
"""How long after the deadline of an open call a successor waits before it looks and acts."""


@dataclass(frozen=True, slots=True)
class Change:
    """One call that is about to be sent. `operation` is botocore's name, `digest` the SHA-256 of
    exactly the arguments to be sent, without the client token; `token` is that token, if it has
    one.
    """

    service: str
    operation: str
    account_id: str
    region: str
    digest: str
    token: str = ""
    target: str = ""
    """The stack or change set, or the resource that the call acts on."""

    def __str__(self) -> str:
        return f"{self.service}:{self.operation} {self.target}".rstrip()


class Permit(Protocol):
    def begin(self, change: Change) -> float:
        """Record the intention. Return the seconds within which the call must be sent and answered.

        Raises `NotPermitted` if the lease or the approval no longer allows it.
        """

    def end(self, change: Change) -> None:
        """The call has an answer, good or bad, or was never sent. Not called if its answer was
        lost.
        """

    def check(self) -> None:
        """Raise `NotPermitted` if it is too late to send. Called after the request is signed."""

    def check_step(self) -> None:
        """Raise `NotPermitted` if the step has no time left, also for calls that only read."""


_current: ContextVar[Permit | None] = ContextVar("permit", default=None)
_target: ContextVar[str] = ContextVar("target", default="")


def current_permit() -> Permit | None:
    return _current.get()


@contextmanager
def using_permit(permit: Permit) -> Iterator[None]:
    token = _current.set(permit)
    try:
        yield
    finally:
        _current.reset(token)


@contextmanager
def acting_on(physical_id: str) -> Iterator[None]:
    """Name the resource that all calls inside act on, whatever their arguments call it."""
    token = _target.set(physical_id)
    try:
        yield
    finally:
        _target.reset(token)


def current_target() -> str:
    return _target.get()


def uptime() -> float:
    """Seconds on a clock that no one sets and that continues while the machine is suspended."""
    clock = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)
    return time.clock_gettime(clock)


class OperationsPermit:
    """Permits only the named operations of botocore, without an approval or a lease.

    For code outside the engine that changes something which belongs to no request, such as the
    poller, which deletes the events that it has read from its queue.
    """

    def __init__(self, operations: Collection[str]) -> None:
        self._operations = frozenset(operations)
        self._began_at = 0.0

    def begin(self, change: Change) -> float:
        if change.operation not in self._operations:
            raise NotPermitted(f"{change} is not permitted here; nothing was sent.")
        self._began_at = uptime()
        return CALL_SECONDS

    def end(self, change: Change) -> None:
        del change

    def check(self) -> None:
        if uptime() - self._began_at > SEND_WITHIN_SECONDS:
            raise NotPermitted("The process was paused before the call left; nothing was sent.")

    def check_step(self) -> None:
        """There is no step."""
