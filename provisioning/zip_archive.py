"""Writes zip archives that are reproducible: equal files give equal bytes, whenever and wherever
they are written.

Packages of code are stored under the SHA-256 of their bytes, and templates name those keys. A
change of this format would therefore change every template that ships code.
"""

from __future__ import annotations

import io
import zipfile
from collections.abc import Collection, Mapping

# The earliest time that a zip entry can hold.
_TIME = (1980, 1, 1, 0, 0, 0)
_PLAIN, _EXECUTABLE = 0o644 << 16, 0o755 << 16


def write_zip(files: Mapping[str, bytes], *, executable: Collection[str] = ()) -> bytes:
    """Return a zip archive of `files`, keyed by path, in the order of their paths.

    Files named in `executable` get mode 755, the others 644. Errors that a lazy mapping raises
    while a file is read are passed on.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(files):
            entry = zipfile.ZipInfo(path, _TIME)
            entry.external_attr = _EXECUTABLE if path in executable else _PLAIN
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[path])
    return buffer.getvalue()
