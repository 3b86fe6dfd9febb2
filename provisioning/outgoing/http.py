"""One HTTP request through a guarded connection: no proxy, no redirect, within a total time."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from http.client import HTTPException
from typing import Any, Final

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError
from urllib3.response import HTTPResponse

from provisioning.outgoing.destination import read_destination
from provisioning.outgoing.errors import OutgoingError
from provisioning.outgoing.guard import Guard

TOTAL_SECONDS: Final = 20.0
"""The Standard Webhooks specification recommends 15 to 30 seconds."""
CONNECT_SECONDS: Final = 5.0


@dataclass(frozen=True, slots=True)
class Answer:
    """The status and what the headers say about trying again. The body is not read."""

    status: int
    duration_ms: int
    retry_after: str = ""


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole answer, for programs that read it. The body is as it was sent, without decompression."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class _Guarded:
    """Connects through the guard instead of to the name. A watchdog ends the connection at
    `deadline`, however slowly bytes arrive; it has a handle of its own, because TLS takes the first.
    """

    guard: Guard
    deadline: float
    scheme = "http"
    watchdog: threading.Timer | None = None
    handle: socket.socket | None = None
    is_over = False

    def _new_conn(self: Any) -> socket.socket:
        seconds = max(0.1, min(CONNECT_SECONDS, self.deadline - time.monotonic()))
        connection: socket.socket = self.guard.connect(self.scheme, self.host, self.port, seconds=seconds)
        self.handle = connection.dup()
        self.watchdog = threading.Timer(max(0.0, self.deadline - time.monotonic()), self.end)
        self.watchdog.daemon = True
        self.watchdog.start()
        return connection

    def end(self) -> None:
        self.is_over = True
        if self.handle is not None:
            with contextlib.suppress(OSError):  # the connection has ended by itself
                self.handle.shutdown(socket.SHUT_RDWR)

    def release(self) -> None:
        if self.watchdog is not None:
            self.watchdog.cancel()
            self.watchdog.join()
        if self.handle is not None:
            self.handle.close()


class _GuardedHTTP(_Guarded, HTTPConnection):
    pass


class _GuardedHTTPS(_Guarded, HTTPSConnection):
    scheme = "https"


def post(
    url: str,
    *,
    body: bytes,
    headers: Mapping[str, str],
    guard: Guard,
    seconds: float = TOTAL_SECONDS,
    context: ssl.SSLContext | None = None,
) -> Answer:
    """POST the body. Raises ForbiddenDestinationError if the rules forbid the destination now, and
    OutgoingError if there was no answer within `seconds`.

    Redirects are answers like any other. The answer's body is not read, so its size and speed do
    not matter.
    """
    with _asked("POST", url, body=body, headers=headers, guard=guard, seconds=seconds, context=context) as asked:
        return Answer(
            status=asked.answer.status,
            duration_ms=round((time.monotonic() - asked.started) * 1000),
            retry_after=(asked.answer.headers.get("Retry-After") or "")[:40],
        )


def get(url: str, *, guard: Guard, seconds: float = TOTAL_SECONDS, longest: int = 1_000_000) -> tuple[int, bytes]:
    """GET a small document. Returns its status and its body. Raises as `exchange`."""
    reply = exchange("GET", url, body=None, headers={}, guard=guard, seconds=seconds, longest=longest)
    return reply.status, reply.body


def exchange(
    method: str,
    url: str,
    *,
    body: bytes | None,
    headers: Mapping[str, str],
    guard: Guard,
    seconds: float,
    longest: int,
    context: ssl.SSLContext | None = None,
) -> Reply:
    """Send a request and read the whole answer, within `seconds` from beginning to end. Raises as
    `post`, and for a body of more than `longest` bytes.
    """
    with _asked(method, url, body=body, headers=headers, guard=guard, seconds=seconds, context=context) as asked:
        read = asked.answer.read(longest + 1, decode_content=False)
        if asked.connection.is_over:
            raise TimeoutError
        if len(read) > longest:
            raise OutgoingError(f"The answer of {asked.connection.host} is too long.", may_have_arrived=True)
        return Reply(status=asked.answer.status, headers=dict(asked.answer.headers), body=read)


@dataclass(frozen=True, slots=True)
class _Asked:
    connection: _GuardedHTTP | _GuardedHTTPS
    answer: HTTPResponse
    started: float


@contextmanager
def _asked(
    method: str,
    url: str,
    *,
    body: bytes | None,
    headers: Mapping[str, str],
    guard: Guard,
    seconds: float,
    context: ssl.SSLContext | None,
) -> Iterator[_Asked]:
    destination = read_destination(url)
    connection: _GuardedHTTP | _GuardedHTTPS
    if destination.scheme == "https":
        tls = context or _trusted()
        connection = _GuardedHTTPS(destination.host, destination.port, ssl_context=tls, timeout=seconds)
    else:
        connection = _GuardedHTTP(destination.host, destination.port, timeout=seconds)
    started = time.monotonic()
    connection.guard, connection.deadline = guard, started + seconds
    sent = {"Host": destination.authority, "Connection": "close", "User-Agent": "portal/1", **headers}
    is_sending, answer = False, None
    try:
        connection.connect()
        is_sending = True
        connection.request(method, destination.target, body=body, headers=sent, preload_content=False)
        answer = connection.getresponse()
        if connection.is_over:  # the end of a connection also ends the headers that were being read
            raise TimeoutError
        yield _Asked(connection, answer, started)
    except OutgoingError:
        raise
    except (HTTPError, HTTPException, OSError, ValueError) as error:
        if connection.is_over or isinstance(error, TimeoutError):
            sentence = f"{destination.host} did not answer within {seconds:g} seconds."
            raise OutgoingError(sentence, may_have_arrived=is_sending) from None
        raise OutgoingError(_sentence(destination.host, error), may_have_arrived=is_sending) from None
    finally:
        if answer is not None:
            answer.close()
        connection.close()
        connection.release()


def _sentence(host: str, error: Exception) -> str:
    cause: BaseException = error.__cause__ or error
    if isinstance(cause, ssl.SSLCertVerificationError) or "certificate" in str(error).lower():
        return f"The certificate of {host} is not valid for this name, or not trusted."
    if isinstance(cause, ssl.SSLError):
        return f"{host} did not agree on a TLS connection."
    if isinstance(cause, ConnectionRefusedError):
        return f"{host} refused the connection."
    return f"The connection to {host} ended without an answer."


@cache
def _trusted() -> ssl.SSLContext:
    """The system's certificates, or those that SSL_CERT_FILE names, and Mozilla's."""
    context = ssl.create_default_context()
    context.load_verify_locations(cafile=certifi.where())
    return context
