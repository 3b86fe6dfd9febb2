"""Outputs as SSM parameters: each output of the main stack is also written to Parameter Store, where
other programs read it.

The parameters are resources of the stack, so proof, timeline, change sets, ledger and teardown cover
them. Outputs that are or may be a secret, and those that Parameter Store would refuse, are left out.
Sources of the limits:
https://docs.aws.amazon.com/systems-manager/latest/APIReference/API_PutParameter.html and
https://docs.aws.amazon.com/systems-manager/latest/userguide/sysman-parameter-name-constraints.html
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

from provisioning.components.kit.dynamic_references import texts_in
from provisioning.components.kit.intrinsic_functions import IN_SUB, mentions
from provisioning.design.errors import DesignError
from provisioning.design.expressions import DYNAMIC_REFERENCE_START
from provisioning.design.names import EnvironmentNames
from provisioning.design.secret_names import promises_secret

TYPE: Final = "AWS::SSM::Parameter"
MAX_VALUE_BYTES: Final = 4096
"""Of a parameter of the standard tier, which costs nothing."""
AT_ONCE: Final = 5
"""How many parameters CloudFormation writes at the same time: AWS accepts few PutParameter calls per
second, and a stack that is throttled for too long fails.
https://github.com/aws-cloudformation/cloudformation-coverage-roadmap/issues/573
"""
_MAX_DESCRIPTION: Final = 1024
_MAX_LOGICAL_ID: Final = 255
_LOGICAL_ID: Final = "OutputParameter"
_CONFIDENTIAL: Final = "is a secret, or looks like one"
# Stands for a value that only AWS knows. It is neither empty nor a brace.
_OF_AWS: Final = "?"
_WORD: Final = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")


@dataclass(frozen=True, slots=True)
class OutputParameter:
    """`name` is the parameter's, a path; `resource` is what the template gets."""

    output: str
    logical_id: str
    name: str
    resource: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class LeftOut:
    """An output without a parameter; `why` completes the sentence "It …"."""

    output: str
    why: str


def output_parameters(
    template: Mapping[str, Any],
    *,
    names: EnvironmentNames,
    parameters: Mapping[str, str],
    secret_texts: Iterable[str] = (),
) -> list[OutputParameter]:
    """Return the parameters of a stack's outputs.

    `parameters` are the values of the template's parameters. Raises DesignError if the template
    already has such a logical id or a parameter of that name.
    """
    reading = _Reading(template, parameters, tuple(text for text in secret_texts if text))
    resources = template.get("Resources", {})
    taken = {resource.get("Properties", {}).get("Name") for resource in resources.values() if resource["Type"] == TYPE}
    found: list[OutputParameter] = []
    chain: list[str] = []
    for output, content in sorted(template.get("Outputs", {}).items()):
        if reading.why_not(output, content["Value"]):
            continue
        logical_id, name = f"{_LOGICAL_ID}{output}", f"{names.output_path}/{output}"
        if logical_id in resources or name in taken or len(logical_id) > _MAX_LOGICAL_ID:
            raise DesignError(
                f"The output {output} cannot be written as the parameter {name}: the template already has a resource "
                f"{logical_id} or a parameter of that name, or the output's name is too long. Rename the output, or do "
                "without output parameters"
            )
        resource = _resource(content, name, after=chain[-AT_ONCE:][:1] if len(chain) >= AT_ONCE else [])
        if "Condition" not in content:
            chain.append(logical_id)
        found.append(OutputParameter(output, logical_id, name, resource))
    return found


def parameter_names(template: Mapping[str, Any]) -> dict[str, str]:
    """Return the names of the parameters in a compiled template, by output."""
    resources = template.get("Resources", {})
    logical_ids = {output: f"{_LOGICAL_ID}{output}" for output in template.get("Outputs", {})}
    return {
        output: str(resources[logical_id]["Properties"]["Name"])
        for output, logical_id in sorted(logical_ids.items())
        if logical_id in resources
    }


def outputs_left_out(template: Mapping[str, Any], parameters: Mapping[str, str]) -> list[LeftOut]:
    """Return the outputs of a compiled template that have no parameter. The values of sensitive inputs
    are not known any more, so an output without another reason counts as a secret.
    """
    reading, written = _Reading(template, parameters, ()), parameter_names(template)
    return [
        LeftOut(output, reading.why_not(output, content["Value"]) or _CONFIDENTIAL)
        for output, content in sorted(template.get("Outputs", {}).items())
        if output not in written
    ]


