"""Logs as CloudWatch packs them, on their way to Loki."""

from __future__ import annotations

import base64
import gzip
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.blueprints.webhook_pipeline.shipped_code import loki

BATCH = {
    "messageType": "DATA_MESSAGE",
    "owner": "123456789012",
    "logGroup": "/portal/hooks/processor",
    "logStream": "processor/1",
    "logEvents": [
        {"id": "1", "timestamp": 1_790_000_000_123, "message": "one"},
        {"id": "2", "timestamp": 1_790_000_000_124, "message": "two"},
    ],
}


def _packed(batch: Any) -> dict[str, Any]:
    return {"awslogs": {"data": base64.b64encode(gzip.compress(json.dumps(batch).encode())).decode()}}


def test_a_batch_becomes_one_stream_with_times_in_nanoseconds() -> None:
    module = loki()
    (stream,) = module.streams(module.unpack(_packed(BATCH)), "hooks")["streams"]
    assert stream["stream"] == {
        "environment": "hooks",
        "log_group": "/portal/hooks/processor",
        "log_stream": "processor/1",
    }
    assert stream["values"] == [["1790000000123000000", "one"], ["1790000000124000000", "two"]]


def test_a_word_of_cloudwatchs_own_is_no_log() -> None:
    assert loki().streams({**BATCH, "messageType": "CONTROL_MESSAGE"}, "hooks") == {"streams": []}


@settings(deadline=None)
@given(data=st.text() | st.binary().map(lambda raw: base64.b64encode(raw).decode()))
def test_anything_else_is_refused_in_one_sentence(data: str) -> None:
    with pytest.raises(ValueError, match="no batch of CloudWatch Logs"):
        loki().unpack({"awslogs": {"data": data}})


class _Loki(BaseHTTPRequestHandler):
    got: list[tuple[str, str | None, Any]]
    status = 204

    def do_POST(self) -> None:
        body = json.loads(gzip.decompress(self.rfile.read(int(self.headers["Content-Length"]))))
        self.got.append((self.path, self.headers.get("Authorization"), body))
        self.send_response(self.status)
        if self.status == 302:
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_address[1]}/elsewhere")
        self.end_headers()

    def do_GET(self) -> None:
        self.got.append((self.path, self.headers.get("Authorization"), None))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        """Be quiet."""


@pytest.fixture
def server() -> Any:
    handler = type("Handler", (_Loki,), {"got": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server, handler
    server.shutdown()
    thread.join()
    server.server_close()


def test_it_is_pushed_with_the_login(server: Any) -> None:
    running, handler = server
    payload = {"streams": [{"stream": {"a": "b"}, "values": [["1", "x"]]}]}
    loki().push(payload, f"http://127.0.0.1:{running.server_port}/", "tenant:token")
    login = base64.b64encode(b"tenant:token").decode()
    assert handler.got == [("/loki/api/v1/push", f"Basic {login}", payload)]


def test_a_push_that_fails_is_raised_so_that_it_is_tried_again(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    running, handler = server
    handler.status = 500
    monkeypatch.setenv("ENVIRONMENT", "hooks")
    monkeypatch.setenv("LOKI_URL", f"http://127.0.0.1:{running.server_port}")
    with pytest.raises(OSError, match="500"):
        loki().ship(_packed(BATCH), None)


def test_a_redirection_is_an_error_and_not_followed(server: Any) -> None:
    running, handler = server
    handler.status = 302
    with pytest.raises(OSError, match="302"):
        loki().push({"streams": [{}]}, f"http://127.0.0.1:{running.server_port}", "tenant:token")
    assert [path for path, _, _ in handler.got] == ["/loki/api/v1/push"]


def test_a_login_that_is_refused_is_read_anew_for_the_next_attempt(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    running, handler = server
    module, asked = loki(), []

    class Client:
        def get_secret_value(self, *, SecretId: str) -> dict[str, str]:  # noqa: N803 - as boto3 spells it
            asked.append(SecretId)
            return {"SecretString": f"tenant:token{len(asked)}\n"}

    monkeypatch.setattr("boto3.client", lambda service: Client() if service == "secretsmanager" else None)
    monkeypatch.setenv("ENVIRONMENT", "hooks")
    monkeypatch.setenv("LOKI_LOGIN_SECRET", "loki/login")
    monkeypatch.setenv("LOKI_URL", f"http://127.0.0.1:{running.server_port}")
    module.ship(_packed(BATCH), None)
    handler.status = 401
    with pytest.raises(OSError, match="401"):
        module.ship(_packed(BATCH), None)
    assert asked == ["loki/login"]
    handler.status = 204
    module.ship(_packed(BATCH), None)
    assert asked == ["loki/login"] * 2
    said = [base64.b64decode(str(login).removeprefix("Basic ")) for _, login, _ in handler.got]
    assert said == [b"tenant:token1", b"tenant:token1", b"tenant:token2"]
