"""Builds the wheel of the command-line client from `portal/cli/`.

It contains the source files as they are, except that the package is named `portal_cli`. Equal
sources give equal bytes, so that a team can pin the wheel's SHA-256.
"""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from pathlib import Path
from typing import Final

from portal import cli
from provisioning.zip_archive import write_zip

WHEEL_NAME: Final = f"portal_cli-{cli.VERSION}-py3-none-any.whl"
_SOURCE: Final = Path(cli.__file__).resolve().parent
_DIST_INFO: Final = f"portal_cli-{cli.VERSION}.dist-info"
_NAME: Final = re.compile(r"\bportal\.cli\b")
_METADATA: Final = f"""\
Metadata-Version: 2.1
Name: portal-cli
Version: {cli.VERSION}
Summary: The command-line client of the portal
Requires-Python: >=3.11
"""
_WHEEL: Final = """\
Wheel-Version: 1.0
Generator: portal
Root-Is-Purelib: true
Tag: py3-none-any
"""
_ENTRY_POINTS: Final = """\
[console_scripts]
portal = portal_cli.main:main
"""


@cache
def cli_wheel() -> bytes:
    """The wheel, as the binary distribution format 1.0 describes it."""
    files = {
        f"portal_cli/{path.relative_to(_SOURCE).as_posix()}": _renamed(path.read_text(encoding="utf-8")).encode()
        for path in sorted(_SOURCE.rglob("*.py"))
    }
    files |= {
        f"{_DIST_INFO}/METADATA": _METADATA.encode(),
        f"{_DIST_INFO}/WHEEL": _WHEEL.encode(),
        f"{_DIST_INFO}/entry_points.txt": _ENTRY_POINTS.encode(),
    }
    record = f"{_DIST_INFO}/RECORD"
    lines = [f"{path},{_digest(content)},{len(content)}" for path, content in sorted(files.items())]
    return write_zip(files | {record: "\n".join([*lines, f"{record},,", ""]).encode()})


@cache
def cli_wheel_sha256() -> str:
    return hashlib.sha256(cli_wheel()).hexdigest()


def _renamed(source: str) -> str:
    return _NAME.sub("portal_cli", source)


def _digest(content: bytes) -> str:
    return f"sha256={base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b'=').decode()}"
