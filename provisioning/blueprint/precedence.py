"""Which of two versions is the newer: semantic versioning's precedence.

https://semver.org/#spec-item-11
"""

from __future__ import annotations

from typing import TypeAlias

Precedence: TypeAlias = "tuple[tuple[int, ...], bool, tuple[tuple[bool, int, str], ...]]"


def precedence(version: str) -> Precedence:
    """A key to sort by: 1.9.0 < 1.10.0, and 2.0.0-rc.1 < 2.0.0. Raises ValueError for what is not three numbers."""
    numbers, _, ending = version.partition("-")
    release = tuple(int(number) for number in numbers.split("."))
    identifiers = ending.split(".") if ending else []
    # A number is lower than a word, and numbers compare as numbers.
    parts = tuple((False, int(part), "") if _is_number(part) else (True, 0, part) for part in identifiers)
    return release, not ending, parts


def is_prerelease(version: str) -> bool:
    return "-" in version


def _is_number(identifier: str) -> bool:
    return identifier.isascii() and identifier.isdigit()