def _resource(content: Mapping[str, Any], name: str, *, after: Sequence[str]) -> Mapping[str, Any]:
    """`after` are logical ids that must exist first. A default of the account could make the tier the
    advanced one, which costs money.
    """
    value, description = content["Value"], content.get("Description")
    properties = {"Name": name, "Type": "String", "Tier": "Standard", "Value": _as_text(value)}
    if isinstance(description, str) and description:
        properties["Description"] = description[:_MAX_DESCRIPTION]
    resource: dict[str, Any] = {"Type": TYPE, "Properties": properties}
    if "Condition" in content:
        resource["Condition"] = content["Condition"]
    if after:
        resource["DependsOn"] = list(after)
    return resource


def _as_text(value: Any) -> Any:
    """A literal as CloudFormation writes it; functions stay as they are."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int | float) else value


class _Bounds(NamedTuple):
    """The shortest and the longest text that a value may have, as far as the template says."""

    shortest: str
    longest: str


@dataclass(frozen=True, slots=True)
class _Reading:
    """Decides which outputs can be parameters."""

    template: Mapping[str, Any]
    parameters: Mapping[str, str]
    secret_texts: tuple[str, ...]

    def why_not(self, output: str, value: Any) -> str:
        """Return why an output must not be written; empty if it may."""
        shortest, longest = self._bounds(value)
        if self._is_secret(output, value, longest):
            return _CONFIDENTIAL
        if not shortest:
            return "may be empty, and a parameter has at least one character"
        if len(longest.encode()) > MAX_VALUE_BYTES:
            return f"has more than {MAX_VALUE_BYTES} bytes"
        if "{{" in shortest + longest:
            return "contains {{, which Parameter Store does not accept"
        return ""

    def _is_secret(self, output: str, value: Any, text: str) -> bool:
        mentioned = list(mentions(value))
        declared = self.template.get("Parameters", {})
        hidden = {name for name, one in declared.items() if str(one.get("NoEcho", "")).lower() == "true"}
        if any(mention.name in hidden or promises_secret(mention.attribute) for mention in mentioned):
            return True
        texts = [text, *(part for _, part in texts_in(value))]
        if any(DYNAMIC_REFERENCE_START.search(part) or self._has_secret_text(part) for part in texts):
            return True
        refers = {mention.name for mention in mentioned} & self.template.get("Resources", {}).keys()
        return promises_secret(_WORD.sub("_", output)) and not refers

    def _has_secret_text(self, text: str) -> bool:
        return any(secret in text for secret in self.secret_texts)

    def _bounds(self, value: Any) -> _Bounds:
        match value:
            case {"Ref": str(name)}:
                text = self._value_of(name)
                return _Bounds(text, text)
            case {"Fn::If": [_, yes, no]}:
                both = [self._bounds(yes), self._bounds(no)]
                return _Bounds(min((b.shortest for b in both), key=len), max((b.longest for b in both), key=len))
            case {"Fn::Join": [str(separator), list(parts)]}:
                bounds = [self._bounds(part) for part in parts]
                return _Bounds(separator.join(b.shortest for b in bounds), separator.join(b.longest for b in bounds))
            case {"Fn::Sub": (str() as text) | [str() as text, *_]}:
                return self._bounds_of_sub(text, value["Fn::Sub"])
            case dict() | list():
                return _Bounds(_OF_AWS, _OF_AWS)
            case _:
                return _Bounds(str(_as_text(value)), str(_as_text(value)))

    def _bounds_of_sub(self, text: str, argument: Any) -> _Bounds:
        own = argument[1] if isinstance(argument, list) and len(argument) > 1 else {}

        def part(match: re.Match[str]) -> _Bounds:
            name, attribute = match[1], match[2]
            if attribute:
                return _Bounds(_OF_AWS, _OF_AWS)
            return self._bounds(own.get(name, {"Ref": name}))

        return _Bounds(
            IN_SUB.sub(lambda match: part(match).shortest, text), IN_SUB.sub(lambda match: part(match).longest, text)
        )

    def _value_of(self, name: str) -> str:
        """The value of a template's parameter, as far as it is known."""
        if name == "AWS::NoValue":
            return ""
        declared = self.template.get("Parameters", {}).get(name)
        if declared is None or str(declared.get("Type", "")).startswith("AWS::SSM::"):
            return _OF_AWS
        value = self.parameters.get(name, declared.get("Default"))
        return _OF_AWS if value is None else str(_as_text(value))
