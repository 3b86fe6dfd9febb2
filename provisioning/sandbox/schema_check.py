"""The part of JSON Schema that AWS's resource schemas use, with AWS's error messages.

CloudFormation allows numbers and booleans as strings in a template, and so does this module.
"""

from __future__ import annotations

import re
from functools import cache
from typing import Any, Final

Schema = dict[str, Any]
UNKNOWN = "<known only at deployment>"
"""Stands for a value that only the deployment will know; it fits every schema."""

_NUMBER = re.compile(r"-?\d+(\.\d+)?([eE][+-]?\d+)?\Z")
_INTEGER = re.compile(r"-?\d+\Z")


@cache
def _pattern(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text)
    except re.error:  # some of AWS's patterns are in another dialect
        return None


def problems(schema: Schema, properties: dict[str, Any]) -> list[str]:
    """All problems with a resource's properties, one sentence each."""
    problems = _Check(schema).check(schema, properties, "#")
    read_only = {path.split("/")[2] for path in schema.get("readOnlyProperties", []) if path.count("/") == 2}  # noqa: PLR2004
    writable = {path.split("/")[2] for path in schema.get("createOnlyProperties", [])} | set(schema.get("required", []))
    problems += [f"Encountered unsupported property {name}" for name in properties if name in read_only - writable]
    return problems


def _fits(kind: str, value: Any) -> bool:  # noqa: PLR0911 - one line a kind
    if kind == "string":
        return isinstance(value, str | int | float)
    if kind == "boolean":
        return isinstance(value, bool) or str(value).lower() in ("true", "false")
    if kind == "integer":
        return (
            (isinstance(value, int) and not isinstance(value, bool))
            or (isinstance(value, str) and bool(_INTEGER.match(value)))
            or (isinstance(value, float) and value.is_integer())
        )
    if kind == "number":
        return (isinstance(value, int | float) and not isinstance(value, bool)) or (
            isinstance(value, str) and bool(_NUMBER.match(value))
        )
    if kind == "array":
        return isinstance(value, list)
    if kind == "object":
        return isinstance(value, dict)
    return value is None if kind == "null" else True


def _string_problems(schema: Schema, value: str, path: str) -> list[str]:
    problems = []
    pattern = _pattern(schema["pattern"]) if "pattern" in schema else None
    if pattern is not None and not pattern.search(value):
        problems.append(f"{path}: failed validation constraint for keyword [pattern]")
    if len(value) < schema.get("minLength", 0):
        problems.append(f"{path}: expected minLength: {schema['minLength']}, actual: {len(value)}")
    if len(value) > schema.get("maxLength", len(value)):
        problems.append(f"{path}: expected maxLength: {schema['maxLength']}, actual: {len(value)}")
    return problems


_TYPE_NAMES: Final[dict[type, str]] = {
    str: "String",
    bool: "Boolean",
    int: "Integer",
    float: "Number",
    list: "JSONArray",
    dict: "JSONObject",
}


class _Check:
    def __init__(self, root: Schema) -> None:
        self.root = root

    def check(self, schema: Any, value: Any, path: str) -> list[str]:
        if value == UNKNOWN or not isinstance(schema, dict):
            return []
        if "$ref" in schema:
            return self.check(self._target(schema["$ref"]), value, path)
        kinds = schema.get("type")
        if kinds is not None:
            allowed = kinds if isinstance(kinds, list) else [kinds]
            if not any(_fits(kind, value) for kind in allowed):
                shown = ", ".join(allowed)
                return [f"{path}: expected type: {shown}, found: {_TYPE_NAMES.get(type(value), 'Null')}"]
        problems = self._scalar(schema, value, path)
        if isinstance(value, dict):
            problems += self._object(schema, value, path)
        elif isinstance(value, list):
            problems += self._array(schema, value, path)
        return problems + self._combined(schema, value, path)

    def _target(self, reference: str) -> Any:
        target: Any = self.root
        for part in reference.removeprefix("#/").split("/"):
            target = target.get(part, {}) if isinstance(target, dict) else {}
        return target

    def _scalar(self, schema: Schema, value: Any, path: str) -> list[str]:
        if isinstance(value, dict | list):
            return []
        text = str(value).lower() if isinstance(value, bool) else str(value)
        problems = []
        if "enum" in schema and text not in {
            str(item).lower() if isinstance(item, bool) else str(item) for item in schema["enum"]
        }:
            problems.append(f"{path}: {text} is not a valid enum value")
        if "const" in schema and text != str(schema["const"]):
            problems.append(f"{path}: {text} is not {schema['const']}")
        if isinstance(value, str) and schema.get("type", "string") in ("string", ["string"]):
            problems += _string_problems(schema, value, path)
        if schema.get("type") in ("integer", "number"):
            number = float(value)
            if number < schema.get("minimum", number):
                problems.append(f"{path}: {number:g} is not greater or equal to {schema['minimum']}")
            elif number > schema.get("maximum", number):
                problems.append(f"{path}: {number:g} is not less or equal to {schema['maximum']}")
        return problems

    def _object(self, schema: Schema, value: dict[str, Any], path: str) -> list[str]:
        problems = [
            f"{path}: required key [{name}] not found" for name in schema.get("required", []) if name not in value
        ]
        known = schema.get("properties", {})
        patterns = schema.get("patternProperties", {})
        for name, item in value.items():
            if name in known:
                problems += self.check(known[name], item, f"{path}/{name}")
                continue
            matching = [
                inner for text, inner in patterns.items() if (pattern := _pattern(text)) is None or pattern.search(name)
            ]
            if matching:
                problems += self.check(matching[0], item, f"{path}/{name}")
            elif schema.get("additionalProperties") is False and (known or patterns):
                problems.append(f"{path}: extraneous key [{name}] is not permitted")
        for name, needed in schema.get("dependentRequired", {}).items():
            problems += [
                f"{path}: property [{other}] is required" for other in needed if name in value and other not in value
            ]
        return problems

    def _array(self, schema: Schema, value: list[Any], path: str) -> list[str]:
        problems = []
        if len(value) < schema.get("minItems", 0):
            problems.append(f"{path}: expected minimum item count: {schema['minItems']}, found: {len(value)}")
        if len(value) > schema.get("maxItems", len(value)):
            problems.append(f"{path}: expected maximum item count: {schema['maxItems']}, found: {len(value)}")
        known = [repr(item) for item in value if UNKNOWN not in repr(item)]
        if schema.get("uniqueItems") and len(set(known)) < len(known):
            problems.append(f"{path}: array items are not unique")
        for position, item in enumerate(value):
            problems += self.check(schema.get("items"), item, f"{path}/{position}")
        return problems

    def _combined(self, schema: Schema, value: Any, path: str) -> list[str]:
        problems: list[str] = []
        for inner in schema.get("allOf", []):
            problems += self.check(inner, value, path)
        for keyword in ("anyOf", "oneOf"):
            if keyword not in schema:
                continue
            outcomes = [self.check(inner, value, path) for inner in schema[keyword]]
            fitting = sum(not outcome for outcome in outcomes)
            if not fitting:
                shortest: list[str] = min(outcomes, key=len)
                problems += shortest
            # Alternatives by required keys exclude each other; alternatives by shape may both match, as on AWS.
            by_required = all(isinstance(inner, dict) and set(inner) == {"required"} for inner in schema[keyword])
            if keyword == "oneOf" and fitting > 1 and by_required and UNKNOWN not in repr(value):
                problems.append(f"{path}: {fitting} subschemas matched instead of one")
        return problems
