"""What a RabbitMQ host publishes each minute: its own program, run against a management API that is
played.
"""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from provisioning.components.kinds.rabbitmq.boot import script

QUEUE = {
    "messages": 42,
    "consumers": 3,
    "message_stats": {
        "publish_details": {"rate": 9.0, "avg_rate": 2.0},
        "ack_details": {"rate": 9.0, "avg_rate": 1.0},
        "get_no_ack_details": {"rate": 0.5},
        "redeliver_details": {"avg_rate": 50.0},
    },
}
FAILED: dict[str, Any] = {"messages": 7, "consumers": 0}
RUNNING = {"running": True, "mem_alarm": False, "disk_free_alarm": False, "mem_used": 300, "mem_limit": 1200}
NODES = [
    {"name": "rabbit@node1.rabbitmq.hooks.internal", **RUNNING},
    {"name": "rabbit@node2.rabbitmq.hooks.internal", **RUNNING, "disk_free_alarm": True},
    {"name": "rabbit@node3.rabbitmq.hooks.internal", "running": False},
]


class _Management(BaseHTTPRequestHandler):
    answers: dict[str, Any]
    logins: list[str | None]

    def do_GET(self) -> None:
        self.logins.append(self.headers.get("Authorization"))
        found = self.answers.get(self.path.partition("?")[0])
        self.send_response(200 if found is not None else 404)
        self.end_headers()
        self.wfile.write(json.dumps(found).encode())

    def log_message(self, *args: object) -> None:
        """Be quiet."""


@pytest.fixture
def management() -> Iterator[Any]:
    answers = {"/api/queues/%2F/webhooks": QUEUE, "/api/queues/%2F/webhooks.failed": FAILED, "/api/nodes": NODES}
    handler = type("Handler", (_Management,), {"answers": answers, "logins": []})
    server = HTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server, handler
    server.shutdown()
    thread.join()
    server.server_close()


def _publish(folder: Path, port: int, node: str) -> tuple[int, list[str], dict[tuple[str, str], float]]:
    """Run the program as the timer does: its exit code, the arguments of AWS's command, and the
    figures by dimension.
    """
    program = script().split("metrics.py\" <<'END'\n")[1].split("\nEND\n")[0]
    (folder / "metrics.py").write_text(program.replace("127.0.0.1:15672", f"127.0.0.1:{port}"))
    (folder / "metrics.password").write_text("pass-word\n")
    (folder / "aws").write_text(f'#!/bin/bash\nprintf "%s\\n" "$@" >{folder}/arguments\n')
    (folder / "aws").chmod(0o755)
    done = subprocess.run(
        [sys.executable, "-I", folder / "metrics.py", "hooks", "webhooks", node, folder, folder],
        env={"PATH": f"{folder}:/usr/bin:/bin"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    if done.returncode:
        return done.returncode, [done.stderr], {}
    told = (folder / "arguments").read_text().splitlines()
    figures = {}
    for item in json.loads(told[-1]):
        (dimension,) = item["Dimensions"]
        figures[item["MetricName"], f"{dimension['Name']}={dimension['Value']}"] = item["Value"]
    return 0, told[:-1], figures


def test_the_queue_and_the_node_are_measured(tmp_path: Path, management: Any) -> None:
    server, handler = management
    code, command, figures = _publish(tmp_path, server.server_port, "node1")
    assert code == 0, command
    assert command == ["cloudwatch", "put-metric-data", "--namespace", "hooks", "--metric-data"]
    disk = figures.pop(("DiskUsedPercent", "Node=node1"))
    assert 0 < disk <= 100
    assert figures == {
        ("QueueDepth", "Queue=webhooks"): 42,
        ("Arrivals", "Queue=webhooks"): 120,  # of the last minute, not of the last seconds
        ("Completions", "Queue=webhooks"): 90,  # acknowledged, or taken without: not delivered once more
        ("Consumers", "Queue=webhooks"): 3,
        ("QueueDepth", "Queue=webhooks.failed"): 7,
        ("RunningNodes", "Queue=webhooks"): 2,
        ("NodeAlarm", "Node=node1"): 0,
        ("MemoryUsedPercent", "Node=node1"): 25,
    }
    login = "Basic " + base64.b64encode(b"metrics:pass-word").decode()
    assert set(handler.logins) == {login}


def test_a_node_that_blocks_its_publishers_says_so(tmp_path: Path, management: Any) -> None:
    server, _ = management
    _, _, figures = _publish(tmp_path, server.server_port, "node2")
    assert figures["NodeAlarm", "Node=node2"] == 1


def test_a_queue_that_nobody_used_yet_is_at_nought(tmp_path: Path, management: Any) -> None:
    server, handler = management
    handler.answers["/api/queues/%2F/webhooks"] = {"messages": 0, "consumers": 0}
    _, _, figures = _publish(tmp_path, server.server_port, "node1")
    assert [figures[name, "Queue=webhooks"] for name in ("QueueDepth", "Arrivals", "Completions")] == [0, 0, 0]


def test_a_broker_that_does_not_answer_is_published_as_nothing(tmp_path: Path, management: Any) -> None:
    """Silence, which the alarm takes for a failure; never a nought, which scaling would take for an
    empty queue.
    """
    server, handler = management
    handler.answers.pop("/api/queues/%2F/webhooks")
    code, said, figures = _publish(tmp_path, server.server_port, "node1")
    assert (code, figures) == (1, {})
    assert "404" in said[0]
    assert not (tmp_path / "arguments").exists()
