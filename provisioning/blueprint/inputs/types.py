"""Converts the text of a form or a command line to a value of a variable's type, and back.

Every error is a ValueError whose message completes a sentence that begins with the variable's name.
Each text, whether it is the value itself, an item, a key or a value of a map, is checked here: it
is data and may contain no expression that AWS or Terraform would evaluate.
"""

from __future__ import annotations

import json
import re

from provisioning.blueprint.inputs.variable_type import ScalarType, VariableType
from provisioning.blueprint.phrasing import shown
from provisioning.blueprint.syntax.operators import kind_of
from provisioning.design.expressions import expression_problem
from provisioning.design.graph import Joined, Reference, Value

MAX_TEXT = 4_096
MAX_ITEMS = 200
MAX_RAW = 100_000

_TOO_LARGE = 10**15
_NUMBER = re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_TRUE, _FALSE = frozenset({"true", "on", "yes", "1"}), frozenset({"false", "off", "no", "0"})
# Matches to the end if a quote is never closed, without backtracking: each character is read once.
_QUOTED = re.compile(r'"(?:[^"\\]++|\\.)*+"?')
_WANTED = {"string": "text", "number": "a number", "bool": "true or false"}


def coerce(type_: VariableType, raw: object) -> Value:
    """Converts `raw` to a value of this type. Raises ValueError."""
    if isinstance(raw, str) and len(raw) > MAX_RAW:
        raise ValueError(f"has {len(raw)} characters, which is too long")
    if type_.container is None:
        return _scalar(type_.scalar, raw)
    items = _list(raw) if type_.container == "list" else _map(raw)
    if len(items) > MAX_ITEMS:
        raise ValueError(f"has {len(items)} entries; {MAX_ITEMS} are allowed")
    if isinstance(items, list):
        return [_scalar(type_.scalar, item, f" (item {number})") for number, item in enumerate(items, start=1)]
    return {_scalar_text(key): _scalar(type_.scalar, item, f" ({shown(key)})") for key, item in items.items()}


def as_text(value: Value) -> str:
    """A value as text for a form; `coerce` converts it back to the same value. One entry per line
    if that is unambiguous.
    """
    match value:
        case None:
            return ""
        case bool():
            return "true" if value else "false"
        case list() if value and all(_plain(item, ",") for item in value) and not as_text(value[0]).startswith("["):
            return "\n".join(as_text(item) for item in value)
        case dict() if value and all(_plain(key, ",=") and _plain(item, ",") for key, item in value.items()):
            if not next(iter(value)).startswith("{"):
                return "\n".join(f"{key} = {as_text(item)}" for key, item in value.items())
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else str(value)


def _plain(value: Value, signs: str) -> bool:
    """Whether a value can share a line with others."""
    text = as_text(value)
    return bool(text) and text == text.strip() and not any(sign in text for sign in signs)


def absent(raw: object) -> bool:
    """Whether no value was given; a form sends an empty text then."""
    return raw is None or (isinstance(raw, str) and not raw.strip())


def _scalar(type_: ScalarType, raw: object, where: str = "") -> Value:
    value: Value = None
    if type_ == "string" and isinstance(raw, str):
        return _scalar_text(raw, where)
    if type_ == "bool":
        value = _bool(raw)
    elif type_ == "number":
        value = _number(raw)
    if value is None:
        raise ValueError(f"should be {_WANTED[type_]}{where}")
    return value


def _scalar_text(text: str, where: str = "") -> str:
    if len(text) > MAX_TEXT:
        raise ValueError(f"has {len(text)} characters{where}; {MAX_TEXT} are allowed")
    if found := _CONTROL.search(text):
        raise ValueError(f"has a control character, U+{ord(found[0]):04X}, in it{where}; remove it")
    if problem := expression_problem(text):
        what, _, advice = problem.partition("; ")
        raise ValueError(f"{what}{where}; {advice}")
    return text


def _bool(raw: object) -> bool | None:
    if isinstance(raw, bool):
        return raw
    word = raw.strip().lower() if isinstance(raw, str) else ""
    return True if word in _TRUE else False if word in _FALSE else None


def _number(raw: object) -> int | float | None:
    if isinstance(raw, str) and _NUMBER.fullmatch(raw.strip()):
        raw = int(raw) if raw.strip("+- ").isdigit() else float(raw)
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return None
    return raw if abs(raw) < _TOO_LARGE else None  # false for nan, too


def _list(raw: object) -> list[object]:
    """Parses a list, a JSON list, or words separated by commas or line breaks."""
    if isinstance(raw, list | tuple):
        return list(raw)
    if not isinstance(raw, str):
        raise ValueError("should be a list")  # noqa: TRY004 - a person's mistake, like the others here
    if raw.lstrip().startswith("["):
        items = _json(raw)
        if isinstance(items, list):
            return items
        raise ValueError("should be a list")
    return [word.strip() for word in re.split(r"[,\n]", raw) if word.strip()]


def _map(raw: object) -> dict[str, object]:
    """Parses a mapping, a JSON object, or key=value pairs separated by commas or line breaks."""
    mapping = raw
    if isinstance(raw, str):
        mapping = _json(raw) if raw.lstrip().startswith("{") else _pairs(raw)
    if not isinstance(mapping, dict) or not all(isinstance(key, str) for key in mapping):
        raise ValueError('should be a map: key=value, key=value or {"key": "value"}')
    return mapping


def _pairs(raw: str) -> dict[str, object]:
    pairs: dict[str, object] = {}
    for number, word in enumerate(re.split(r"[,\n]", raw), start=1):
        key, equals, value = word.strip().partition("=")
        if not word.strip():
            continue
        if not equals or not key.strip():
            raise ValueError(f"should be a map, and entry {number} is not key=value")
        if key.strip() in pairs:
            raise ValueError(f"names {shown(key.strip())} twice")
        pairs[key.strip()] = value.strip()
    return pairs


def _json(raw: str) -> object:
    """Parses JSON after counting its depth: these types need one bracket only."""
    signs = _QUOTED.sub("", raw)
    if signs.count("[") + signs.count("{") > 1:
        raise ValueError("should be flat, without a list or map inside")
    try:
        return json.loads(raw)
    except ValueError as error:
        raise ValueError("is not valid JSON; check its quotes and commas") from error


def measure(value: Value) -> int | float:
    """The value that `min` and `max` compare: a number itself, the length of anything else."""
    match value:
        case bool() | None | Reference() | Joined():
            raise TypeError(f"min and max do not apply to {kind_of(value)}")
        case int() | float():
            return value
        case _:
            return len(value)
