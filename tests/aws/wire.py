"""A scripted AWS on the wire: answers by operation, in order, and remembers what it was asked. Lost
answers are really lost.
"""

from __future__ import annotations

import json
import socket
import threading
import urllib.parse
from collections import defaultdict
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

ACCOUNT = "111122223333"


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    hang_up: bool = False
    location: str = ""


HANG_UP = Answer(0, "", hang_up=True)
"""The request is read to its end, and then the line goes dead."""


def ok(operation: str, content: str = "") -> Answer:
    return Answer(200, f"<{operation}Response><{operation}Result>{content}</{operation}Result></{operation}Response>")


def error(code: str, message: str, status: int = 400) -> Answer:
    return Answer(
        status, f"<ErrorResponse><Error><Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )


def json_ok(**content: Any) -> Answer:
    return Answer(200, json.dumps(content))


def json_error(code: str, message: str = "no", status: int = 400) -> Answer:
    return Answer(status, json.dumps({"__type": code, "message": message}))


def identity(account: str = ACCOUNT) -> Answer:
    return ok("GetCallerIdentity", f"<Account>{account}</Account><Arn>arn:aws:iam::{account}:role/portal</Arn>")


@dataclass
class Request:
    operation: str
    params: dict[str, Any]
    access_key: str
    user_agent: str


@dataclass
class Wire:
    """Responses of one operation are returned in the order given; the last one is repeated."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answers: dict[str, list[Answer]] = field(default_factory=lambda: defaultdict(list))

    def on(self, operation: str, *answers: Answer) -> None:
        self.answers[operation] = list(answers)

    def answer(self, operation: str) -> Answer:
        left = self.answers[operation]
        if not left:
            return error("InvalidAction", f"nothing is scripted for {operation}")
        return left.pop(0) if len(left) > 1 else left[0]

    def asked(self, operation: str) -> list[Request]:
        return [request for request in self.requests if request.operation == operation]


class WireServer(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.wire = Wire(url=f"http://127.0.0.1:{self.server_port}")
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()


class _Handler(BaseHTTPRequestHandler):
    server: WireServer
    protocol_version = "HTTP/1.1"

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        target = self.headers.get("X-Amz-Target", "")
        params = json.loads(body) if target else dict(urllib.parse.parse_qsl(body, keep_blank_values=True))
        operation = target.rpartition(".")[2] or params["Action"]
        authorization = self.headers.get("Authorization", "")
        key = authorization.partition("Credential=")[2].partition("/")[0]
        self.server.wire.requests.append(Request(operation, params, key, self.headers.get("User-Agent", "")))
        answer = self.server.wire.answer(operation)
        if answer.hang_up:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        content = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", "text/xml")
        self.send_header("Content-Length", str(len(content)))
        if answer.location:
            self.send_header("Location", answer.location)
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None:
        """Silent."""
