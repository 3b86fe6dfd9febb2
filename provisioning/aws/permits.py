"""The permission to send one call that changes something.

The engine puts a `Permit` around each step. Every client asks it directly before it sends such a
call, so that the intention is recorded, the lease and the approval are checked, and nothing is sent
after its deadline. Without a permit nothing that changes an account is sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Change:
    """One call that is about to be sent. `operation` is botocore's name, `digest` the SHA-256 of
    exactly the arguments to be sent, `token` its client token, if it has one.
    """

    service: str
    operation: str
    account_id: str
    region: str
    digest: str
    token: str = ""
    target: str = ""
    """The stack id, name or physical id that the call changes, if one argument names it."""


class Permit(Protocol):
    def begin(self, change: Change) -> float:
        """Record the intention. Return the seconds within which the call must be sent and answered.

        Raises `NotPermitted` if the lease or the approval no longer allows it.
        """

    def end(self, change: Change) -> None:
        """The call has an answer, good or bad. Not called if its answer was lost."""

    def check(self) -> None:
        """Raise `NotPermitted` if the deadline has passed. Called after the request is signed."""


_current: ContextVar[Permit | None] = ContextVar("permit", default=None)


def current_permit() -> Permit | None:
    return _current.get()


@contextmanager
def using_permit(permit: Permit) -> Iterator[None]:
    token = _current.set(permit)
    try:
        yield
    finally:
        _current.reset(token)
