"""Files that a blueprint ships: folders with Lambda code, which become packages, and text files.

A setting names a file or a folder of the blueprint, and the loader supplies the content. So nothing
outside the blueprint's folder can be read, and the blueprint's digest covers every byte.
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

# Key in the context that the loader passes to `model_validate`: the blueprint's files by path inside its folder.
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
    """A folder of the blueprint: content by path inside the folder."""

    path: str
    files: Mapping[str, bytes] = field(hash=False)


@dataclass(frozen=True)
class Artefact:
    """A package that must be in the account's artefact bucket before a stack can use it. Its key is
    derived from its content.
    """

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
    """Zip a folder; the same content gives the same bytes. A wheel (`*.whl`) in it is unpacked at
    the top level.
    """
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
    """Return the files of a wheel.

    Raises ValueError for a wheel that is broken, too large when unpacked, or contains a path
    outside itself.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as wheel:
            members = [member for member in wheel.infolist() if not member.is_dir()]
            # zipfile never unpacks more than the declared size.
            if len(members) > MAX_ENTRIES or sum(member.file_size for member in members) > room:
                raise ValueError(
                    f"{path} unpacks to more than {MAX_ENTRIES} files, or the folder to more than "
                    f"{MAX_UNPACKED_BYTES // 1_000_000} MB; ship less"
                )
            for member in members:
                if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    raise ValueError(f"{path} uses a compression that wheels do not use; build it again")
                if member.filename.startswith("/") or ".." in member.filename.split("/"):
                    raise ValueError(f"{path} contains a path outside itself ({member.filename!r}); build it again")
            return {member.filename: wheel.read(member) for member in members}
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError) as error:
        raise ValueError(f"{path} is not a readable wheel; build it again") from error


def _shipped(info: ValidationInfo) -> Mapping[str, bytes]:
    context: Mapping[str, Any] = info.context or {}
    files: Mapping[str, bytes] = context.get(FILES, {})
    return files


def _text(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        return value
    content = _shipped(info).get(value)
    if content is None:
        raise ValueError(f"the blueprint's folder has no file {value}")
    if len(content) > MAX_TEXT_BYTES:
        raise ValueError(f"{value} has {len(content)} bytes; {MAX_TEXT_BYTES} are allowed")
    try:
        return TextFile(value, content.decode())
    except UnicodeDecodeError:
        raise ValueError(f"{value} is not text in UTF-8") from None


def _folder(value: object, info: ValidationInfo) -> object:
    if not isinstance(value, str):
        return value
    prefix = value.rstrip("/") + "/"
    shipped = _shipped(info)
    # Selected by name, so that other files are not read.
    files = {path.removeprefix(prefix): shipped[path] for path in shipped if path.startswith(prefix)}
    if not files:
        raise ValueError(f"the blueprint's folder has no folder {value}")
    folder = Folder(value.rstrip("/"), files)
    package(folder)
    return folder


ShippedText: TypeAlias = Annotated[InstanceOf[TextFile], BeforeValidator(_text)]
ShippedFolder: TypeAlias = Annotated[InstanceOf[Folder], BeforeValidator(_folder)]
