"""The demo as a newcomer, an impatient and a careless person use it."""

from __future__ import annotations

import re
import signal
import socket
import urllib.request
from pathlib import Path

import psutil
import pytest

from tests.fixtures.demo import RunningDemo, start_demo

pytestmark = pytest.mark.long


def children(demo: RunningDemo) -> list[psutil.Process]:
    return psutil.Process(demo.process.pid).children(recursive=True)


def answers(url: str) -> int:
    with urllib.request.urlopen(url, timeout=5) as answer:
        return int(answer.status)


def test_it_stops_cleanly_and_the_next_start_finds_everything_again(demo_state: Path) -> None:
    first = start_demo(demo_state)
    assert answers(first.url) == 200
    started = children(first)
    assert first.stop(signal.SIGINT) == 0
    assert [process for process in started if process.is_running() and process.status() != psutil.STATUS_ZOMBIE] == []
    second = start_demo(demo_state)
    try:
        assert (second.url, second.password) == (first.url, first.password)
        sandboxes = {
            re.search(r"curl -X POST (http://\S+)/_sandbox/faults", demo.printed)[1] for demo in (first, second)
        }  # type: ignore[index]
        assert len(sandboxes) == 1
        assert answers(f"{sandboxes.pop()}/_sandbox/status") == 200
        assert answers(second.url + "healthz") == 200
    finally:
        assert second.stop(signal.SIGTERM) == 0


def test_it_goes_around_a_taken_port_and_refuses_a_second_start_on_the_same_folder(demo_state: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        demo = start_demo(demo_state, port=port)
        try:
            assert int(re.search(r":(\d+)/", demo.url)[1]) != port  # type: ignore[index]
            assert answers(demo.url) == 200
            with pytest.raises(pytest.fail.Exception, match="A demo already runs on"):
                start_demo(demo_state)
        finally:
            demo.stop()
