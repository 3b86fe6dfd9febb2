"""Waits for a test run to end, however it ends, then ends the processes that it left behind and
removes its folder.

Usage: python -m tests.support.guard PID FOLDER. A process belongs to the run if its TMPDIR is the
run's folder or if it works in that folder: Valkey overwrites its environment with its title.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import psutil

STOP_SECONDS = 5.0


def processes_of(folder: str) -> Iterator[psutil.Process]:
    """All processes of the run, without the caller."""
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            works_there = Path(process.cwd()).is_relative_to(folder)
            if process.pid != os.getpid() and (works_there or process.environ().get("TMPDIR") == folder):
                yield process


def end_processes_of(folder: str) -> None:
    """Asks with SIGTERM, then kills what is still alive after `STOP_SECONDS`."""
    asked = list(processes_of(folder))
    for process in asked:
        with suppress(psutil.Error):
            process.terminate()
    psutil.wait_procs(asked, timeout=STOP_SECONDS)
    for process in processes_of(folder):
        with suppress(psutil.Error):
            process.kill()


if __name__ == "__main__":
    if os.fork():  # the run must not have to wait for its guard
        os._exit(0)
    run, run_folder = int(sys.argv[1]), sys.argv[2]
    with suppress(psutil.Error):
        psutil.Process(run).wait()
    end_processes_of(run_folder)
    shutil.rmtree(run_folder, ignore_errors=True)
