"""Files that a blueprint ships: Lambda code as a package, a text to fill in or to read.

A setting names a file or a folder of the blueprint; the loader hands over what lies there, so that nothing outside the
blueprint's folder can be read and the blueprint's digest covers every byte.
"""

from __future__ import annotations

import hashlib
import io
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Annotated, Any, TypeAlias

from pydantic import BeforeValidator, InstanceOf, ValidationInfo

from provisioning.caching import Cache
from provisioning.zip_archive import write_zip

# What `model_validate(…, context=…)` is given by the loader: the blueprint's files, by their path inside the folder.
FILES = "files"
MAX_TEXT_BYTES = 1_000_000
MAX_UNPACKED_BYTES = 50_000_000
MAX_ENTRIES = 5_000


@dataclass(frozen=True)
class TextFile:
    """One text file of the blueprint."""

    path: str
    text: str


@dataclass(frozen=True)
class Folder:
    """A folder of the blueprint: content by path inside it."""

    path: str
    files: Mapping[str, bytes] = field(hash=False)


@dataclass(frozen=True)
class Artefact:
    """A package that must lie in the account's artefact bucket before a stack can use it. Its key is its content's."""

    name: str
    body: bytes = field(repr=False)

    @cached_property
    def sha256(self) -> str:
        return hashlib.sha256(self.body).hexdigest()

    @property
    def key(self) -> str:
        return f"artefacts/{self.sha256}.zip"


_packages: Cache[Folder, Artefact] = Cache(max_size=8)


def package(folder: Folder) -> Artefact:
    """Zip a folder, the same bytes for the same content. A wheel (`*.whl`) in it is unpacked at the top."""
    return _packages.get_or_compute(folder, lambda: _zip(folder))


def _zip(folder: Folder) -> Artefact:
    entries: dict[str, bytes] = {}
    for path, content in folder.files.items():
        if path.endswith(".whl"):
            entries.update(_unpacked(path, content, room=MAX_UNPACKED_BYTES - sum(map(len, entries.values()))))
        else:
            entries[path] = content
    return Artefact(folder.path, write_zip(entries))


def _unpacked(path: str, content: bytes, *, room: int) -> dict[str, bytes]:
    """What a wheel holds. Raises ValueError for one that is broken, would be too large, or names a place outside itself."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as wheel:
            members = [member for member in wheel.infolist() if not member.is_dir()]
            # The declared size bounds what is read: more than it is never unpacked.
            if len(members) > MAX_ENTRIES or sum(member.file_size for member in members) > room:
                raise ValueError(
                    f"{path} unpacks to more than {MAX_ENTRIES} files, or the folder to more than "
                    f"{MAX_UNPACKED_BYTES // 1_000_000} MB; ship less"
                )
            for member in members:
                if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise ValueError(f"{path} is packed in a way that wheels are not; build it again")
                if member.filename.startswith("/") or ".." in member.filename.split("/"):
                    raise ValueError(
                        f"{path} holds a file outside itself ({member.filename!r}); ship one that does not"
                    )
            return {member.filename: wheel.read(member) for member in members}
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise ValueError(f"{path} is no wheel that can be unpacked; build it again") from error


def _shipped(info: ValidationInfo) -> Mapping[str, bytes]:
    context: Mapping[str, Any] = info.context or {}
    files: Mapping[str, bytes] = context.get(FILES, {})
    return files


def _text(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        return value
    found = _shipped(info).get(value)
    if found is None:
        raise ValueError(f"the blueprint's folder holds no file {value}")
    if len(found) > MAX_TEXT_BYTES:
        raise ValueError(f"{value} has {len(found)} bytes, and {MAX_TEXT_BYTES} are allowed")
    try:
        return TextFile(value, found.decode())
    except UnicodeDecodeError:
        raise ValueError(f"{value} is not text in UTF-8") from None


def _folder(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        return value
    prefix = value.rstrip("/") + "/"
    shipped = _shipped(info)
    # By name: what is not asked for is not read.
    found = {path.removeprefix(prefix): shipped[path] for path in shipped if path.startswith(prefix)}
    if not found:
        raise ValueError(f"the blueprint's folder holds no folder {value}")
    folder = Folder(value.rstrip("/"), found)
    package(folder)
    return folder


ShippedText: TypeAlias = Annotated[InstanceOf[TextFile], BeforeValidator(_text)]
ShippedFolder: TypeAlias = Annotated[InstanceOf[Folder], BeforeValidator(_folder)]
