"""Reads a blueprint's folder: plain files only, limited in number and size, never through a link.

A blueprint may ship files to its components. They are read when a component needs one, and must
still have the content that the blueprint's digest covers.
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
# Python writes these next to code that it imports, such as in the tests of a shipped function.
BYTECODE_FOLDER = "__pycache__"


class FolderProblem(Exception):  # noqa: N818 - never leaves this package
    """The folder contains something that cannot be read; the message is a sentence."""

    def __init__(self, path: str, message: str) -> None:
        super().__init__(message)
        self.path = path


def list_files(folder: Path) -> dict[str, Path]:
    """Lists the folder's files by their path inside it, with `/`, in order. Leaves out Python's
    bytecode. Raises FolderProblem for anything but a plain file.
    """
    paths: dict[str, Path] = {}
    total = 0
    waiting = [(folder, "", 0)]
    while waiting:
        directory, prefix, level = waiting.pop()
        with os.scandir(directory) as scanned:
            entries = list(scanned)
        for entry in entries:
            name = prefix + entry.name
            if not name.isprintable():
                raise FolderProblem(readable(name), "The name contains a control character or is not UTF-8; rename it.")
            status = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(status.st_mode):
                if entry.name == BYTECODE_FOLDER:
                    continue
                if level >= MAX_LEVELS:
                    raise FolderProblem(
                        name, f"Folders are nested more than {MAX_LEVELS} levels deep; move the files up."
                    )
                waiting.append((Path(entry.path), f"{name}/", level + 1))
                continue
            if not stat.S_ISREG(status.st_mode):
                raise FolderProblem(
                    name, "This is a link or a device, and only plain files are read; put the file itself here."
                )
            paths[name] = Path(entry.path)
            total += status.st_size
            if len(paths) > MAX_FILES or total > MAX_FOLDER_BYTES:
                raise FolderProblem(
                    name,
                    f"The folder holds more than {MAX_FILES} files or {MAX_FOLDER_BYTES // 1_000_000} MB; remove files that it does not ship.",
                )
    return dict(sorted(paths.items()))


def read(path: Path, *, name: str, at_most: int) -> bytes:
    """Returns a plain file's bytes. A file that is too long is rejected by its size, without
    reading it.
    """
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
    """The files of one folder by their path inside it, each read on first use.

    Access raises KeyError if there is no such file, and ValueError if its content has changed since
    it was loaded.
    """

    paths: Mapping[str, Path] = field(default_factory=dict)
    digests: Mapping[str, str] = field(default_factory=dict)
    _read: dict[str, bytes] = field(default_factory=dict, repr=False, compare=False)

    @override
    def __getitem__(self, name: str) -> bytes:
        if name in self._read:
            return self._read[name]
        path = self.paths[name]
        try:
            data = read(path, name=name, at_most=MAX_FOLDER_BYTES)
        except FolderProblem as problem:
            raise ValueError(f"{name}: {problem}") from problem
        except OSError as error:
            raise ValueError(f"the file {name} cannot be read: {error.strerror}") from error
        if hashlib.sha256(data).hexdigest() != self.digests[name]:
            raise ValueError(f"the file {name} has changed since the blueprint was loaded; load the catalogue again")
        self._read[name] = data
        return data

    @override
    def __iter__(self) -> Iterator[str]:
        return iter(self.paths)

    @override
    def __len__(self) -> int:
        return len(self.paths)

    @override
    def __contains__(self, name: object) -> bool:
        return name in self.paths  # Mapping's own implementation would read the file.


def take(files: Mapping[str, Path]) -> tuple[ShippedFiles, str]:
    """The files that a blueprint ships, and the digest of all of them.

    The digest is SHA-256 over every file's name and bytes, each preceded by its length, so that no
    two sets of files can collide.
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
