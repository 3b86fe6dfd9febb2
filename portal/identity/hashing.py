"""Password hashes: Argon2id, and a limit on how many are computed at once.

A hash takes memory and a core on purpose. Without a limit, a few loops of sign-ins would take all
threads of a process from the pages and from the health check. So a process computes
`HASHES_AT_ONCE`, lets a few more wait, and refuses the rest.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from django.conf import settings
from django.contrib.auth.hashers import Argon2PasswordHasher, PBKDF2PasswordHasher
from typing_extensions import override

WAITING: Final = 2
"""How many hashes may wait. Each waits for one or two others, so for less than a second."""


class HashingBusyError(Exception):
    """Too many passwords are being checked. Nothing was checked; a retry in a second is fine."""


class Gate:
    """Admits `at_once` threads and lets `waiting` more wait. A thread that is inside may enter again."""

    def __init__(self, at_once: int, waiting: int) -> None:
        self._places = threading.BoundedSemaphore(at_once + waiting)
        self._running = threading.BoundedSemaphore(at_once)
        self._mine = threading.local()

    @contextmanager
    def entered(self) -> Iterator[None]:
        """Raises HashingBusyError if nobody else may wait."""
        if getattr(self._mine, "inside", False):
            yield
            return
        if not self._places.acquire(blocking=False):
            raise HashingBusyError
        try:
            with self._running:
                self._mine.inside = True
                try:
                    yield
                finally:
                    self._mine.inside = False
        finally:
            self._places.release()


gate: Final = Gate(settings.HASHES_AT_ONCE, WAITING)


class LimitedArgon2(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes and one lane: the first choice of OWASP's Password Storage Cheat
    Sheet. Django's own setting takes 100 MiB for each sign-in.
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1

    @override
    def encode(self, password: str, salt: str) -> str:
        with gate.entered():
            return super().encode(password, salt)

    @override
    def verify(self, password: str, encoded: str) -> bool:
        with gate.entered():
            return super().verify(password, encoded)


class LimitedPBKDF2(PBKDF2PasswordHasher):
    """The hash of earlier versions. It is replaced when its user signs in."""

    @override
    def encode(self, password: str, salt: str, iterations: int | None = None) -> str:
        with gate.entered():
            return super().encode(password, salt, iterations)

    @override
    def verify(self, password: str, encoded: str) -> bool:
        with gate.entered():
            return super().verify(password, encoded)


def spend_a_hash(password: str, *, like: Any) -> None:
    """Compute a hash that nobody needs, so that the answer takes as long as for another user."""
    like.encode(password, like.salt())
