"""Phrases for messages: quoted names, lists, and suggestions for mistyped names."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

_MOST_LISTED = 30
_LONGEST_GUESSED = 80


def shown(text: str) -> str:
    """Returns a name as a message shows it: short, and on one line."""
    return f'"{readable(text[:_LONGEST_GUESSED])}{"…" if len(text) > _LONGEST_GUESSED else ""}"'


def readable(text: str) -> str:
    """Makes any text printable and storable."""
    return "".join(character if character.isprintable() else "\ufffd" for character in text)


def known(name: str, names: Iterable[str]) -> str:
    """Returns `did you mean "x"?`, or the list of known names."""
    choices = sorted(names)
    if not choices:
        return "there are none."
    close = difflib.get_close_matches(name[:_LONGEST_GUESSED], choices, n=1, cutoff=0.6)
    if close:
        return f'did you mean "{close[0]}"?'
    more = f" and {len(choices) - _MOST_LISTED} more" if len(choices) > _MOST_LISTED else ""
    return f"known are {', '.join(choices[:_MOST_LISTED])}{more}."


def listed(names: Iterable[str], last: str = "or") -> str:
    """`a, b or c`."""
    items = list(names)
    return items[0] if len(items) == 1 else f"{', '.join(items[:-1])} {last} {items[-1]}"
