"""Resolved template values as plain Python, with marks for the values that only AWS will know.

`{"Ref": "Vpc"}` becomes the text `⟦Vpc⟧` and `Fn::GetAtt` becomes `⟦Vpc.Arn⟧`, also inside longer
text. Rules can thus compare and search strings and still see which resource is meant. An
undecidable value is `⟦?why⟧`: it is never empty and never assumed to be safe.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

OPEN, CLOSE = "⟦", "⟧"
_MARK = re.compile(r"⟦([^⟧]*)⟧")
_WHOLE = re.compile(r"⟦([^⟧?.]+)(?:\.([^⟧]+))?⟧")
_HIDDEN = str.maketrans({OPEN: "[", CLOSE: "]"})


def mark(name: str, attribute: str = "") -> str:
    """The value of a resource's reference or attribute; `name` is its key in the model."""
    return f"{OPEN}{name}.{attribute}{CLOSE}" if attribute else f"{OPEN}{name}{CLOSE}"


def unknown(why: str) -> str:
    return f"{OPEN}?{why.translate(_HIDDEN)}{CLOSE}"


def literal(text: str) -> str:
    """Escapes a template's own text, so that it cannot imitate a mark."""
    return text.translate(_HIDDEN) if OPEN in text or CLOSE in text else text


def is_unknown(value: Any) -> bool:
    """Whether the whole value is undecidable."""
    return isinstance(value, str) and value.startswith(f"{OPEN}?")


def has_unknown(value: Any) -> bool:
    return isinstance(value, str) and f"{OPEN}?" in value


def is_known(value: Any) -> bool:
    """Whether no part of a text depends on AWS or on a parameter."""
    return not (isinstance(value, str) and OPEN in value)


def target(value: Any) -> tuple[str, str] | None:
    """The (resource, attribute) of a value that consists of one mark only."""
    if not isinstance(value, str) or not value.startswith(OPEN):
        return None
    whole = _WHOLE.fullmatch(value)
    return (whole[1], whole[2] or "") if whole else None


def outline(text: str) -> str:
    """A text with its marks emptied, so that it can be split at its own colons and slashes."""
    return _MARK.sub(f"{OPEN}{CLOSE}", text)


def marks(text: str) -> Iterator[str]:
    """The marks of resources inside a text."""
    return (match[0] for match in _MARK.finditer(text) if not match[1].startswith("?"))


def mentioned(value: Any) -> Iterator[str]:
    """The resources that a value refers to, at any depth."""
    if isinstance(value, str):
        if OPEN in value:
            for match in _MARK.finditer(value):
                if not match[1].startswith("?"):
                    yield match[1].partition(".")[0]
    elif isinstance(value, dict):
        for part in value.values():
            yield from mentioned(part)
    elif isinstance(value, list):
        for part in value:
            yield from mentioned(part)


def texts(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Every text inside a value with its property path, in order. Not recursive, because a raw
    template may nest to any depth.
    """
    waiting: list[tuple[str, Any]] = [(path, value)]
    while waiting:
        here, found = waiting.pop()
        if isinstance(found, str):
            yield here, found
        elif isinstance(found, dict):
            waiting += [(f"{here}.{key}" if here else str(key), part) for key, part in reversed(found.items())]
        elif isinstance(found, list):
            waiting += [(f"{here}[{index}]", found[index]) for index in range(len(found) - 1, -1, -1)]


def many(value: Any) -> list[Any]:
    """A list; one value as a list of one; nothing as an empty list. Policies and properties allow
    all three.
    """
    if value is None:
        return []
    return value if isinstance(value, list) else [value]


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def truth(value: Any) -> bool | None:
    """True or False as CloudFormation reads them; None if it is neither or undecidable."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and (word := value.lower()) in {"true", "false"}:
        return word == "true"
    return None


def number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and re.fullmatch(r"-?\d{1,18}", value):
        return int(value)
    return None


def shown(value: Any) -> str:
    """A value for people: marks are shown as CloudFormation would write them in `Fn::Sub`."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return _MARK.sub(_mark_for_people, value)
    if isinstance(value, list):
        return ", ".join(shown(part) for part in value)
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {shown(part)}" for key, part in value.items()) + "}"
    return str(value)


def _mark_for_people(match: re.Match[str]) -> str:
    inner = match[1]
    return f"(unknown: {inner[1:]})" if inner.startswith("?") else f"${{{inner}}}"
