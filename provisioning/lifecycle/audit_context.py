"""From where and as whom an action is carried out.

The audit log adds this to every event, so services do not pass it on. A middleware sets it for each
request of the web process. The API amends it with the token that it has checked. A worker sets it
once for its process. A thread starts with the context of its process.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

ADDRESS_LENGTH: Final = 45
LABEL_LENGTH: Final = 200


class Via(StrEnum):
    """How an action reached the portal. The values are stored and never change."""

    PAGE = "page"
    ADMIN = "admin"
    API = "api"
    WORKER = "worker"
    COMMAND = "command"


@dataclass(frozen=True, slots=True)
class AuditContext:
    """`credential` identifies the session or token: "session 3f2a…", "token " and its id. Neither can
    be used to sign in. `acting_as` says in words on whose behalf the actor acts, as "service token
    deploys of Payments" or "delegate of olivia"; empty for people who act for themselves.
    `request_id` connects the events of one HTTP request.
    """

    via: Via = Via.COMMAND
    address: str = ""
    user_agent: str = ""
    credential: str = ""
    acting_as: str = ""
    request_id: str = ""


_of_process: list[AuditContext] = [AuditContext()]
_of_request: ContextVar[AuditContext | None] = ContextVar("audit_context", default=None)


def current() -> AuditContext:
    return _of_request.get() or _of_process[-1]


def set_for_process(via: Via) -> None:
    """Let all threads of this process act through `via`, except while they answer a request."""
    _of_process[-1] = AuditContext(via=via)


@contextmanager
def using(context: AuditContext) -> Iterator[None]:
    """Use this context until the end of the block, in this thread."""
    token = _of_request.set(context)
    try:
        yield
    finally:
        _of_request.reset(token)


def amend(**changes: Any) -> None:
    """Change fields of the request's context for the rest of the request. The API calls this once it
    knows the token: `amend(via=Via.API, credential=f"token {token.pk}", acting_as="…")`.

    Outside a request, it raises LookupError, because the change would never end.
    """
    context = _of_request.get()
    if context is None:
        raise LookupError("There is no request whose audit context could be amended.")
    _of_request.set(replace(context, **changes))


@contextmanager
def acting_as(words: str) -> Iterator[None]:
    """Act on somebody's behalf until the end of the block, as "delegate of olivia"."""
    with using(replace(current(), acting_as=words)):
        yield


def session_label(session_key: str | None) -> str:
    """Name a session by a digest of its key, which cannot be used in place of the key."""
    return f"session {hashlib.sha256(session_key.encode()).hexdigest()[:16]}" if session_key else ""


def printable(text: str, *, length: int = LABEL_LENGTH) -> str:
    """Return one line of printable text of at most this length: PostgreSQL stores no NUL, and nothing
    that a client sends may break a line of the log.
    """
    return "".join(character if character.isprintable() else " " for character in text)[:length].strip()
