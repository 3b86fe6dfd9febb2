"""A blueprint's folder as one archive, and back: the same bytes for the same files, and read again by the ordinary loader.

Archives are of the portal's own making. All the same nothing is unpacked outside its folder or beyond a folder's limits,
and what was unpacked must have the digest that it was asked for by.
"""

from __future__ import annotations

import io
import re
import shutil
import tempfile
import weakref
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

from provisioning.blueprint import Blueprint, load_catalogue
from provisioning.blueprint.catalogue.load import FILE
from provisioning.blueprint.catalogue.shipped_files import MAX_FILES, MAX_FOLDER_BYTES
from provisioning.errors import Refused
from provisioning.zip_archive import write_zip

_MATURITY = re.compile(r'(?P<before>\s*maturity\s*=\s*)"[a-z]+"(?P<after>.*)', re.DOTALL)


class BadArchiveError(ValueError):
    """The archive is not what its digest says; the message is a sentence."""


def pack(files: Mapping[str, bytes]) -> bytes:
    """Zip a blueprint's files. Raises ValueError where one is no longer what was loaded."""
    return write_zip(files)


def unpack(body: bytes) -> dict[str, bytes]:
    """The files of an archive by their path inside the folder. Raises BadArchiveError."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as source:
            entries = source.infolist()
            # The declared size bounds what is read: more than it is never unpacked.
            if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_FOLDER_BYTES:
                raise BadArchiveError("The archive holds more than a blueprint's folder may.")
            for entry in entries:
                parts = entry.filename.split("/")
                if entry.is_dir() or not all(parts) or not {".", ".."}.isdisjoint(parts):
                    raise BadArchiveError(f"The archive names a place outside its folder ({entry.filename!r}).")
            return {entry.filename: source.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise BadArchiveError("The archive is damaged.") from error


def read_blueprint(body: bytes, *, slug: str, digest: str) -> Blueprint:
    """Load a blueprint from its archive, in a private folder that lives as long as the blueprint.

    Raises BadArchiveError where the files have another digest, and Refused where this portal cannot read them any more.
    """
    files = unpack(body)
    root = Path(tempfile.mkdtemp(prefix="portal-blueprint-"))
    try:
        folder = root / digest / slug
        for name, data in files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(data)
        blueprint = _load(folder, digest=digest)
    except BaseException:
        shutil.rmtree(root, ignore_errors=True)
        raise
    # Files that it ships are read when a component asks for them.
    weakref.finalize(blueprint, shutil.rmtree, root, ignore_errors=True)
    return blueprint


def _load(folder: Path, *, digest: str) -> Blueprint:
    found = load_catalogue(folder.parent)
    for broken in found.broken:
        problem = broken.problems[0]
        raise Refused(f"This portal cannot read that version of {folder.name} any more: {problem}")
    blueprint = found.blueprints.get(folder.name)
    if blueprint is None or blueprint.digest != digest:
        raise BadArchiveError(
            f"The archive of {folder.name} does not have the digest {digest[:12]}, so it is not read."
        )
    return blueprint


def differs_in_maturity_only(before: bytes, after: bytes) -> bool:
    """Whether one word alone was changed in the text of a `blueprint.hcl`: its maturity."""
    old, new = before.decode().splitlines(), after.decode().splitlines()
    if len(old) != len(new):
        return False
    changed = [(was, now) for was, now in zip(old, new, strict=True) if was != now]
    if len(changed) != 1:
        return False
    was, now = (_MATURITY.fullmatch(line) for line in changed[0])
    return was is not None and now is not None and was.groups() == now.groups()


def is_deprecation(pinned: Mapping[str, bytes], blueprint: Blueprint) -> bool:
    """Whether the folder is the pinned one but for its maturity, which says now that it is deprecated."""
    if blueprint.maturity != "deprecated" or set(pinned) != set(blueprint.files):
        return False
    try:
        others = all(pinned[name] == blueprint.files[name] for name in pinned if name != FILE)
        return others and differs_in_maturity_only(pinned[FILE], blueprint.files[FILE])
    except ValueError:  # a file has changed since the folder was read: the next look sees which
        return False
