"""Asks AWS in one region, each question once per run, however many checks need the answer."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, ParamSpec, TypeVar, cast

from provisioning.aws import AccessDenied, AwsError, CredentialsExpired, Throttled, Unreachable, WrongAccount
from provisioning.aws.account_reads import AccountReads
from provisioning.aws.interface import Aws, StackState
from provisioning.caching import Cache

P = ParamSpec("P")
T = TypeVar("T")

ANSWERS_AT_MOST: Final = 2000
# The portal's own rate limiter says when the next call is possible. A longer wait is not worth it.
_WAITS_SECONDS: Final = 2.0
_ATTEMPTS: Final = 3


@dataclass(frozen=True, slots=True)
class _Answer:
    """An error is kept as well: asking again for what was refused would not help."""

    value: Any = None
    error: AwsError | None = None


class Survey:
    """Safe for threads. `reads` counts the questions that were really asked."""

    def __init__(self, connect: Callable[[], Aws]) -> None:
        self._connect = connect
        self._aws: Aws | None = None
        self._lock = threading.Lock()
        self._answers: Cache[tuple[object, ...], _Answer] = Cache(max_size=ANSWERS_AT_MOST)
        self.reads = 0
        self.has_failed = False
        """Whether AWS left a question unanswered, so that a later check should ask again."""

    @property
    def account(self) -> AccountReads:
        return self._connected().reads

    def once(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Returns the answer to a call, made or remembered. Raises what the call raised."""
        key = (call.__name__, args, tuple(sorted(kwargs.items())))
        answer = self._answers.get_or_compute(key, lambda: self._ask(lambda: call(*args, **kwargs)))
        if answer.error is not None:
            raise answer.error
        return cast("T", answer.value)

    def exists(self, resource_type: str, physical_id: str) -> bool | None:
        return self.once(self._connected().exists, resource_type, physical_id)

    def stack(self, name: str) -> StackState | None:
        return self.once(self._connected().describe_stack, name)

    def _connected(self) -> Aws:
        with self._lock:
            if self._aws is None:
                self._aws = self._connect()
            return self._aws

    def _ask(self, call: Callable[[], Any]) -> _Answer:
        for attempt in range(1, _ATTEMPTS + 1):
            with self._lock:
                self.reads += 1
            try:
                return _Answer(call())
            except Throttled as error:
                seconds = error.retry_after or _WAITS_SECONDS
                if attempt == _ATTEMPTS or seconds > _WAITS_SECONDS:
                    self.has_failed = True
                    return _Answer(error=error)
                time.sleep(seconds)
            except AwsError as error:
                self.has_failed = True
                return _Answer(error=error)
        raise AssertionError("every attempt returns")


def why_not_asked(error: AwsError) -> tuple[str, str]:
    """Says why AWS gave no answer, and what to do about it, as two sentences."""
    call = f" ({error.operation})" if error.operation else ""
    if isinstance(error, AccessDenied):
        return (
            f"AWS refused the portal this read{call}.",
            (
                "Ask an administrator of the account to update its stack portal-onboarding, which grants the portal "
                "what it reads."
            ),
        )
    if isinstance(error, Throttled):
        return f"AWS or the portal's own limit allows no further call right now{call}.", "Check again in a minute."
    if isinstance(error, Unreachable):
        return "AWS could not be reached.", "Check again later, or check the network between the portal and AWS."
    if isinstance(error, (CredentialsExpired, WrongAccount)):
        return "The portal could not sign in to the account.", error.advice
    return f"AWS answered with an error{call}: {error.message.rstrip('.')}.", "Check again later."
