"""The words that our prose avoids, each with what to write instead."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Word:
    """`pattern` matches the text with any line break replaced by one space. `only` limits it to
    some file suffixes.
    """

    pattern: re.Pattern[str]
    instead: str
    only: tuple[str, ...] = ()


def _word(pattern: str, instead: str, *only: str) -> Word:
    return Word(re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), instead, only)


WORDS = (
    _word(r"mend(?:s|ed|ing)?", "fix"),
    _word(r"told", "reported, passed, shown"),
    _word(r"said of", "stated about"),
    _word(r"who(?:m)?ever", "anyone who, the caller"),
    _word(r"anew", "again"),
    _word(r"there(?:of|upon|by)", "of it, then"),
    _word(r"wish(?:es|ed)?", "request"),
    _word(r"dies", "is deleted, ends"),
    _word(r"stays", "is retained, remains"),
    _word(r"taken in", "accepted, added"),
    _word(r"made of", "consists of", ".html"),
    _word(r"goes by", "is determined by, uses"),
    _word(r"leads? (?:to|nowhere)", "refers to, routes to, causes"),
    _word(r"asked for by", "requested by"),
    _word(r"ask(?:s|ed)? for it", "request it"),
    _word(r"stand(?:s|ing)? (?:in|there|for itself|outside|behind|beside|alone)", "is in, is there"),
    _word(r"beside", "next to, in addition to"),
    _word(r"in its turn", "in turn"),
    _word(r"in its time", "when it is due"),
    _word(r"where nobody", "if nobody"),
    _word(r"of (?:its|their) own accord", "by itself, automatically"),
    _word(r"pictures?", "diagram"),
    _word(r"governors?", "rate limiter"),
    _word(r"after steps?", "post-deployment task"),
    _word(r"in the clear", "unencrypted, in plain text"),
    _word(r"cannot be told", "cannot be determined"),
    _word(r"for ever", "forever"),
    _word(r"all the same", "nevertheless"),
    _word(r"in the place of", "instead of"),
    _word(r"makes the same of", "converts back to the same"),
    _word(r"what (?:is|was|has been) (?:said|asked|pasted|there|meant|new)", "name the noun"),
    _word(r"not carried out", "failed"),
    _word(r"somebody was faster", "something changed in the meantime"),
    _word(r"waves?", "levels"),
    _word(r"handed on", "passed on"),
)
