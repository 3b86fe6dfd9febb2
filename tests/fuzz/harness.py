"""Feeds a loader, in a process of its own, and says whether it kept its word.

The word is: an answer or sentences, within 200 MB, without a file outside its folder, and never a
crash. A loader is `module:function`, as `tests.fuzz.worker.Loader` has it; `tests/fuzz/loaders.py`
holds ours.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from select import select
from types import TracebackType
from typing import Any, Self, cast

MEGABYTES = 200
WALL_SECONDS = 20.0
LONGEST_SENTENCE = 2_000
_ROOT = Path(__file__).resolve().parent.parent.parent


@dataclass(frozen=True)
class Outcome:
    """What became of one input. `sentences` is empty when the loader took it."""

    sentences: list[str]
    crash: str
    wall: float
    cpu: float
    peak_mb: float
    seen: list[str]
    threads: int


class BrokenWord(AssertionError):  # noqa: N818 - what the test reports
    """The loader did something that it must not."""


class Fuzzed:
    """One loader at work. A process that ends or hangs is an error; the next input meets a new one."""

    def __init__(self, loader: str) -> None:
        self.loader = loader
        self.slowest = self.largest = 0.0
        self.fed = self.taken = 0
        self._place = tempfile.TemporaryDirectory(prefix="fuzz-")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._end()
        self._place.cleanup()

    def feed(self, data: bytes) -> Outcome:
        """Let the loader have this, and raise BrokenWord unless it behaves."""
        outcome = self._ask(data)
        for broken in self._broken(outcome):
            raise BrokenWord(
                f"{self.loader}: {broken}\nThe input begins with {data[:300]!r} and has {len(data)} bytes."
            )
        self.fed, self.taken = self.fed + 1, self.taken + (not outcome.sentences)
        self.slowest, self.largest = max(self.slowest, outcome.cpu), max(self.largest, outcome.peak_mb)
        return outcome

    def _broken(self, outcome: Outcome) -> list[str]:
        found = []
        if outcome.crash:
            found.append(f"it crashed:\n{outcome.crash}")
        if outcome.peak_mb > MEGABYTES:
            found.append(f"it took {outcome.peak_mb:.0f} MB; {MEGABYTES} are allowed")
        if outcome.seen:
            found.append(f"it reached outside: {', '.join(outcome.seen[:5])}")
        if outcome.threads > 1:
            found.append("it left a thread behind")
        found.extend(
            f"this is no sentence: {sentence[:300]!r}" for sentence in outcome.sentences if not _is_one(sentence)
        )
        return found

    def _ask(self, data: bytes) -> Outcome:
        process = self._running()
        if process.stdin is None or process.stdout is None:
            raise BrokenWord("the process has no pipes")
        try:
            process.stdin.write(f"{len(data)}\n".encode() + data)
            process.stdin.flush()
            ready, _, _ = select([process.stdout], [], [], WALL_SECONDS)
            line = process.stdout.readline() if ready else b""
        except BrokenPipeError:
            ready, line = [process.stdout], b""
        if not line:
            self._end()
            what = "it died" if ready else f"it hung for {WALL_SECONDS:.0f} seconds"
            raise BrokenWord(f"{self.loader}: {what}.\nThe input begins with {data[:300]!r} and has {len(data)} bytes.")
        return Outcome(**cast("dict[str, Any]", json.loads(line)))

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "tests.fuzz.worker", self.loader, self._place.name],
                cwd=_ROOT,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
            )
        return self._process

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        process.kill()
        process.wait()
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue


def _is_one(sentence: str) -> bool:
    """One line that can be shown and stored, that begins as a sentence and ends as one, and repeats
    no more than a bit.
    """
    printable = all(character.isprintable() for character in sentence)
    return printable and len(sentence) <= LONGEST_SENTENCE and sentence.rstrip("”\"')").endswith((".", "?", "…", ":"))
