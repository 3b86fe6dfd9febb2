"""Packs a blueprint's folder into one archive and reads it again with the ordinary loader. Equal
files give equal bytes.

The portal itself writes the archives. Reading is strict nevertheless: no file is unpacked outside
its folder or beyond the limits of a folder, and the result must have the expected digest.
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
    """The archive is damaged, or its content does not have the expected digest. The message is a
    sentence.
    """


def pack(files: Mapping[str, bytes]) -> bytes:
    """Return a zip archive of a blueprint's files. Raises ValueError if a file has changed since it
    was loaded.
    """
    return write_zip(files)


def unpack(body: bytes) -> dict[str, bytes]:
    """Return the files of an archive by their path inside the folder. Raises BadArchiveError."""
    try:
        with zipfile.ZipFile(io.BytesIO(body)) as source:
            entries = source.infolist()
            # zipfile never unpacks more than the declared size, so checking that is enough.
            if len(entries) > MAX_FILES or sum(entry.file_size for entry in entries) > MAX_FOLDER_BYTES:
                raise BadArchiveError("The archive has more files or bytes than a blueprint's folder may have.")
            for entry in entries:
                parts = entry.filename.split("/")
                if entry.is_dir() or not all(parts) or not {".", ".."}.isdisjoint(parts):
                    raise BadArchiveError(f"The archive has a path outside its folder ({entry.filename!r}).")
            return {entry.filename: source.read(entry) for entry in entries}
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
        raise BadArchiveError("The archive is damaged.") from error


def read_blueprint(body: bytes, *, slug: str, digest: str) -> Blueprint:
    """Load a blueprint from its archive, in a private folder that is deleted with the blueprint.

    Raises BadArchiveError if the files have another digest, and Refused if this portal can no
    longer read them.
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
    # Not before: a component reads the shipped files only when it needs them.
    weakref.finalize(blueprint, shutil.rmtree, root, ignore_errors=True)
    return blueprint


def _load(folder: Path, *, digest: str) -> Blueprint:
    loaded = load_catalogue(folder.parent)
    for broken in loaded.broken:
        problem = broken.problems[0]
        raise Refused(f"This portal can no longer read that version of {folder.name}: {problem}")
    blueprint = loaded.blueprints.get(folder.name)
    if blueprint is None or blueprint.digest != digest:
        raise BadArchiveError(
            f"The archive of {folder.name} does not have the digest {digest[:12]}, so it is not used."
        )
    return blueprint


def differs_in_maturity_only(before: bytes, after: bytes) -> bool:
    """Whether the texts of two `blueprint.hcl` files differ in nothing but the maturity."""
    old, new = before.decode().splitlines(), after.decode().splitlines()
    if len(old) != len(new):
        return False
    changed = [(was, now) for was, now in zip(old, new, strict=True) if was != now]
    if len(changed) != 1:
        return False
    was, now = (_MATURITY.fullmatch(line) for line in changed[0])
    return was is not None and now is not None and was.groups() == now.groups()


def is_deprecation(pinned: Mapping[str, bytes], blueprint: Blueprint) -> bool:
    """Whether the blueprint's folder differs from the pinned files only in that it is now
    deprecated.
    """
    if blueprint.maturity != "deprecated" or set(pinned) != set(blueprint.files):
        return False
    try:
        others = all(pinned[name] == blueprint.files[name] for name in pinned if name != FILE)
        return others and differs_in_maturity_only(pinned[FILE], blueprint.files[FILE])
    except ValueError:  # a file has changed since the folder was loaded; the next load sees the change
        return False
