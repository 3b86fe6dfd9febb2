"""Keeps child processes alive: starts them again with growing pauses, ends them on SIGTERM, and never leaves one behind."""

from __future__ import annotations

import ctypes
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Final

log = logging.getLogger(__name__)

STOP_SECONDS: Final = 4.0
PAUSES: Final = (0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
HEALTHY_AFTER_SECONDS: Final = 30.0
_PR_SET_PDEATHSIG: Final = 1


def end_with_parent(parent: int) -> None:
    """Have the kernel end this process when its parent dies, however it dies; where there is no such kernel, do nothing.

    Without a goodbye: whatever is cut off is taken up again by another worker, as after any crash.
    """
    if not sys.platform.startswith("linux"):
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the kernel was told
        os.kill(os.getpid(), signal.SIGKILL)


@dataclass(slots=True)
class Child:
    name: str
    command: Sequence[str]
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    deaths: int = 0
    again_at: float = 0.0

    def tend(self, now: float) -> None:
        """Start it when it is due, and notice when it has died."""
        if self.process is None:
            if now >= self.again_at:
                self.process, self.started = subprocess.Popen(self.command), now
            return
        code = self.process.poll()
        if code is None:
            if now - self.started > HEALTHY_AFTER_SECONDS:
                self.deaths = 0
            return
        pause = PAUSES[min(self.deaths, len(PAUSES) - 1)]
        log.warning("The %s process ended with %s; it is started again in %g s.", self.name, code, pause)
        self.process, self.deaths, self.again_at = None, self.deaths + 1, now + pause


@dataclass(slots=True)
class Supervisor:
    children: Sequence[Child]
    _stopping: bool = field(default=False)

    def run(self) -> None:
        """Returns after SIGTERM or SIGINT, with all children ended."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._stop)
        try:
            while not self._stopping:
                for child in self.children:
                    child.tend(time.monotonic())
                time.sleep(0.1)
        finally:
            self._end_children()

    def _stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _end_children(self) -> None:
        processes = [child.process for child in self.children if child.process is not None]
        for process in processes:
            process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        for process in processes:
            try:
                process.wait(timeout=max(0.05, deadline - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
