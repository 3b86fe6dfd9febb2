"""Names by which people recognise each other: none may look like another one.

The rules are the two of Unicode Technical Standard 39 (security mechanisms) that need no table of
characters: no invisible characters, and no word of several scripts, such as a Latin "alice" with a
Cyrillic "а". The user names that people and programs type are of ASCII characters only.
"""

from __future__ import annotations

import unicodedata
from typing import Final

_ALIKE: Final = frozenset({"LATIN", "CYRILLIC", "GREEK", "ARMENIAN", "CHEROKEE", "COPTIC"})
"""Scripts with letters that look like those of another one, as Unicode names begin."""


def problem_of_name(text: str) -> str:
    """What is wrong with a name, as a sentence; empty if nothing is."""
    for sign in text:
        if not sign.isprintable():
            name = unicodedata.name(sign, "a control character").lower()
            return f"There is an invisible character in the name (U+{ord(sign):04X}, {name}). Remove it."
    for word in text.split():
        if len(scripts := {found for sign in word if (found := _script(sign)) in _ALIKE}) > 1:
            mixed = " and ".join(sorted(script.capitalize() for script in scripts))
            return (
                f"The word “{word}” mixes {mixed} letters, so it looks like another one. Use the letters of one script."
            )
    return ""


def problem_of_username(text: str) -> str:
    """What is wrong with a new user name, as a sentence; empty if nothing is."""
    if text.isascii():
        return ""
    return "Use only the letters a to z, digits, and the characters @ . + - _ in a user name."


def ascii_username(text: str) -> str:
    """The user name without accents and without what is not ASCII; empty if nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(sign for sign in plain if sign.isalnum() or sign in "@.+-_")


def _script(sign: str) -> str:
    return unicodedata.name(sign, "").partition(" ")[0] if sign.isalpha() else ""
