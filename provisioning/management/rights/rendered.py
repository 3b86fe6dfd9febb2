"""The resources of a rendered design as AWS will know them: resolved properties, ARNs and tags."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.aws.calls import ExampleEnvironment
from provisioning.design.graph import Design
from provisioning.management.rights.arns import FORMS
from provisioning.policy.errors import UnresolvedReference
from provisioning.policy.intrinsics import NO_VALUE, Resolver
from provisioning.template.compile import CompiledDesign, CompiledTemplate


@dataclass(frozen=True, slots=True)
class RenderedResource:
    """`properties` are resolved as far as the template goes. `arn` is empty for a part of another
    resource.
    """

    logical_id: str
    type: str
    properties: Mapping[str, Any]
    arn: str


@dataclass(frozen=True, slots=True)
class RenderedStack:
    """`where` names the stack for people: blueprint, size and stack."""

    where: str
    names: ExampleEnvironment
    resources: tuple[RenderedResource, ...]
    body: str

    def of_type(self, resource_type: str) -> Iterator[RenderedResource]:
        return (resource for resource in self.resources if resource.type == resource_type)


def rendered_stacks(design: Design, compiled: CompiledDesign) -> tuple[RenderedStack, ...]:
    """Returns the stacks in the order of their creation. An input of a later stack has the value
    that the earlier one's output will have.
    """
    outputs: dict[tuple[str, str], Any] = {}
    stacks = []
    for template in compiled.stacks:
        values = dict(template.parameters)
        values |= {given.parameter: outputs[given.stack, given.output] for given in template.inputs}
        reading = _Reading(design, template, values)
        stacks.append(reading.stack())
        outputs |= {(template.stack, name): value for name, value in reading.outputs()}
    return tuple(stacks)


class _Reading:
    """Resolves one template with its parameters."""

    def __init__(self, design: Design, template: CompiledTemplate, parameters: Mapping[str, Any]) -> None:
        self._template = template
        self._body = json.loads(template.body)
        environment = design.environment
        self._where = f"{design.blueprint} {design.size} {template.stack}"
        self._stack_name = environment.names.stack(template.stack)
        self._names = ExampleEnvironment(
            account_id=environment.account_id,
            region=template.region,
            team=environment.team,
            environment=environment.name,
            environment_id=str(environment.environment_id),
            generation=environment.generation,
            blueprint=design.blueprint,
            prefix=environment.prefix,
            scope=environment.scope,
        )
        declared = self._body.get("Parameters", {})
        known: dict[str, Any] = {
            "AWS::AccountId": environment.account_id,
            "AWS::Region": template.region,
            "AWS::Partition": "aws",
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self._stack_name,
            "AWS::StackId": self._names.fill(
                "arn:{partition}:cloudformation:{region}:{account_id}:stack/{prefix}/0a1b"
            ),
        }
        known |= {name: parameters.get(name, parameter.get("Default", name)) for name, parameter in declared.items()}
        self._resolver = Resolver(
            known, self._body.get("Conditions", {}), self._body.get("Mappings", {}), self._ref, self._attribute
        )

    def stack(self) -> RenderedStack:
        resources = tuple(
            RenderedResource(
                logical_id=logical_id,
                type=resource["Type"],
                properties=self._properties(logical_id),
                arn=self._arn(logical_id),
            )
            for logical_id, resource in self._body["Resources"].items()
            if "Condition" not in resource or self._resolver.holds(resource["Condition"])
        )
        return RenderedStack(self._where, self._names, resources, self._template.body)

    def outputs(self) -> Iterator[tuple[str, Any]]:
        for name, output in self._body.get("Outputs", {}).items():
            yield name, self._resolver.resolve(output["Value"])

    def _properties(self, logical_id: str) -> Mapping[str, Any]:
        properties = self._body["Resources"][logical_id].get("Properties", {})
        values = {name: self._value(value) for name, value in properties.items()}
        return {name: value for name, value in values.items() if value is not NO_VALUE}

    def _value(self, value: Any) -> Any:
        """Leaves a value that only AWS can resolve, such as the list of zones, as it is: no permission
        depends on it.
        """
        try:
            return self._resolver.resolve(value)
        except UnresolvedReference:
            return value

    def _named(self, logical_id: str) -> tuple[str, Mapping[str, Any]]:
        """The physical name, and the few properties that are part of an ARN."""
        resource = self._body["Resources"][logical_id]
        form = FORMS.get(resource["Type"])
        stated = resource.get("Properties", {})
        kept = {
            name: self._value(stated[name])
            for name in ("Path", "Cluster", form.named_by if form else "")
            if name in stated
        }
        name = form.name(logical_id, kept, self._stack_name) if form else f"{self._stack_name}-{logical_id}-1A2B3C4D"
        return name, kept

    def _arn(self, logical_id: str) -> str:
        form = FORMS.get(self._body["Resources"][logical_id]["Type"])
        if form is None:
            return ""
        name, properties = self._named(logical_id)
        return form.arn(name, properties, region=self._names.region, account_id=self._names.account_id, partition="aws")

    def _ref(self, logical_id: str) -> str:
        if logical_id not in self._body["Resources"]:
            raise UnresolvedReference(f"{logical_id} is neither a parameter nor a resource")
        form = FORMS.get(self._body["Resources"][logical_id]["Type"])
        return self._arn(logical_id) if form is not None and form.ref_is_arn else self._named(logical_id)[0]

    def _attribute(self, logical_id: str, attribute: str) -> str | list[str]:
        if logical_id not in self._body["Resources"]:
            raise UnresolvedReference(f"{logical_id} is not a resource")
        if attribute.endswith("Arn"):
            return self._arn(logical_id) or f"{logical_id}.{attribute}"
        address = f"https://{logical_id.lower()}.example/"
        if attribute.endswith("Endpoints"):
            return [address]
        return address if attribute.endswith("Url") else f"{logical_id}.{attribute}"
