"""CloudFormation's intrinsic functions, as far as a template can be resolved without AWS."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any

from provisioning.policy.errors import UnresolvedReference

NO_VALUE = object()
"""What AWS::NoValue stands for: the property is left out."""

_PLACEHOLDER = re.compile(r"\$\{(!?)([^}]+)\}")


class Resolver:
    """Resolves values of one template.

    `names` holds parameters and pseudo parameters. `reference` and `attribute` answer for resources
    (`Ref` and `Fn::GetAtt`); they raise UnresolvedReference for unknown ones.
    """

    def __init__(
        self,
        names: Mapping[str, Any],
        conditions: Mapping[str, Any],
        mappings: Mapping[str, Any],
        reference: Callable[[str], Any],
        attribute: Callable[[str, str], Any],
    ) -> None:
        self._names = names
        self._conditions = conditions
        self._mappings = mappings
        self._reference = reference
        self._attribute = attribute
        self._functions: dict[str, Callable[[Any], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Sub": self._sub,
            "Fn::If": self._if,
            "Fn::Join": self._join,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::FindInMap": self._find_in_map,
        }

    def resolve(self, value: Any) -> Any:
        """Resolve a value of the template, whatever its shape; entries that are AWS::NoValue are left out."""
        if isinstance(value, list):
            return [one for one in map(self.resolve, value) if one is not NO_VALUE]
        if not isinstance(value, dict):
            return value
        if len(value) == 1:
            ((name, argument),) = value.items()
            if name in self._functions:
                return self._functions[name](argument)
            if name.startswith("Fn::"):
                raise UnresolvedReference(f"{name} cannot be resolved without AWS")
        resolved = {key: self.resolve(one) for key, one in value.items()}
        return {key: one for key, one in resolved.items() if one is not NO_VALUE}

    def holds(self, name: str) -> bool:
        """Whether a condition of the template holds."""
        if name not in self._conditions:
            raise UnresolvedReference(f"The template has no condition {name}")
        return self._holds(self._conditions[name])

    def _holds(self, condition: Any) -> bool:
        ((name, argument),) = condition.items()
        match name:
            case "Condition":
                return self.holds(argument)
            case "Fn::Equals":
                left, right = (self.resolve(one) for one in argument)
                return _text(left) == _text(right)
            case "Fn::And":
                return all(map(self._holds, argument))
            case "Fn::Or":
                return any(map(self._holds, argument))
            case "Fn::Not":
                return not self._holds(argument[0])
        raise UnresolvedReference(f"{name} is not a condition function")

    def _ref(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return NO_VALUE
        return self._names[name] if name in self._names else self._reference(name)

    def _get_att(self, argument: Any) -> Any:
        logical_id, attribute = argument.split(".", 1) if isinstance(argument, str) else argument
        return self._attribute(logical_id, attribute)

    def _sub(self, argument: Any) -> str:
        text, variables = argument if isinstance(argument, list) else (argument, {})

        def replacement(placeholder: re.Match[str]) -> str:
            literal, name = placeholder.groups()
            if literal:
                return f"${{{name}}}"
            if name in variables:
                return _text(self.resolve(variables[name]))
            return _text(self._get_att(name) if "." in name else self._ref(name))

        return _PLACEHOLDER.sub(replacement, text)

    def _if(self, argument: list[Any]) -> Any:
        name, if_true, if_false = argument
        return self.resolve(if_true if self.holds(name) else if_false)

    def _join(self, argument: list[Any]) -> str:
        separator, listed = argument
        return str(separator).join(map(_text, self.resolve(listed)))

    def _select(self, argument: list[Any]) -> Any:
        index, listed = argument
        return self.resolve(listed)[int(self.resolve(index))]

    def _split(self, argument: list[Any]) -> list[str]:
        separator, text = argument
        return str(self.resolve(text)).split(str(separator))

    def _find_in_map(self, argument: list[Any]) -> Any:
        name, first, second = (self.resolve(one) for one in argument[:3])
        try:
            return self._mappings[name][first][second]
        except KeyError as error:
            raise UnresolvedReference(f"The template's mapping {name} has no {first}/{second}") from error


def _text(value: Any) -> str:
    """A boolean is the text `true` or `false` in CloudFormation, and a list of strings is joined by commas."""
    if isinstance(value, bool):
        return str(value).lower()
    return ",".join(map(_text, value)) if isinstance(value, list) else str(value)
