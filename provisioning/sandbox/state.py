"""The account's state on disk: a full copy every few seconds while something changes, and one at
the end.

A forked child of the process writes a copy into its own folder, at a moment when no handler is in
progress. A symbolic link then points to it. So a copy is consistent, requests do not wait for it,
and after a kill the last copy remains.
"""

from __future__ import annotations

import asyncio
import json
import os
import shutil
import signal
from pathlib import Path
from typing import Any

from provisioning.sandbox import work
from provisioning.sandbox.private import app, persistence, save_state
from provisioning.sandbox.services import calls
from provisioning.sandbox.stacks import records

INTERVAL_SECONDS = 2.0
QUIET_SECONDS = 1.0
CHILD_SECONDS = 15
FEW_FILES = 4096
OWN_FILE = "sandbox.json"

_writes = 0


def note_request(method: str) -> None:
    """Every request that is not a plain read may have changed something."""
    global _writes  # noqa: PLW0603
    if method not in ("GET", "HEAD", "OPTIONS"):
        _writes += 1


class State:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.current = folder / "current"
        self._saved: tuple[int, int] = (0, 0)

    def prepare(self) -> None:
        """Deletes the files of an interrupted save and reads our part of the state; ministack reads
        the rest when it starts.
        """
        target = self.current.resolve() if self.current.is_symlink() else None
        for old in self.folder.glob("copy-*"):
            if old != target:
                shutil.rmtree(old, ignore_errors=True)
        own = self.current / OWN_FILE
        if own.is_file():
            calls.load(json.loads(own.read_text("utf-8"))["stores"])

    def _mark(self) -> tuple[int, int]:
        return (_writes, records.changes)

    async def keep_saving(self) -> None:
        """Saves on the timer whenever something has changed, without end."""
        while True:
            await asyncio.sleep(INTERVAL_SECONDS)
            mark = self._mark()
            if mark == self._saved:
                continue
            target = self._new_folder()
            async with work.quiet(QUIET_SECONDS):
                child = os.fork()
                if not child:
                    self._write_in_child(target)
            if await self._wait_for_child(child):
                self._point_to(target)
                self._saved = mark
            else:
                shutil.rmtree(target, ignore_errors=True)

    def save_now(self) -> None:
        """Saves in this process, before it ends."""
        if self._mark() != self._saved:
            target = self._new_folder()
            self._write(target)
            self._point_to(target)
            self._saved = self._mark()

    def _new_folder(self) -> Path:
        numbers = [int(path.name.removeprefix("copy-")) for path in self.folder.glob("copy-*")]
        target = self.folder / f"copy-{max(numbers, default=0) + 1}"
        target.mkdir()
        return target

    def _write_in_child(self, target: Path) -> None:
        """Runs in the forked child only and ends it: no other code of the process may continue
        there.
        """
        code = 1
        try:
            os.closerange(3, FEW_FILES)  # in particular the port, which a new start may need
            signal.alarm(CHILD_SECONDS)  # a lock that a thread held at the fork would never be released
            self._write(target)
            code = 0
        finally:
            os._exit(code)

    def _write(self, target: Path) -> None:
        persistence.put("STATE_DIR", str(target))
        for name, read in app.build_persistence_save_dict().items():
            content = read()
            if content is None:
                continue
            save_state(name, content)
            if not (target / f"{name}.json").is_file():
                raise OSError(f"The sandbox's state of {name} could not be written to {target}.")
        own: dict[str, Any] = {"stores": calls.dump()}
        (target / OWN_FILE).write_text(json.dumps(own), "utf-8")

    async def _wait_for_child(self, child: int) -> bool:
        while True:
            done, status = os.waitpid(child, os.WNOHANG)  # noqa: ASYNC222 - it doesn't wait
            if done:
                return os.waitstatus_to_exitcode(status) == 0
            await asyncio.sleep(0.05)

    def _point_to(self, target: Path) -> None:
        before = self.current.resolve() if self.current.is_symlink() else None
        link = self.folder / "next"
        link.unlink(missing_ok=True)
        link.symlink_to(target.name)
        link.replace(self.current)
        if before is not None and before != target:
            shutil.rmtree(before, ignore_errors=True)
