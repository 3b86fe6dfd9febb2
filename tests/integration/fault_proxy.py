"""A proxy between the workers and the sandbox, where a test may stop a call on its way there, its
answer on the way back, or the worker that has the answer and has not stored it yet.
"""

from __future__ import annotations

import http.client
import re
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal
from urllib.parse import urlsplit

Moment = Literal["request", "answer", "received"]
"""`received`: the worker has the answer. It asks here before it goes on (see `forked_worker`)."""
RECEIVED = "/received/"
_SERVICE = re.compile(r"Credential=[^/]+/\d{8}/[^/]+/([^/]+)/aws4_request")
_ACTION = re.compile(rb"(?:\A|&)Action=(\w+)")
_HOP_BY_HOP = ("connection", "keep-alive", "transfer-encoding", "content-length", "host", "expect")
_READING = ("Describe", "Get", "List", "Head", "AssumeRole", "Receive")


@dataclass(frozen=True)
class Boundary:
    """Where a call crosses the border of the process."""

    call: str
    moment: Moment

    @property
    def changes_something(self) -> bool:
        return not self.call.partition(":")[2].startswith((*_READING, "GET", "HEAD"))


@dataclass
class FaultProxy:
    """`let_pass` decides at each boundary; a call or an answer that may not pass is lost."""

    target: str
    let_pass: Callable[[Boundary], bool] = lambda _: True
    arrived: Counter[str] = field(default_factory=Counter)
    """Calls that reached the sandbox."""
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


@contextmanager
def fault_proxy(target: str) -> Iterator[FaultProxy]:
    server = _Server(FaultProxy(target))
    server.proxy.port = server.server_port
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
    try:
        yield server.proxy
    finally:
        server.shutdown()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, proxy: FaultProxy) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.proxy = proxy

    def handle_error(self, request: object, client_address: object) -> None:
        """The worker at the other end was killed; that is the test."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        if self.path.startswith(RECEIVED):
            self._ask(Boundary(self.path.removeprefix(RECEIVED), "received"))
            return
        body = self._body()
        call = self._call(body)
        if not self.server.proxy.let_pass(Boundary(call, "request")):
            self._hang_up()
            return
        self.server.proxy.arrived[call] += 1
        status, headers, answer = self._forward(body)
        if not self.server.proxy.let_pass(Boundary(call, "answer")):
            self._hang_up()
            return
        self.send_response_only(status)
        for name, text in headers:
            if name.lower() not in _HOP_BY_HOP:
                self.send_header(name, text)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def _ask(self, boundary: Boundary) -> None:
        if not self.server.proxy.let_pass(boundary):
            self._hang_up()
            return
        self.send_response_only(204)
        self.end_headers()

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        body = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            body += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return body

    def _call(self, body: bytes) -> str:
        """As "cloudformation:CreateStack", or as "s3:PUT" for a service without an action in its request."""
        service = _SERVICE.search(self.headers.get("Authorization", ""))
        target = self.headers.get("X-Amz-Target", "").rpartition(".")[2]
        action = _ACTION.search(body)
        operation = target or (action[1].decode() if action else self.command)
        return f"{service[1] if service else 'unsigned'}:{operation}"

    def _forward(self, body: bytes) -> tuple[int, list[tuple[str, str]], bytes]:
        place = urlsplit(self.server.proxy.target)
        connection = http.client.HTTPConnection(str(place.hostname), place.port, timeout=60)
        headers = {name: text for name, text in self.headers.items() if name.lower() not in _HOP_BY_HOP}
        try:
            connection.request(self.command, self.path, body, {**headers, "Host": self.headers["Host"]})
            answer = connection.getresponse()
            return answer.status, answer.getheaders(), answer.read()
        finally:
            connection.close()

    def _hang_up(self) -> None:
        self.close_connection = True
        self.connection.shutdown(socket.SHUT_RDWR)
