"""What stands between the network and Django: it reads each request's body before a thread works on it.

A thread that reads a body waits for its sender, and a dozen senders that stop halfway would hold
all threads of a process. Here a body is read by the event loop, which holds no thread, and only
within the limits below. The health check has a thread of its own, so that it answers whatever the
pages are doing.
"""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, TypeAlias

from portal.web.client_address import client_address
from portal.web.health import PATH as HEALTH_PATH
from portal.web.problem import MEDIA_TYPE, is_of_api, problem_body
from portal.web.waiting import Waiting, seconds_to_wait, without_mark

log = logging.getLogger(__name__)

Message: TypeAlias = MutableMapping[str, Any]
Scope: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
App: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """`*_bytes` limit one body, `seconds` the time from its first to its last byte. `unfinished` are
    the bodies that a process reads at the same time, in all and for one client address. `in_progress`
    are the complete requests that have a thread or wait for one. A client that takes no part of an
    answer for `send_seconds` gets no more of it. A health check fails after `health_seconds`.
    """

    body_bytes: int = 4_000_000
    anonymous_bytes: int = 64_000
    seconds: float = 15.0
    unfinished: int = 256
    unfinished_per_client: int = 32
    in_progress: int = 200
    send_seconds: float = 30.0
    health_seconds: float = 3.0


class Rejected(Exception):  # noqa: N818 - an answer, not an error of ours
    def __init__(self, status: HTTPStatus, sentence: str) -> None:
        super().__init__(sentence)
        self.status = status
        self.sentence = sentence


class ClientLeft(Exception):  # noqa: N818 - as above
    """The client has closed the connection. Nobody reads an answer."""


@dataclass(slots=True)
class Front:
    """An ASGI application in front of two others: `pages`, and `health`, which has its own thread.

    `proxies` is the number of proxies in front of the portal.
    """

    pages: App
    health: App
    proxies: int = 0
    limits: Limits = field(default_factory=Limits)
    _unfinished: Counter[str] = field(default_factory=Counter)
    _in_progress: int = 0
    _checking: int = 0
    _long_polls: Waiting = field(default_factory=Waiting)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.pages(scope, receive, send)
            return
        _drop_ambiguous_headers(scope)
        without_mark(scope)
        sending = _Sending(send, self.limits.send_seconds, path=scope["path"])
        try:
            if scope["path"] == HEALTH_PATH:
                await self._answer_health(scope, sending)
            else:
                await self._answer_page(scope, receive, sending)
        except Rejected as rejected:
            await sending.answer(rejected)
        except ClientLeft:
            pass

    async def _answer_page(self, scope: Scope, receive: Receive, send: _Sending) -> None:
        body = await self._read_body(scope, receive)

        async def ask(scope: Scope, send: Send) -> None:
            await self._ask_pages(scope, body, receive, send)

        if seconds_to_wait(scope):
            await self._long_polls.answer(scope, ask, send)
        else:
            await ask(scope, send)

    async def _ask_pages(self, scope: Scope, body: bytes, receive: Receive, send: Send) -> None:
        if self._in_progress >= self.limits.in_progress:
            raise Rejected(HTTPStatus.SERVICE_UNAVAILABLE, "The portal is busy. Try again in a few seconds.")
        self._in_progress += 1
        try:
            await self.pages(scope, _complete(body, receive), send)
        finally:
            self._in_progress -= 1

    async def _answer_health(self, scope: Scope, send: _Sending) -> None:
        """The check may wait for a database that does not answer. Others then wait for nothing."""
        if self._checking > self.limits.unfinished_per_client:
            raise Rejected(HTTPStatus.SERVICE_UNAVAILABLE, "Earlier health checks are still in progress.")
        self._checking += 1
        check = asyncio.ensure_future(self.health(scope, _complete(b"", _disconnected), send))
        check.add_done_callback(self._finish_check)
        done, _ = await asyncio.wait({check}, timeout=self.limits.health_seconds)
        if not done:
            raise Rejected(HTTPStatus.SERVICE_UNAVAILABLE, "The health check takes too long.")
        check.result()

    def _finish_check(self, check: asyncio.Future[None]) -> None:
        self._checking -= 1
        if not check.cancelled():
            check.exception()  # so that asyncio does not report it a second time

    def _client_of(self, scope: Scope) -> str:
        peer, _port = scope.get("client") or ("", 0)
        forwarded_for = b",".join(value for name, value in scope["headers"] if name == b"x-forwarded-for")
        return client_address(peer, forwarded_for.decode("latin-1"), proxies=self.proxies)

    async def _read_body(self, scope: Scope, receive: Receive) -> bytes:
        """Return the whole body. Raises Rejected, and ClientLeft."""
        limit = self.limits.body_bytes if _has_credentials(scope) else self.limits.anonymous_bytes
        declared = _header(scope, b"content-length")
        if declared and int(declared) > limit:  # the server accepts digits only
            raise _too_large(limit)
        if not declared and not _header(scope, b"transfer-encoding") and scope.get("http_version", "1").startswith("1"):
            return b""  # HTTP/1 announces every body
        client = self._client_of(scope)
        if self._unfinished.total() >= self.limits.unfinished:
            raise Rejected(HTTPStatus.SERVICE_UNAVAILABLE, "The portal is busy. Try again in a few seconds.")
        if self._unfinished[client] >= self.limits.unfinished_per_client:
            raise Rejected(HTTPStatus.TOO_MANY_REQUESTS, "Too many unfinished requests from this address.")
        self._unfinished[client] += 1
        try:
            async with asyncio.timeout(self.limits.seconds):
                return await _read(receive, limit)
        except TimeoutError:
            raise Rejected(
                HTTPStatus.REQUEST_TIMEOUT,
                f"The request did not arrive completely within {self.limits.seconds:g} seconds. Send it again.",
            ) from None
        finally:
            self._unfinished[client] -= 1
            if not self._unfinished[client]:
                del self._unfinished[client]


