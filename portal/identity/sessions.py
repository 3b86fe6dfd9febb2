"""The facts about a sign-in that its session carries. Times are seconds since the epoch."""

from __future__ import annotations

import time
from typing import Final

from django.contrib.sessions.backends.base import SessionBase

AUTHENTICATED_AT: Final = "authenticated_at"
"""When the person last proved who they are: at sign-in, and when they signed in again."""


def mark_authenticated(session: SessionBase) -> None:
    session[AUTHENTICATED_AT] = int(time.time())


def was_authenticated_within(session: SessionBase, seconds: int) -> bool:
    """Whether the person has proved who they are so recently. A time in the future never counts."""
    at = session.get(AUTHENTICATED_AT)
    return isinstance(at, int) and 0 <= time.time() - at <= seconds
