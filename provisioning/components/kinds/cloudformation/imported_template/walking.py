"""Walks a template's values: who names whom, and where."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

IN_SUB = re.compile(r"\$\{([A-Za-z0-9:]+)(?:\.[A-Za-z0-9.:]+)?\}")


def named(value: Any) -> Iterator[str]:
    """Every name that a value mentions by Ref or Sub, GetAtt's left out: parameters, resources, pseudo parameters."""
    if isinstance(value, list):
        for item in value:
            yield from named(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key == "Ref" and isinstance(item, str):
                yield item
            elif key == "Fn::Sub":
                yield from _in_sub(item)
                yield from named(item[1:] if isinstance(item, list) else None)
            else:
                yield from named(item)


def _in_sub(value: Any) -> Iterator[str]:
    text = value[0] if isinstance(value, list) and value else value
    own = value[1] if isinstance(value, list) and len(value) > 1 and isinstance(value[1], dict) else {}
    if isinstance(text, str):
        yield from (name for name in IN_SUB.findall(text) if name not in own)


def functions(value: Any) -> Iterator[tuple[str, Any]]:
    """Every function that a value calls, with its argument."""
    if isinstance(value, list):
        for item in value:
            yield from functions(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key.startswith("Fn::"):
                yield key, item
            yield from functions(item)


def replaced(value: Any, instead: Mapping[str, Any], *, kept: Callable[[str], bool] = lambda _: False) -> Any:
    """The value with every Ref (and `${…}` of a Sub) to a name of `instead` exchanged. Keys for which `kept` is true stay."""
    if isinstance(value, list):
        return [replaced(item, instead, kept=kept) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) == {"Ref"} and isinstance(value["Ref"], str) and value["Ref"] in instead:
        return instead[value["Ref"]]
    if set(value) == {"Fn::Sub"}:
        return {"Fn::Sub": _sub(value["Fn::Sub"], instead, kept)}
    return {key: item if kept(key) else replaced(item, instead, kept=kept) for key, item in value.items()}


def _sub(value: Any, instead: Mapping[str, Any], kept: Callable[[str], bool]) -> Any:
    text, own = (value[0], value[1]) if isinstance(value, list) and len(value) == 2 else (value, {})  # noqa: PLR2004
    if not isinstance(text, str) or not isinstance(own, dict):
        return value
    own = {name: replaced(item, instead, kept=kept) for name, item in own.items()}
    wanted = {name: instead[name] for name in IN_SUB.findall(text) if name in instead and name not in own}
    variables = {**own, **wanted}
    return [text, variables] if variables else text
