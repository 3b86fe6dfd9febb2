"""Format 3 of the plan document: the keys that format 4 has added. Plans in it are read, never made.

As in format 2, the digest covers the whole document as it was stored.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

ADDED_IN_FORMAT_4: Final[Mapping[str, tuple[str, ...]]] = {
    "create": ("tags",),
    "change": ("tags",),
    "put_back": ("tags",),
    "adopt": ("tags",),
}
"""The new keys by kind. Each has a default."""


def check(content: Mapping[str, Any]) -> None:
    """Raise ValueError if a stored plan of an earlier format has a key that came with format 4."""
    for key in ADDED_IN_FORMAT_4.get(content["kind"], ()):
        if key in content:
            raise ValueError(f"{key} in a plan of a format before 4")


def downgrade(content: dict[str, Any]) -> dict[str, Any]:
    """Leave out what format 4 has added."""
    added = ADDED_IN_FORMAT_4.get(content["kind"], ())
    return {key: value for key, value in content.items() if key not in added}
