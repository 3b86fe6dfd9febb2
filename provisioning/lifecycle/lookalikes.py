"""Names by which people recognise each other: none may look like another one.

The rules are those of Unicode Technical Standard 39 (security mechanisms) that need no table of
look-alike characters: no invisible characters, no compatibility characters such as mathematical or full-width
letters, and no word of several scripts, such as a Latin "alice" with a Cyrillic "а". The user names
that people and programs type are of ASCII characters only.
"""

from __future__ import annotations

import unicodedata
from typing import Final

import regex

_INVISIBLE: Final = regex.compile(r"\p{Default_Ignorable_Code_Point}|\p{C}|\p{Zl}|\p{Zp}|[\p{Zs}--\ ]", regex.V1)
_SCRIPTS: Final = {
    name: regex.compile(rf"\p{{Script={name}}}")
    for name in ("Latin", "Cyrillic", "Greek", "Armenian", "Cherokee", "Coptic")
}
"""Scripts with letters that look like those of another one."""


def problem_of_name(text: str) -> str:
    """What is wrong with a name, as a sentence; empty if nothing is."""
    if hidden := _INVISIBLE.search(text):
        return f"There is an invisible character in the name ({_named(hidden[0])}). Remove it."
    for sign in text:
        if (plain := unicodedata.normalize("NFKC", sign)) != unicodedata.normalize("NFC", sign):
            return f"The character {sign} looks like another one ({_named(sign)}). Write {plain.strip() or 'another one'} instead."
    for word in text.split():
        if len(scripts := [name for name, letters in _SCRIPTS.items() if letters.search(word)]) > 1:
            mixed = " and ".join(scripts)
            return (
                f"The word “{word}” mixes {mixed} letters, so it looks like another one. Use the letters of one script."
            )
    return ""


def problem_of_username(text: str) -> str:
    """What is wrong with a new user name, as a sentence; empty if nothing is."""
    if text.isascii():
        return ""
    return "Use only the letters a to z, digits, and the characters @ . + - _ in a user name."


def harmless_name(text: str) -> str:
    """The name that a provider of identities sends, without what this module refuses; empty if it cannot be
    made harmless.
    """
    plain = " ".join(_INVISIBLE.sub(" ", unicodedata.normalize("NFKC", text)).split())
    return "" if problem_of_name(plain) else plain


def ascii_username(text: str) -> str:
    """The user name without accents and without what is not ASCII; empty if nothing is left."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    return "".join(sign for sign in plain if sign.isalnum() or sign in "@.+-_")


def _named(sign: str) -> str:
    return f"U+{ord(sign):04X}, {unicodedata.name(sign, 'a control character').lower()}"
