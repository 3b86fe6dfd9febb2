"""A test run that is killed leaves no process behind: no worker, PostgreSQL, Valkey or sandbox, and
no folder.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.guard import processes_of
from tests.support.run import RUN

ROOT = Path(__file__).resolve().parents[2]
pytestmark = pytest.mark.long
OF_THIS_RUN = (RUN, "TMPDIR", "DATABASE_URL", "REDIS_URL", "PYTEST_XDIST_WORKER", "PYTEST_XDIST_TESTRUNUID")


def wait_until(condition: Callable[[], bool], what: str, *, seconds: float = 90) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"Waited {seconds:g} s until {what}."
        time.sleep(0.1)


@pytest.fixture
def run(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A run on one worker whose only test has started and never ends."""
    environment = {name: value for name, value in os.environ.items() if name not in OF_THIS_RUN}
    environment |= {"ENDLESS_TEST_STARTED": str(tmp_path / "started"), "TMPDIR": str(Path(os.environ[RUN]).parent)}
    process = subprocess.Popen(
        [sys.executable, "-m", "pytest", "-n", "1", "tests/support/endless.py"],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    wait_until(lambda: (tmp_path / "started").exists() or process.poll() is not None, "the test has started")
    yield process
    process.kill()
    process.wait()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_nothing_is_left_behind(run: subprocess.Popen[bytes], tmp_path: Path, number: signal.Signals) -> None:
    folder = Path((tmp_path / "started").read_text())
    processes = list(processes_of(str(folder)))
    assert {"postgres", "valkey-server"} <= {process.name() for process in processes}
    assert [process for process in processes if "provisioning.sandbox" in process.cmdline()]

    run.send_signal(number)
    assert run.wait(timeout=30) == -number
    wait_until(lambda: not list(processes_of(str(folder))), "all processes of the run have ended", seconds=30)
    assert not folder.exists()
