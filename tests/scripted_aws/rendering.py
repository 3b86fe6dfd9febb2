"""A template with its parameters filled in. References to resources stay as they are: two
renderings are compared, and nobody needs the values.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

IN_SUB = re.compile(r"\$\{([A-Za-z0-9:]+)(?:\.([A-Za-z0-9.:]+))?\}")
ATTRIBUTES = ("Metadata", "CreationPolicy", "UpdatePolicy", "DeletionPolicy", "UpdateReplacePolicy")
_NOTHING = object()


@dataclass(frozen=True)
class Rendered:
    """One resource. `parameters` are those that each property depends on, `references` the
    resources with their attributes ("" for Ref).
    """

    type: str
    properties: Mapping[str, Any]
    attributes: Mapping[str, Any]
    parameters: Mapping[str, frozenset[str]] = field(default_factory=dict)
    references: Mapping[str, frozenset[tuple[str, str]]] = field(default_factory=dict)

    @property
    def deletion_policy(self) -> str:
        return str(self.attributes.get("DeletionPolicy", "Delete"))

    @property
    def replace_policy(self) -> str:
        return str(self.attributes.get("UpdateReplacePolicy", "Delete"))


class Template:
    """`values` are the parameters' resolved values by name."""

    def __init__(self, body: str, values: Mapping[str, str], pseudo: Mapping[str, str]) -> None:
        self.template: Mapping[str, Any] = json.loads(body)
        self.values = {**{name: str(value) for name, value in values.items()}, **pseudo}
        self._conditions: dict[str, bool] = {}

    @property
    def resources(self) -> dict[str, Rendered]:
        return {
            name: self._rendered(resource)
            for name, resource in self.template["Resources"].items()
            if "Condition" not in resource or self._condition(resource["Condition"])
        }

    @property
    def outputs(self) -> Any:
        return self._value(self.template.get("Outputs", {}))

    def _rendered(self, resource: Mapping[str, Any]) -> Rendered:
        stated = resource.get("Properties", {})
        properties = {name: self._value(value) for name, value in stated.items()}
        properties = {name: value for name, value in properties.items() if value is not _NOTHING}
        return Rendered(
            type=resource["Type"],
            properties=properties,
            attributes={name: self._value(resource[name]) for name in ATTRIBUTES if name in resource},
            parameters={
                name: frozenset(known for known, _ in _mentioned(value) if known in self.template.get("Parameters", {}))
                for name, value in stated.items()
            },
            references={
                name: frozenset(pair for pair in _mentioned(value) if pair[0] in self.template["Resources"])
                for name, value in properties.items()
            },
        )

    def _value(self, value: Any) -> Any:  # noqa: PLR0911 - one for each intrinsic function
        match value:
            case list():
                return [item for item in map(self._value, value) if item is not _NOTHING]
            case {"Ref": "AWS::NoValue"}:
                return _NOTHING
            case {"Ref": str() as name} if name in self.values:
                return self.values[name]
            case {"Fn::If": [str() as condition, yes, no]}:
                return self._value(yes if self._condition(condition) else no)
            case {"Fn::Sub": str() as text}:
                return self._sub(text)
            case {"Fn::FindInMap": [str() as table, first, second]}:
                return self._found(table, self._value(first), self._value(second))
            case dict():
                rendered = {key: self._value(item) for key, item in value.items()}
                return {key: item for key, item in rendered.items() if item is not _NOTHING}
        return value

    def _sub(self, text: str) -> Any:
        filled = IN_SUB.sub(lambda found: self.values.get(found[1], found[0]) if not found[2] else found[0], text)
        return {"Fn::Sub": filled} if "${" in filled else filled

    def _found(self, table: str, first: Any, second: Any) -> Any:
        return self.template["Mappings"][table][first][second]

    def _condition(self, name: str) -> bool:
        if name not in self._conditions:
            self._conditions[name] = self._holds(self.template["Conditions"][name])
        return self._conditions[name]

    def _holds(self, condition: Any) -> bool:
        match condition:
            case {"Condition": str() as name}:
                return self._condition(name)
            case {"Fn::Equals": [left, right]}:
                return bool(self._value(left) == self._value(right))
            case {"Fn::Not": [inner]}:
                return not self._holds(inner)
            case {"Fn::And": [*inner]}:
                return all(map(self._holds, inner))
            case {"Fn::Or": [*inner]}:
                return any(map(self._holds, inner))
        raise ValueError(f"This condition is not known: {condition}")


def _mentioned(value: Any) -> Iterator[tuple[str, str]]:
    """(name, attribute) of everything that Ref, GetAtt and Sub name."""
    match value:
        case list():
            for item in value:
                yield from _mentioned(item)
        case {"Ref": str() as name}:
            yield name, ""
        case {"Fn::GetAtt": [str() as name, str() as attribute]}:
            yield name, attribute
        case {"Fn::GetAtt": str() as dotted}:
            name, _, attribute = dotted.partition(".")
            yield name, attribute
        case {"Fn::Sub": str() as text}:
            yield from ((found[1], found[2] or "") for found in IN_SUB.finditer(text))
        case {"Fn::Sub": [str() as text, dict() as own]}:
            yield from ((found[1], found[2] or "") for found in IN_SUB.finditer(text) if found[1] not in own)
            yield from _mentioned(list(own.values()))
        case dict():
            yield from _mentioned(list(value.values()))
