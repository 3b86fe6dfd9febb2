"""Long polls of the API: a conditional GET with `Prefer: wait=30` (RFC 7240) waits for a change.

The front of the web process repeats the question while the answer is 304, at most once a second. A
thread works only while a question is answered, so that a waiting client holds a coroutine and no
thread. Beyond `MOST` waiting clients of a process, or `MOST_OF_ONE` with one token, the answer comes
at once, with Retry-After.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, TypeAlias

Message: TypeAlias = MutableMapping[str, Any]
Ask: TypeAlias = Callable[[MutableMapping[str, Any], Callable[[Message], Awaitable[None]]], Awaitable[None]]

_POLLED: Final = re.compile(r"/api/v1/(?:requests|operations|environments)/[0-9a-f-]{36}")
"""What can be waited for: each is read with a query or two, and never from AWS."""
REPEATED: Final = b"x-portal-repeated"
"""Marks the repetitions, which count once against the rate limit. A client cannot send it."""
LONGEST_SECONDS: Final = 30
PAUSE_SECONDS: Final = 1.0
MOST: Final = 40
MOST_OF_ONE: Final = 10
"""Of one token. A second process of the portal doubles both."""
_WAIT: Final = re.compile(rb"(?:^|[,;\s])wait=(\d{1,4})(?:$|[,;\s])", re.IGNORECASE)


def seconds_to_wait(scope: MutableMapping[str, Any]) -> int:
    """How long the client lets the portal wait; 0 for every other request."""
    headers = dict(scope["headers"])
    if scope.get("method") != "GET" or _POLLED.fullmatch(scope["path"]) is None or b"if-none-match" not in headers:
        return 0
    wait = _WAIT.search(headers.get(b"prefer", b""))
    return min(int(wait[1]), LONGEST_SECONDS) if wait else 0


def without_mark(scope: MutableMapping[str, Any]) -> None:
    scope["headers"] = [(name, value) for name, value in scope["headers"] if name != REPEATED]


@dataclass(slots=True)
class Waiting:
    """Counts the clients that wait in this process, in all and with each token."""

    most: int = MOST
    most_of_one: int = MOST_OF_ONE
    pause_seconds: float = PAUSE_SECONDS
    _clients: Counter[bytes] = field(default_factory=Counter)

    async def answer(
        self, scope: MutableMapping[str, Any], ask: Ask, send: Callable[[Message], Awaitable[None]]
    ) -> None:
        """Ask until the answer is not 304, or until the time is over, and send the last answer."""
        token = _token_of(scope)
        if self._clients.total() >= self.most or self._clients[token] >= self.most_of_one:
            await _send(await _asked(scope, ask), send, [(b"retry-after", b"5")])
            return
        self._clients[token] += 1
        try:
            ends_at = asyncio.get_running_loop().time() + seconds_to_wait(scope)
            answer = await _asked(scope, ask)
            while _is_unchanged(answer) and asyncio.get_running_loop().time() + self.pause_seconds < ends_at:
                await asyncio.sleep(self.pause_seconds)
                repeated = {**scope, "headers": [*scope["headers"], (REPEATED, b"1")]}
                answer = await _asked(repeated, ask)
        finally:
            self._clients[token] -= 1
            if not self._clients[token]:
                del self._clients[token]
        await _send(answer, send, [(b"preference-applied", b"wait")])


def _token_of(scope: MutableMapping[str, Any]) -> bytes:
    """Whose place it is, as a hash: the API knows callers by their token only. One that is not valid gets
    its refusal at once and waits for nothing.
    """
    header = next((value for name, value in scope["headers"] if name == b"authorization"), b"")
    return hashlib.sha256(b"".join(header.split()[1:])).digest()


async def _asked(scope: MutableMapping[str, Any], ask: Ask) -> list[Message]:
    messages = list[Message]()

    async def keep(message: Message) -> None:
        messages.append(message)

    await ask(scope, keep)
    return messages


def _is_unchanged(answer: list[Message]) -> bool:
    return bool(answer) and answer[0].get("status") == HTTPStatus.NOT_MODIFIED


async def _send(
    answer: list[Message], send: Callable[[Message], Awaitable[None]], headers: list[tuple[bytes, bytes]]
) -> None:
    if answer:
        answer[0] = {**answer[0], "headers": [*answer[0].get("headers", []), *headers]}
    for message in answer:
        await send(message)
