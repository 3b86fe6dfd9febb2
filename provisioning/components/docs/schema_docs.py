"""Describes a settings schema in words: each setting's type, limits, default and meaning."""

from __future__ import annotations

import types
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import AfterValidator, BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from provisioning.components.kit.logs import RETENTION_DAYS, check_days
from provisioning.components.kit.packages import Folder, TextFile
from provisioning.components.kit.values import require_service
from provisioning.design.graph import Joined, Reference


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting. `parts` are the settings of a block."""

    name: str
    type: str
    required: bool
    default: str
    limits: tuple[str, ...]
    description: str
    parts: tuple[Setting, ...] = ()


_PLAIN: dict[Any, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    type(None): "null",
    IPv4Network: "IPv4 range",
    IPv4Address: "IPv4 address",
    Reference: "reference",
    Joined: "text with references",
    Folder: "folder of the blueprint",
    TextFile: "file of the blueprint",
    Any: "anything",
}
_SCALARS = (str, int, float, bool)
_BOUNDS = {Ge: ("ge", "at least {}"), Gt: ("gt", "above {}"), Le: ("le", "at most {}"), Lt: ("lt", "below {}")}


def settings_in_words(schema: type[BaseModel]) -> tuple[Setting, ...]:
    """Return required settings first and `uses` last, otherwise in the schema's order."""
    found = [_setting(name, field) for name, field in schema.model_fields.items()]
    return tuple(sorted(found, key=lambda setting: (setting.name == "uses", not setting.required)))


def _setting(name: str, field: FieldInfo) -> Setting:
    words, limits, parts = _type(field.annotation, field.metadata)
    return Setting(
        name=field.alias or name,
        type=words,
        required=field.is_required(),
        default=_value(field.get_default(call_default_factory=False)),
        limits=tuple(dict.fromkeys(limits)),
        description=field.description or _first_line(field.annotation),
        parts=parts,
    )


def _first_line(annotation: Any) -> str:
    """Return the first paragraph of the block's docstring, for a block without a description."""
    for part in _parts(annotation):
        if part.__doc__ and not part.__doc__.startswith(("!", "Usage")):
            return " ".join(part.__doc__.strip().split("\n\n")[0].split()).rstrip(".")
    return ""


def _parts(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [part for argument in get_args(annotation) for part in _parts(argument)]


def _type(annotation: Any, metadata: Iterable[Any] = ()) -> tuple[str, list[str], tuple[Setting, ...]]:
    """Return the type in words, its limits, and the settings of a block."""
    limits = _limits(metadata)
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        words, found, parts = _type(arguments[0], arguments[1:])
        return words, [*found, *limits], parts
    if any(isinstance(each, AfterValidator) and each.func is require_service for each in metadata):
        return "service", limits, ()
    if annotation in _PLAIN:
        return _PLAIN[annotation], limits, ()
    if origin is Literal:
        return "one of " + ", ".join(_value(value) for value in arguments), limits, ()
    if origin in (Union, types.UnionType):
        return _either(arguments, limits)
    return _holding(annotation, limits)


def _holding(annotation: Any, limits: list[str]) -> tuple[str, list[str], tuple[Setting, ...]]:
    """Describe a list, a map or a block."""
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin in (tuple, list):
        words, found, parts = _type(arguments[0])
        return f"list of {_plural(words)}", [*limits, *(f"each {limit}" for limit in found)], parts
    if origin is dict:
        words, found, _ = _type(arguments[1])
        return f"map to {words}", [*limits, *found], ()
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return "block", limits, settings_in_words(annotation)
    raise TypeError(
        f"The reference has no words for {annotation!r}; add them to provisioning/components/docs/schema_docs.py."
    )


def _either(arguments: tuple[Any, ...], limits: list[str]) -> tuple[str, list[str], tuple[Setting, ...]]:
    if set(_SCALARS) <= set(arguments):
        return "any value", limits, ()
    kinds = [_type(argument) for argument in arguments if argument is not type(None)]
    words = list(dict.fromkeys(words for words, _, _ in kinds))
    parts: dict[str, Setting] = {}
    for _, _, found in kinds:
        for part in found:
            known = parts.get(part.name)
            parts[part.name] = part if known is None else _merged(known, part)
    null = ["null"] if type(None) in arguments else []
    more = [limit for _, found, _ in kinds for limit in found]
    return " or ".join([*words, *null]), [*limits, *more], tuple(parts.values())


def _merged(one: Setting, other: Setting) -> Setting:
    """Merge a setting that several variants of a block have, such as `mode`."""
    words = one.type if one.type == other.type else f"{one.type}, {other.type.removeprefix('one of ')}"
    description = one.description if one.description == other.description else f"{one.description}; {other.description}"
    return Setting(one.name, words, one.required and other.required, one.default, one.limits, description, one.parts)


def _plural(words: str) -> str:
    one = {"text", "reference", "service", "block", "whole number", "IPv4 range"}
    return f"{words}s" if words in one else words


def _limits(metadata: Iterable[Any]) -> list[str]:
    limits = []
    for item in metadata:
        if isinstance(item, FieldInfo):
            limits += _limits(item.metadata)
        elif type(item) in _BOUNDS:
            name, words = _BOUNDS[type(item)]
            limits.append(words.format(getattr(item, name)))
        elif isinstance(item, MinLen) and item.min_length:
            limits.append(f"length at least {item.min_length}")
        elif isinstance(item, MaxLen):
            limits.append(f"length at most {item.max_length}")
        elif isinstance(item, AfterValidator) and item.func is check_days:
            limits.append(f"one of {', '.join(map(str, RETENTION_DAYS))}")
        elif pattern := getattr(item, "pattern", None):
            limits.append(f"matches {pattern}")
    return limits


def _value(value: Any) -> str:
    """Return a value as HCL."""
    if value is PydanticUndefined:
        return ""
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, BaseModel):
        return f"{{ {', '.join(f'{name} = {_value(item)}' for name, item in value if item is not None)} }}"
    if isinstance(value, tuple | list):
        return f"[{', '.join(_value(item) for item in value)}]"
    return str(value)
