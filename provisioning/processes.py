"""Runs child processes: starts and restarts them, keeps their logs, and stops them, whatever
happens to the parent.

Each child leads a session of its own, so that Ctrl-C in a terminal reaches the parent only and a
signal to the child's group reaches everything that the child has started. If the parent ends
without stopping its children, even by SIGKILL, a guard kills them: a small process that knows the
children's ids and waits for the parent's end of a pipe to close.
"""

from __future__ import annotations

import contextlib
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Final

log = logging.getLogger(__name__)

RESTART_SECONDS: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Pauses before a restart. They grow with each failure in a row; the last one repeats."""
HEALTHY_AFTER_SECONDS: Final = 30.0
"""A child that has run for this long starts again with the first pause."""
TEND_EVERY_SECONDS: Final = 0.1


@dataclass(slots=True)
class Child:
    """One child. `log` is the file with its output; None if it writes to the parent's."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    restart: bool
    log: Path | None
    process: subprocess.Popen[bytes] | None = None
    started_at: float = 0.0
    failures: int = 0
    restart_at: float = 0.0

    @property
    def has_ended(self) -> bool:
        return self.process is None or self.process.poll() is not None

    def tail(self, lines: int = 15) -> str:
        """Return the last lines of the log."""
        text = self.log.read_text(errors="replace") if self.log is not None and self.log.exists() else ""
        return "\n".join(text.splitlines()[-lines:])


@dataclass(slots=True)
class ProcessManager:
    """The children of this process, in the order of their start.

    `logs` is the folder for one log per child; None lets them write to the parent's output.
    `directory` is their working directory. A child has `stop_seconds` to end after SIGTERM before
    it is killed.
    """

    logs: Path | None = None
    directory: Path | None = None
    stop_seconds: float = 4.0
    restart_seconds: Sequence[float] = RESTART_SECONDS
    children: list[Child] = field(default_factory=list)
    _guard: subprocess.Popen[bytes] | None = None
    _is_stopping: bool = False

    def start(
        self,
        name: str,
        command: Sequence[str],
        environment: Mapping[str, str] | None = None,
        *,
        restart: bool = False,
    ) -> Child:
        """Start a child with this process's environment and `environment`. `restart`: start it
        again when it ends.
        """
        path = None if self.logs is None else self.logs / f"{name}.log"
        child = Child(name, command, environment or {}, restart, path)
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
        self._spawn(child)
        self.children.append(child)
        return child

    def wait(self, child: Child, *, timeout: float) -> int:
        """Wait until a child without restart has ended, forget it and return its exit code. Raises
        TimeoutExpired.
        """
        if child.process is None:
            raise ValueError(f"The {child.name} process does not run.")
        code = child.process.wait(timeout=timeout)
        self._tell_guard(f"-{child.process.pid}")
        self.children.remove(child)
        return code

    def tend(self) -> Child | None:
        """Restart the children that are due for it. Returns the first that has ended and is not to
        be restarted.
        """
        for child in self.children:
            if not child.has_ended:
                if child.failures and time.monotonic() - child.started_at > HEALTHY_AFTER_SECONDS:
                    child.failures = 0
            elif not child.restart:
                return child
            elif child.process is None:
                if time.monotonic() >= child.restart_at:
                    self._spawn(child)
            else:
                pause = self.restart_seconds[min(child.failures, len(self.restart_seconds) - 1)]
                log.warning(
                    "The %s process ended with %s. It is restarted in %g s.",
                    child.name,
                    child.process.returncode,
                    pause,
                )
                self._kill_group(child.process)  # what the child has left behind
                self._tell_guard(f"-{child.process.pid}")
                child.process, child.failures = None, child.failures + 1
                child.restart_at = time.monotonic() + pause
        return None

    def run(self) -> None:
        """Tend the children until SIGTERM or SIGINT, then stop them."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._request_stop)
        try:
            while not self._is_stopping:
                self.tend()
                time.sleep(TEND_EVERY_SECONDS)
        finally:
            self.stop()

    def stop(self) -> None:
        """Stop all children, the last started first, and kill what has not ended after
        `stop_seconds`.
        """
        processes = [child.process for child in reversed(self.children) if child.process is not None]
        for process in processes:
            if process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGTERM)
        deadline = time.monotonic() + self.stop_seconds
        for process in processes:
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(timeout=max(0.05, deadline - time.monotonic()))
            self._kill_group(process)
            process.wait()
        self.children.clear()
        if self._guard is not None and self._guard.stdin is not None:
            self._tell_guard("done")
            self._guard.stdin.close()
            self._guard.wait()
            self._guard = None

    def _request_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._is_stopping = True

    def _spawn(self, child: Child) -> None:
        if self._guard is None:
            self._guard = subprocess.Popen(
                [sys.executable, "-I", __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                start_new_session=True,
            )
        with contextlib.ExitStack() as files:
            output = files.enter_context(child.log.open("ab")) if child.log is not None else None
            child.process = subprocess.Popen(
                child.command,
                cwd=self.directory,
                env={**os.environ, **child.environment},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT if output is not None else None,
                start_new_session=True,
            )
        child.started_at = time.monotonic()
        self._tell_guard(f"+{child.process.pid}")

    def _tell_guard(self, line: str) -> None:
        if self._guard is not None and self._guard.stdin is not None:
            with contextlib.suppress(BrokenPipeError):  # somebody has killed the guard; the children go on
                self._guard.stdin.write(f"{line}\n".encode())
                self._guard.stdin.flush()

    @staticmethod
    def _kill_group(process: subprocess.Popen[bytes]) -> None:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def guard(lines: Iterable[str]) -> None:
    """Kill the groups that are left when the parent's lines end without `done`.

    A line is `+ID` for a group that has started and `-ID` for one that has ended. There is no
    SIGTERM first: another worker resumes what is cut off, as after any crash.
    """
    groups: dict[str, None] = {}
    for line in lines:
        sign, group = line[0], line[1:].strip()
        if sign == "+":
            groups[group] = None
        elif sign == "-":
            groups.pop(group, None)
        else:
            return
    for group in reversed(groups):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(int(group), signal.SIGKILL)


if __name__ == "__main__":
    guard(sys.stdin)
