"""Refuses passwords that are known from data breaches.

Have I Been Pwned gets the first five hexadecimal digits of the password's SHA-1, and answers with the
rest of all that begin so (k-anonymity). If it does not answer in time, Django's list of common
passwords still applies: it comes with Django and is checked by a validator of its own.
"""

from __future__ import annotations

import logging
import threading
from hashlib import sha1
from typing import Any, Final

import urllib3
from django.conf import settings
from django.core.exceptions import ValidationError

log = logging.getLogger(__name__)

SECONDS: Final = 2.0
"""How long a person waits for the answer at most, the look-up of the host name included."""
_ANSWER_BYTES: Final = 500_000
_asking: Final = threading.BoundedSemaphore(4)
_pool: Final = urllib3.PoolManager(maxsize=4, retries=False, timeout=urllib3.Timeout(total=SECONDS))


class BreachedPasswordValidator:
    """A validator for AUTH_PASSWORD_VALIDATORS."""

    def validate(self, password: str, user: Any = None) -> None:
        del user
        if breaches := count_breaches(password):
            times = "once" if breaches == 1 else f"{breaches:,} times"
            raise ValidationError(
                f"This password appears {times} in known data breaches. Choose another one.", code="password_breached"
            )

    def get_help_text(self) -> str:
        return "Your password must not be known from a data breach."


def count_breaches(password: str) -> int:
    """Return how often the password appears in breaches; 0 if nobody is asked or nobody answers."""
    if not settings.BREACHED_PASSWORDS_URL or not _asking.acquire(blocking=False):
        return 0
    digest = sha1(password.encode(), usedforsecurity=False).hexdigest().upper()
    answer: list[str] = []
    thread = threading.Thread(target=_ask, args=(digest[:5], answer), daemon=True)
    thread.start()
    thread.join(SECONDS)
    return _count(answer[0], digest[5:]) if answer else 0


def _ask(prefix: str, answer: list[str]) -> None:
    """Runs in a thread of its own, because nothing limits the time of a look-up in DNS."""
    try:
        response = _pool.request(
            "GET",
            f"{settings.BREACHED_PASSWORDS_URL.rstrip('/')}/{prefix}",
            headers={"Add-Padding": "true", "User-Agent": "portal"},
            preload_content=False,
        )
        try:
            body = response.read(_ANSWER_BYTES)
        finally:
            response.release_conn()
        if response.status == 200:  # noqa: PLR2004
            answer.append(body.decode("ascii", "replace"))
        else:
            log.warning("The list of breached passwords answered with status %s.", response.status)
    except (urllib3.exceptions.HTTPError, OSError) as error:
        log.warning("The list of breached passwords does not answer: %s", type(error).__name__)
    finally:
        _asking.release()


def _count(body: str, rest: str) -> int:
    """Padding lines have the count 0."""
    for line in body.splitlines():
        suffix, _, count = line.strip().partition(":")
        if suffix.upper() == rest and count.isdigit():
            return int(count)
    return 0
