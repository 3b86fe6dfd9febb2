"""Format 2 of the plan document: the keys that format 3 has added. Plans in it are read, never made.

Their digest covers the whole document as it was stored, so a key that came later is left out when
such a plan is written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

ADDED_IN_FORMAT_3: Final[Mapping[str, tuple[str, ...]]] = {
    "create": (),
    "teardown": ("account_id", "to_leave", "is_forced", "unsearched"),
}
"""By kind, the new keys as paths; "stacks.x" is the key x of each stack. Each has a default."""


def check(content: Mapping[str, Any]) -> None:
    """Raise ValueError if a stored plan of format 2 has a key that the format does not have."""
    if content.get("kind") not in ADDED_IN_FORMAT_3:
        raise ValueError(f"a plan of format 2 of the kind {content.get('kind')}")
    for record, key in _places(content):
        if key in record:
            raise ValueError(f"{key} in a plan of format 2")


def downgrade(content: dict[str, Any]) -> dict[str, Any]:
    """Leave out what format 3 has added."""
    for record, key in _places(content):
        record.pop(key, None)
    return content


def _places(content: Mapping[str, Any]) -> Iterator[tuple[Any, str]]:
    """Yield each record that may have a new key, with the key."""
    for path in ADDED_IN_FORMAT_3.get(content["kind"], ()):
        *folder, key = path.split(".")
        records = content[folder[0]] if folder else [content]
        for record in records:
            yield record, key
