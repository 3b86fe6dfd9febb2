"""The process in which a loader meets hostile input: little memory, watched files, one answer a
line.

`python -m tests.fuzz.worker LOADER FOLDER` reads length-prefixed inputs and answers each with a
line of JSON.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import sysconfig
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

Loader: TypeAlias = Callable[[bytes, Path], list[str]]
"""Takes the input and a folder of its own; returns the sentences of a refusal, none for an answer."""

ADDRESS_SPACE = 1_500_000_000
_LIBRARIES = {sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")}
_OURS = {Path(__file__).parent, Path(__file__).parent.parent.parent / "provisioning"}
_CODE = tuple(f"{Path(path).resolve()}{os.sep}" for path in (*_LIBRARIES, *_OURS))
_QUIET = ("os.listdir", "os.scandir")
_FORBIDDEN = (
    "subprocess.Popen",
    "os.system",
    "os.exec",
    "os.posix_spawn",
    "os.fork",
    "socket.connect",
    "socket.getaddrinfo",
)


class Watch:
    """Writes down every file outside the loader's folder that is opened, and every process or
    connection that is begun.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder.resolve())
        self.on = False
        self.seen: list[str] = []
        sys.addaudithook(self._hook)

    def _hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self.on:
            return
        if event in _FORBIDDEN:
            self.seen.append(f"{event} {arguments!r:.100}")
        elif event == "open" or event in _QUIET:
            path = arguments[0] if arguments else None
            if isinstance(path, str | bytes | os.PathLike) and not self._allowed(os.fsdecode(path)):
                self.seen.append(f"{event} {os.fsdecode(path)}")

    def _allowed(self, path: str) -> bool:
        real = os.path.realpath(path)
        if real == self.folder or real.startswith(self.folder + os.sep):
            return True
        # Python itself reads its modules late.
        return real.startswith(_CODE)


def main() -> None:
    module, _, name = sys.argv[1].partition(":")
    loader: Loader = getattr(importlib.import_module(module), name)
    folder = Path(sys.argv[2])
    watch = Watch(folder)
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE, ADDRESS_SPACE))
    inputs, answers = sys.stdin.buffer, sys.stdout.buffer
    while length := inputs.readline():
        data = inputs.read(int(length))
        answers.write(json.dumps(_one(loader, data, folder, watch)).encode() + b"\n")
        answers.flush()


def _one(loader: Loader, data: bytes, folder: Path, watch: Watch) -> dict[str, Any]:
    _forget_peak()
    watch.seen, crash, sentences = [], "", []
    wall, cpu = time.perf_counter(), time.process_time()
    watch.on = True
    try:
        sentences = loader(data, folder)
    except BaseException:  # noqa: BLE001 - whatever comes out is what the test is about
        crash = traceback.format_exc(limit=-6)
    finally:
        watch.on = False
    return {
        "sentences": sentences,
        "crash": crash,
        "wall": time.perf_counter() - wall,
        "cpu": time.process_time() - cpu,
        "peak_mb": _peak_mb(),
        "seen": watch.seen,
        "threads": threading.active_count(),
    }


def _forget_peak() -> None:
    """Let the kernel measure the peak again; https://docs.kernel.org/filesystems/proc.html,
    clear_refs.
    """
    try:
        Path("/proc/self/clear_refs").write_text("5")
    except OSError:
        return


def _peak_mb() -> float:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


if __name__ == "__main__":
    main()
