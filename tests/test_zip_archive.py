"""Zip archives are reproducible, and their format is frozen: templates name packages by their
digest.
"""

from __future__ import annotations

import hashlib
import io
import zipfile

from provisioning.zip_archive import write_zip

FILES = {"b/index.py": b"print(1)\n" * 40, "a.txt": b"text"}


def test_equal_files_give_equal_bytes_in_any_order() -> None:
    assert write_zip(FILES) == write_zip(dict(reversed(FILES.items())))


def test_files_keep_their_content_and_their_mode() -> None:
    with zipfile.ZipFile(io.BytesIO(write_zip(FILES, executable=["a.txt"]))) as archive:
        assert {entry.filename: archive.read(entry) for entry in archive.infolist()} == FILES
        assert {entry.filename: entry.external_attr >> 16 for entry in archive.infolist()} == {
            "a.txt": 0o755,
            "b/index.py": 0o644,
        }
        assert {entry.date_time for entry in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_the_format_is_frozen() -> None:
    # An empty file, because compressed bytes may differ between versions of zlib.
    digest = hashlib.sha256(write_zip({"empty": b""})).hexdigest()
    assert digest == "b089086df71dc27ed6150a91c02acf03cccb8f28243b00f8d2d6a2b1d0c19b0e"
