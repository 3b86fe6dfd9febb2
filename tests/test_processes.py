"""The process manager: children with logs and sessions of their own, restarted on request, and none
that survives.
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

from provisioning.processes import Child, ProcessManager

ROOT = Path(__file__).resolve().parents[1]
SLEEP = "import time\nprint('ready', flush=True)\ntime.sleep(600)\n"
STUBBORN = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEP
# A child with a child of its own, both of which ignore SIGTERM.
FAMILY = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {STUBBORN!r}])\n{STUBBORN}"


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[ProcessManager]:
    manager = ProcessManager(logs=tmp_path / "logs", directory=tmp_path, stop_seconds=20, restart_seconds=(0.0,))
    yield manager
    manager.stop()


def wait_for(condition: Callable[[], object]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def is_ready(child: Child, times: int = 1) -> bool:
    return child.tail(100).count("ready") >= times


def group_is_alive(pid: int) -> bool:
    try:
        os.killpg(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_each_child_has_its_own_log_environment_folder_and_session(manager: ProcessManager, tmp_path: Path) -> None:
    code = "import os\nprint(os.environ['WHO'], os.getcwd(), os.getsid(0) == os.getpid())"
    first = manager.start("first", python(code), {"WHO": "one"})
    second = manager.start("second", python(code), {"WHO": "two"})
    assert manager.wait(first, timeout=60) == manager.wait(second, timeout=60) == 0
    assert (first.tail(), second.tail()) == (f"one {tmp_path} True", f"two {tmp_path} True")


def test_a_child_that_ends_is_reported(manager: ProcessManager) -> None:
    manager.start("first", python(SLEEP))
    second = manager.start("second", python("raise SystemExit(3)"))
    wait_for(lambda: manager.tend() is not None)
    assert manager.tend() is second


def test_a_child_is_restarted_on_request_and_keeps_its_log(manager: ProcessManager) -> None:
    child = manager.start("child", python("print('ready', flush=True)"), restart=True)
    wait_for(lambda: manager.tend() is None and is_ready(child, 3))
    assert child.failures >= 2


def test_pauses_before_a_restart_grow(manager: ProcessManager) -> None:
    manager.restart_seconds = (0.0, 3_600.0)
    child = manager.start("child", python("print('ready', flush=True)"), restart=True)
    wait_for(lambda: manager.tend() is None and child.failures == 2)
    assert child.restart_at > time.monotonic() + 3_000


def test_children_are_asked_to_stop_and_the_stubborn_are_killed(manager: ProcessManager) -> None:
    manager.stop_seconds = 0.1
    children = [manager.start("gentle", python(SLEEP)), manager.start("family", python(FAMILY))]
    wait_for(lambda: is_ready(children[0]) and is_ready(children[1], 2))
    groups = [child.process.pid for child in children if child.process is not None]
    manager.stop()
    assert manager.children == []
    assert [child.process.returncode for child in children if child.process is not None] == [
        -signal.SIGTERM,
        -signal.SIGKILL,
    ]
    wait_for(lambda: not any(group_is_alive(group) for group in groups))


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_child_outlives_its_parent(number: signal.Signals, tmp_path: Path) -> None:
    """Nor do the children of a child."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom provisioning.processes import ProcessManager\n"
        f"manager = ProcessManager(logs=Path({str(tmp_path)!r}), stop_seconds=0.1)\n"
        f"child = manager.start('child', [sys.executable, '-c', {FAMILY!r}])\n"
        "print(child.process.pid, flush=True)\nmanager.run()\n"
    )
    with subprocess.Popen(python(code), cwd=ROOT, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        group = int(parent.stdout.readline())
        log = tmp_path / "child.log"
        wait_for(lambda: log.exists() and log.read_text().count("ready") == 2)
        parent.send_signal(number)
        parent.wait(timeout=60)
    wait_for(lambda: not group_is_alive(group))
