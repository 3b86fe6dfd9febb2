"""The parts of a property that differ, for a table with the values before and after."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from provisioning.aws.change_sets import KNOWN_LATER

_ABSENT: Final = object()
_NAMES: Final = ("Name", "Key", "Id", "Sid")


@dataclass(frozen=True, slots=True)
class DifferingPart:
    """`after_is_later`: CloudFormation knows the value only when it has made the change."""

    path: str
    before: str | None
    after: str | None

    @property
    def after_is_later(self) -> bool:
        return self.after == KNOWN_LATER


def differing_parts(path: str, before: str | None, after: str | None) -> list[DifferingPart]:
    """What differs below `path`. Both values are JSON or plain texts; None for one that is absent."""
    return list(_parts(path, _parsed(before), _parsed(after)))


def _parsed(text: str | None) -> Any:
    if text is None:
        return _ABSENT
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, dict | list) else text


def _parts(path: str, before: Any, after: Any) -> Iterator[DifferingPart]:
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            yield from _parts(f"{path}.{key}", before.get(key, _ABSENT), after.get(key, _ABSENT))
    elif isinstance(before, list) and isinstance(after, list) and _labels(before) == _labels(after):
        for label, old, new in zip(_labels(before), before, after, strict=True):
            yield from _parts(f"{path}.{label}", old, new)
    else:
        yield DifferingPart(path, _text(before), _text(after))


def _labels(items: list[Any]) -> list[str]:
    """What the items of a list are called: by the property that names them, else by their position."""
    for name in _NAMES:
        if items and all(isinstance(item, dict) and isinstance(item.get(name), str) for item in items):
            return [item[name] for item in items]
    return [str(position) for position in range(len(items))]


def _text(value: Any) -> str | None:
    if value is _ABSENT:
        return None
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