async def _read(receive: Receive, limit: int) -> bytes:
    parts, size = list[bytes](), 0
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientLeft
        part = message.get("body", b"")
        size += len(part)
        if size > limit:
            raise _too_large(limit)
        parts.append(part)
        if not message.get("more_body", False):
            return b"".join(parts)


def _too_large(limit: int) -> Rejected:
    return Rejected(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, f"The request is larger than {limit // 1000} kB.")


def _complete(body: bytes, receive: Receive) -> Receive:
    """A `receive` that gives the whole body at once, and then what the connection gives."""
    messages: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_next() -> Message:
        return messages.pop() if messages else await receive()

    return receive_next


async def _disconnected() -> Message:
    return {"type": "http.disconnect"}


class _Sending:
    """Sends the parts of an answer, until the client takes no more.

    What is left of an answer then goes nowhere, so that the thread that writes it comes to its end. The
    server closes the connection, because the answer is not complete.
    """

    def __init__(self, send: Send, seconds: float, *, path: str) -> None:
        self._send = send
        self._path = path
        self._seconds = seconds
        self._has_started = False
        self._is_over = False

    async def __call__(self, message: Message) -> None:
        """Send a part, unless the request was rejected while an application still worked on it."""
        if self._is_over:
            return
        self._has_started = True
        await self._send_in_time(message)

    async def _send_in_time(self, message: Message) -> None:
        try:
            async with asyncio.timeout(self._seconds):
                await self._send(message)
        except TimeoutError:
            self._is_over = True
            log.warning("A client took no part of its answer for %g s.", self._seconds)

    async def answer(self, rejected: Rejected) -> None:
        """Reject the request, unless a part of another answer was sent already. Programs that use the API
        get a problem document.
        """
        if self._has_started:
            return
        self._is_over = True
        media_type, body = "text/plain; charset=utf-8", f"{rejected.sentence}\n".encode()
        if is_of_api(self._path):
            media_type, body = MEDIA_TYPE, problem_body(_CODES[rejected.status], rejected.sentence, path=self._path)
        headers = [
            (b"content-type", media_type.encode()),
            (b"content-length", str(len(body)).encode()),
            (b"cache-control", b"no-store"),
            (b"x-content-type-options", b"nosniff"),
            (b"connection", b"close"),
            *([(b"retry-after", b"5")] if rejected.status in _TRY_AGAIN else []),
        ]
        await self._send_in_time({"type": "http.response.start", "status": int(rejected.status), "headers": headers})
        await self._send_in_time({"type": "http.response.body", "body": body, "more_body": False})


_CODES: Final = {
    HTTPStatus.REQUEST_TIMEOUT: "timed_out",
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: "too_large",
    HTTPStatus.TOO_MANY_REQUESTS: "too_many_calls",
    HTTPStatus.SERVICE_UNAVAILABLE: "unavailable",
}
"""The code of each status in a problem document."""
_TRY_AGAIN: Final = frozenset({HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS})


def _header(scope: Scope, name: bytes) -> bytes:
    return next((value for key, value in scope["headers"] if key == name), b"")


def _has_credentials(scope: Scope) -> bool:
    """Whether the request may be a signed-in person's. Only Django knows; this is a cheap first look."""
    return bool(_header(scope, b"authorization")) or b"session=" in _header(scope, b"cookie")


def _drop_ambiguous_headers(scope: Scope) -> None:
    """Remove headers with an underscore. WSGI cannot tell `X_Forwarded_For` from `X-Forwarded-For`,
    and a proxy that sets the latter lets the former through.
    """
    scope["headers"] = [(name, value) for name, value in scope["headers"] if b"_" not in name]
