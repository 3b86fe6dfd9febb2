"""The lines that differ between two long values: documents, policies, scripts."""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

Mark = Literal["added", "removed", "same", "gap"]

MAX_LINES_COMPARED: Final = 3_000
_CONTEXT_LINES = 2
_MARKS: dict[str, Mark] = {"+": "added", "-": "removed", "@": "gap", " ": "same"}
# An escaped line end inside a JSON string, but not a backslash that happens to precede an n.
_LINE_END = re.compile(r"(?<!\\)((?:\\\\)*)\\n")


@dataclass(frozen=True, slots=True)
class DiffLine:
    """One line of a diff. A `gap` stands for the equal lines that are left out and has no text."""

    mark: Mark
    text: str


def differing_lines(before: str, after: str) -> Sequence[DiffLine]:
    """Compare two texts line by line, with two equal lines around each change.

    JSON is laid out over several lines first, including the texts inside it. Only the first
    `MAX_LINES_COMPARED` lines of each text are compared.
    """
    diff = list(difflib.unified_diff(_lines(before), _lines(after), lineterm="", n=_CONTEXT_LINES))[2:]
    return [DiffLine(_MARKS[line[0]], "" if line[0] == "@" else line[1:]) for line in diff]


def _lines(text: str) -> list[str]:
    if not text:
        return []
    try:
        text = json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:  # plain text
        return text.splitlines()[:MAX_LINES_COMPARED]
    return _LINE_END.sub(r"\1\n", text).splitlines()[:MAX_LINES_COMPARED]
