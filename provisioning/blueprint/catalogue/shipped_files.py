"""Reads a blueprint's folder: plain files only, bounded in number and size, never through a link.

A blueprint hands the files on that it ships. They are read when a component asks for one, and must still be what the
blueprint's digest was made of.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from typing_extensions import override

from provisioning.blueprint.phrasing import readable

MAX_FILES = 500
MAX_FOLDER_BYTES = 20_000_000
MAX_LEVELS = 8


class FolderProblem(Exception):  # noqa: N818 - never leaves this package
    """The folder holds something that is not read; the message is a sentence."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


def list_files(folder: Path) -> dict[str, Path]:
    """The folder's files by their path inside it, with `/`, in order. Raises FolderProblem for whatever is not a plain file."""
    found: dict[str, Path] = {}
    total = 0
    waiting = [(folder, "", 0)]
    while waiting:
        directory, prefix, level = waiting.pop()
        with os.scandir(directory) as scanned:
            entries = list(scanned)
        for entry in entries:
            name = prefix + entry.name
            if not name.isprintable():
                raise FolderProblem(readable(name), "The name holds a control character or is not UTF-8; rename it.")
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                if level >= MAX_LEVELS:
                    raise FolderProblem(name, f"Folders lie more than {MAX_LEVELS} deep; put the files higher.")
                waiting.append((Path(entry.path), f"{name}/", level + 1))
                continue
            if not stat.S_ISREG(status.st_mode):
                raise FolderProblem(
                    name, "This is a link or a device, and only plain files are read; put the file itself here."
                )
            found[name] = Path(entry.path)
            total += status.st_size
            if len(found) > MAX_FILES or total > MAX_FOLDER_BYTES:
                raise FolderProblem(
                    name,
                    f"The folder holds more than {MAX_FILES} files or {MAX_FOLDER_BYTES // 1_000_000} MB; take out what it does not ship.",
                )
    return dict(sorted(found.items()))


def read(path: Path, *, name: str, at_most: int) -> bytes:
    """Return a plain file's bytes. A longer file is refused by its size, unread."""
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    with os.fdopen(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise FolderProblem(name, "This is not a plain file.")
        if status.st_size > at_most:
            raise FolderProblem(name, f"The file has {status.st_size} bytes; {at_most} are allowed.")
        data = file.read(at_most + 1)
    if len(data) > at_most:
        raise FolderProblem(name, f"The file has more than {at_most} bytes.")
    return data


@dataclass(frozen=True)
class ShippedFiles(Mapping[str, bytes]):
    """The files of one folder by their path inside it, each read at first use.

    Asking for one raises KeyError when it is not there, and ValueError when it is no longer what was loaded.
    """

    paths: Mapping[str, Path] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    _read: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    @override
    def __getitem__(self, name: str) -> bytes:
        if name not in self._read:
            self._read[name] = self._fetch(name)
        return self._read[name]

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    @override
    def __len__(self) -> int:
        return len(self.paths)

    @override
    def __contains__(self, name: object) -> bool:
        return name in self.paths  # the Mapping's own would read the file

    def _fetch(self, name: str) -> bytes:
        path = self.paths[name]
        try:
            data = read(path, name=name, at_most=MAX_FOLDER_BYTES)
        except FolderProblem as problem:
            raise ValueError(f"{name}: {problem}") from problem
        except OSError as error:
            raise ValueError(f"the file {name} cannot be read: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != self.digests[name]:
            raise ValueError(f"the file {name} has changed since the blueprint was loaded; load the catalogue again")
        return data


def take(files: Mapping[str, Path]) -> tuple[ShippedFiles, str]:
    """The files as a blueprint ships them, and the digest of them all.

    That is SHA-256 over every file's name and bytes, each preceded by its length so that none can pass for another.
    """
    together = hashlib.sha256()
    digests: dict[str, str] = {}
    for name, path in files.items():
        data = read(path, name=name, at_most=MAX_FOLDER_BYTES)
        digests[name] = hashlib.sha256(data).hexdigest()
        for part in (os.fsencode(name), data):
            together.update(len(part).to_bytes(8, "big"))
            together.update(part)
    return ShippedFiles(files, digests), together.hexdigest()
