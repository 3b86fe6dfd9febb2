"""Resolves a template's intrinsic functions as far as the template alone allows.

The result contains no functions: only known values, and marks (see `values`) for what AWS or a
parameter decides.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any

from provisioning.proof.model.values import is_known, literal, many, mark, marks, number, unknown

# A longer text is left unknown: `Fn::Sub` can repeat a long value any number of times.
_LONGEST = 200_000
_DEEPEST = 100
_SUB = re.compile(r"\$\{([^}]{0,300})\}")
_PARTITIONS = {"cn-": "aws-cn", "us-gov-": "aws-us-gov"}


class NoValue:
    """The value of `AWS::NoValue`: the property is absent."""


NO_VALUE = NoValue()


class Resolver:
    """Resolves the values of one stack. `conditions` are decided; `parameters` are values, known or
    marked.
    """

    def __init__(
        self,
        template: Mapping[str, Any],
        *,
        region: str,
        prefix: str,
        parameters: Mapping[str, Any],
        conditions: Mapping[str, bool] | None = None,
    ) -> None:
        self.template = template
        self.region = region
        self.prefix = prefix
        self.parameters = parameters
        self.conditions = conditions or {}
        resources = template.get("Resources")
        self.names = frozenset(resources) if isinstance(resources, Mapping) else frozenset()
        mappings = template.get("Mappings")
        self.mappings: Mapping[str, Any] = mappings if isinstance(mappings, Mapping) else {}
        self._depth = 0

    def resolve(self, value: Any) -> Any:
        if isinstance(value, str):
            return literal(value)
        if not isinstance(value, (dict, list)):
            return value
        if self._depth >= _DEEPEST:
            return unknown("nested too deeply")
        self._depth += 1
        try:
            return self._mapping(value) if isinstance(value, dict) else self._list(value)
        finally:
            self._depth -= 1

    def _list(self, value: list[Any]) -> list[Any]:
        parts: list[Any] = []
        for part in value:
            resolved = self.resolve(part)
            # An `Fn::If` or a list parameter that is one element of a list is expanded into that
            # list.
            if isinstance(resolved, list) and isinstance(part, dict):
                parts.extend(resolved)
            elif resolved is not NO_VALUE:
                parts.append(resolved)
        return parts

    def _mapping(self, value: dict[str, Any]) -> Any:
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name == "Ref":
                return self.ref(argument)
            if name == "Condition" and isinstance(argument, str) and argument in self.conditions:
                return self.conditions[argument]
            if isinstance(name, str) and name.startswith("Fn::"):
                function = _FUNCTIONS.get(name)
                return function(self, argument) if function else unknown(f"{name} is unknown")
        if "Fn::Transform" in value or any(str(name).startswith("Fn::ForEach") for name in value):
            return unknown("a macro decides")
        resolved_parts = {}
        for name, part in value.items():
            resolved = self.resolve(part)
            if resolved is not NO_VALUE:
                resolved_parts[name] = resolved
        return resolved_parts

    # References

    def ref(self, name: Any) -> Any:
        if not isinstance(name, str):
            return unknown("a Ref that names nothing")
        if name.startswith("AWS::"):
            return self._pseudo(name)
        if name in self.parameters:
            return self.parameters[name]
        if name in self.names:
            return mark(self.prefix + literal(name))
        return unknown(f"{name} is neither parameter nor resource")

    def _pseudo(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        if name == "AWS::Region":
            return self.region
        if name == "AWS::Partition":
            return next((p for start, p in _PARTITIONS.items() if self.region.startswith(start)), "aws")
        if name == "AWS::URLSuffix":
            return "amazonaws.com.cn" if self.region.startswith("cn-") else "amazonaws.com"
        if name == "AWS::NotificationARNs":
            return []
        # CloudFormation decides it, and it is the same for the whole stack: it gets a mark of its
        # own.
        return mark(literal(name))

    def get_att(self, argument: Any) -> Any:
        parts = argument.split(".", 1) if isinstance(argument, str) else argument
        if not isinstance(parts, list) or len(parts) != 2:  # noqa: PLR2004
            return unknown("a Fn::GetAtt without resource and attribute")
        name, attribute = parts[0], self.resolve(parts[1])
        if not isinstance(name, str) or name not in self.names:
            return unknown(f"{name} is no resource")
        return mark(self.prefix + literal(name), str(attribute) if is_known(attribute) else "?")

    # Text

    def sub(self, argument: Any) -> Any:
        text, variables = (argument, {}) if isinstance(argument, str) else ([*many(argument), None, None])[:2]
        if not isinstance(text, str):
            return unknown("a Fn::Sub without text")
        variables = variables if isinstance(variables, dict) else {}
        known: dict[str, str] = {}
        size = 0

        def put(reference: re.Match[str]) -> str:
            nonlocal size
            name = reference[1].strip()
            if name.startswith("!"):
                return "${" + name[1:] + "}"
            if name not in known:
                if name in variables:
                    value = self.resolve(variables[name])
                else:
                    value = self.get_att(name) if "." in name else self.ref(name)
                known[name] = _text(value)
            size += len(known[name])
            return known[name] if size < _LONGEST else ""

        result = _SUB.sub(put, literal(text))
        return result if size < _LONGEST else unknown("a Fn::Sub that grows without bound")

    def join(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:  # noqa: PLR2004
            return unknown("a Fn::Join without delimiter and list")
        delimiter, parts = argument[0], self.resolve(argument[1])
        if isinstance(parts, str):
            return parts  # The list attribute of a resource: its mark represents the joined text.
        if not isinstance(parts, list):
            return unknown("a Fn::Join of an unknown list")
        result = str(delimiter).join(_text(part) for part in parts)
        return result if len(result) < _LONGEST else unknown("a Fn::Join that grows without bound")

    def split(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:  # noqa: PLR2004
            return unknown("a Fn::Split without delimiter and text")
        delimiter, text = argument[0], self.resolve(argument[1])
        if not isinstance(text, str) or not isinstance(delimiter, str) or not delimiter:
            return unknown("a Fn::Split of an unknown text")
        # A value that only AWS knows cannot be split here; its mark still names its resource.
        return text.split(delimiter) if is_known(text) else text

    def select(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 2:  # noqa: PLR2004
            return unknown("a Fn::Select without index and list")
        index, parts = number(self.resolve(argument[0])), self.resolve(argument[1])
        if isinstance(parts, str) and (names := list(marks(parts))):
            return names[0]
        if index is None or not isinstance(parts, list) or not 0 <= index < len(parts):
            return unknown("a Fn::Select from an unknown list")
        return parts[index]

    def to_json(self, argument: Any) -> Any:
        resolved = self.resolve(argument)
        result = json.dumps(None if resolved is NO_VALUE else resolved, ensure_ascii=False)
        return result if len(result) < _LONGEST else unknown("a text that grows without bound")

    def length(self, argument: Any) -> Any:
        parts = self.resolve(argument)
        return len(parts) if isinstance(parts, list) else unknown("the length of an unknown list")

    # The rest

    def choose(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) != 3:  # noqa: PLR2004
            return unknown("a Fn::If without condition and two values")
        decided = self.conditions.get(argument[0]) if isinstance(argument[0], str) else None
        if decided is None:
            return unknown(f"it depends on the condition {argument[0]}")
        return self.resolve(argument[1] if decided else argument[2])

    def find_in_map(self, argument: Any) -> Any:
        if not isinstance(argument, list) or len(argument) not in (3, 4):
            return unknown("a Fn::FindInMap without map and two keys")
        entry: Any = self.mappings
        for key in (self.resolve(part) for part in argument[:3]):
            if not isinstance(entry, Mapping) or not isinstance(key, (str, int)) or str(key) not in entry:
                options = argument[-1] if isinstance(argument[-1], dict) else {}
                default = options.get("DefaultValue")
                return unknown("a Fn::FindInMap that finds nothing here") if default is None else self.resolve(default)
            entry = entry[str(key)]
        # Mappings contain texts and lists of texts only, no functions, so nothing is resolved in
        # them.
        return [_text(part) for part in entry] if isinstance(entry, list) else _text(entry)

    def zones(self, argument: Any) -> Any:
        region = self.resolve(argument) or self.region
        return [mark(f"zone {number} of {region}") for number in range(1, 7)] if isinstance(region, str) else []

    def cidr(self, argument: Any) -> Any:
        parts = self.resolve(argument)
        if not isinstance(parts, list) or len(parts) < 2:  # noqa: PLR2004
            return unknown("a Fn::Cidr without block and count")
        count = number(parts[1]) or 0
        return [f"part {n + 1} of {_text(parts[0])}" for n in range(min(count, 256))] or unknown("a Fn::Cidr")

    def import_value(self, argument: Any) -> Any:
        return unknown(f"imported from another stack: {_text(self.resolve(argument))}")


def _text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if value is None or value is NO_VALUE:
        return ""
    if isinstance(value, list):
        return ",".join(_text(part) for part in value)
    if isinstance(value, dict):
        return unknown("an object where text is wanted")
    return str(value)


_FUNCTIONS: dict[str, Callable[[Resolver, Any], Any]] = {
    "Fn::GetAtt": Resolver.get_att,
    "Fn::Sub": Resolver.sub,
    "Fn::Join": Resolver.join,
    "Fn::Split": Resolver.split,
    "Fn::Select": Resolver.select,
    "Fn::If": Resolver.choose,
    "Fn::FindInMap": Resolver.find_in_map,
    "Fn::GetAZs": Resolver.zones,
    "Fn::Base64": Resolver.resolve,
    "Fn::Cidr": Resolver.cidr,
    "Fn::ImportValue": Resolver.import_value,
    "Fn::ToJsonString": Resolver.to_json,
    "Fn::Length": Resolver.length,
}
