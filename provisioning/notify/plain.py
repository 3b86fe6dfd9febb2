"""Makes names harmless: people choose them, and other people read them in mail and chat."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

from provisioning.models import User

LONGEST_NAME: Final = 60

# What chat services read as markup, mentions or links, and a character that only looks like it.
_LOOKALIKES: Final = str.maketrans(
    {
        "<": "‹",
        ">": "›",
        "&": "＆",
        "@": "＠",
        "*": "∗",
        "_": "＿",
        "~": "∼",
        "`": "ˋ",
        "|": "ǀ",
        "[": "［",
        "]": "］",
        "(": "（",
        ")": "）",
        "#": "＃",
        "\\": "＼",
        "!": "ǃ",
    }
)
_DOT_IN_WORD: Final = re.compile(r"(?<=\w)\.(?=\w)")
_SCHEME: Final = re.compile(r":(?=/)")


def inert(name: str, *, longest: int = LONGEST_NAME) -> str:
    """Return the name as one line without markup, mentions, links and invisible characters, of at
    most `longest` characters.
    """
    normal = unicodedata.normalize("NFC", name)
    shown = "".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in normal)
    shown = " ".join(shown.split())
    if len(shown) > longest:
        shown = shown[: longest - 1].rstrip() + "…"
    return _SCHEME.sub("∶", _DOT_IN_WORD.sub("․", shown.translate(_LOOKALIKES)))


def name_of(user: User | None, fallback: str = "Someone") -> str:
    if user is None:
        return fallback
    return inert(user.get_full_name() or user.get_username()) or fallback
