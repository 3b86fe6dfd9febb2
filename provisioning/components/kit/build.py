"""The build: templates in the making, and what a component may ask about the design around it.

Nearly everything stands in the main stack. What AWS demands in another region stands in a stack of its own, created
before the main one, which receives its values as parameters.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Protocol

from troposphere import BaseAWSObject, GetAtt, Join, Output, Parameter, Ref, Sub, Template

from provisioning.components.kit.packages import Artefact, Folder, package
from provisioning.components.kit.values import (
    MAIN,
    CompiledResource,
    DashboardWidget,
    Grant,
    PostDeploymentTask,
    Retained,
    StackInput,
)
from provisioning.design.errors import DesignError
from provisioning.design.graph import Design, Joined, Node, Reference
from provisioning.design.names import logical_id, physical


class BuildingBlock(Protocol):
    """What the build asks of a component when it looks at the design around a node."""

    attributes: ClassVar[Mapping[str, str]]
    has_security_group: ClassVar[bool]

    def targets(self, node: Node) -> tuple[Reference, ...]: ...

    def grant(self, node: Node, build: Build) -> Grant: ...

    def attribute(self, node: Node, name: str, build: Build) -> Any: ...

    def graphs(self, node: Node, build: Build) -> list[DashboardWidget]: ...


@dataclass
class StackBuild:
    """One stack's template in the making. `inputs` are the parameters that it receives from earlier stacks.

    `whole` is a template that somebody wrote already; then nothing stands in `template`.
    """

    key: str
    region: str
    template: Template = field(default_factory=Template)
    whole: Mapping[str, Any] | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    artefacts: dict[str, Artefact] = field(default_factory=dict)
    inputs: list[StackInput] = field(default_factory=list)

    def data(self) -> Mapping[str, Any]:
        """The template as CloudFormation reads it."""
        found: Mapping[str, Any] = self.whole if self.whole is not None else self.template.to_dict()
        return found


class Build:
    """Collects resources. `changing` leaves out what only a creation may say, such as a scaled service's task count."""

    def __init__(self, design: Design, lookup: Callable[[str], BuildingBlock], *, changing: bool = False) -> None:
        self.design = design
        self.changing = changing
        self.main = StackBuild(MAIN, design.environment.region)
        self.stacks: dict[str, StackBuild] = {MAIN: self.main}
        self.resources: list[CompiledResource] = []
        self.retained: list[Retained] = []
        self.tasks: list[PostDeploymentTask] = []
        self._lookup = lookup
        self._edges = {
            address: tuple(reference.address for reference in lookup(node.kind).targets(node))
            for address, node in design.nodes.items()
        }

    # Names

    @property
    def name(self) -> str:
        return self.design.environment.name

    def physical(self, name: str, *, limit: int) -> str:
        return physical(self.name, name, limit=limit)

    def tags(self) -> dict[str, str]:
        """What every resource of the environment is tagged with."""
        design = self.design
        return {
            **design.tags,
            "portal:environment": design.environment.name,
            "portal:team": design.environment.team,
            "portal:blueprint": f"{design.blueprint}@{design.version}",
            "portal:request": design.environment.request_id,
        }

    # Stacks

    def stack_in(self, region: str, *, key: str) -> str:
        """The key of the stack for what must live in `region`: `main` where the environment does, else a stack `key`."""
        if region == self.design.environment.region:
            return MAIN
        made = self.stacks.setdefault(key, StackBuild(key, region))
        if made.region != region:
            raise DesignError(f"The stack {key} of {self.design.blueprint} cannot be in {made.region} and in {region}.")
        return key

    def stack_input(self, stack: str, name: str, value: Any, *, description: str = "") -> Any:
        """A value of `stack` for use in the main one: itself, or an output there and a parameter `name` here."""
        if stack == MAIN:
            return value
        if name not in self.main.template.parameters:
            self.stacks[stack].template.add_output(Output(name, Value=value))
            described = {"Description": description} if description else {}
            self.main.template.add_parameter(Parameter(name, Type="String", **described))
            self.main.inputs.append(StackInput(name, stack, name))
        return Ref(name)

    def ship(self, folder: Folder, *, stack: str = MAIN) -> tuple[Any, str]:
        """Package a folder of the blueprint; returns bucket and key of the object that the stack will find."""
        artefact = package(folder)
        self.stacks[stack].artefacts[artefact.key] = artefact
        place = self.design.environment
        # Code must lie in the region where it runs: elsewhere it is the bucket that onboarding makes there.
        named = place.artefact_bucket if self.stacks[stack].region == place.region else ""
        return named or Sub("portal-artefacts-${AWS::AccountId}-${AWS::Region}"), artefact.key

    # Resources

    def add(self, node: Node, resource: BaseAWSObject, title: str, *, stack: str = MAIN) -> Ref:
        """Add a resource of this node and return a reference to it. Logical ids are unique over all stacks."""
        if any(resource.title in made.template.resources for made in self.stacks.values()):
            raise DesignError(
                f"{node.source}: {node.address} needs the logical id {resource.title}, which is taken; rename it"
            )
        self.stacks[stack].template.add_resource(resource)
        self.resources.append(CompiledResource(resource.title, resource.resource_type, node.address, title, stack))
        return Ref(resource.title)

    def take_over(self, node: Node, template: Mapping[str, Any], *, titles: Mapping[str, str]) -> None:
        """Make a template that somebody wrote already the whole main stack."""
        self.main.whole = template
        for logical, resource in template["Resources"].items():
            self.resources.append(CompiledResource(logical, resource["Type"], node.address, titles[logical]))

    def note_retained(self, logical: str, kind: str, *, policy: str, why: str) -> None:
        """Say that a resource of a template taken over outlives its stack."""
        self.retained.append(Retained(logical, kind, policy, why))

    def retain(self, resource: BaseAWSObject, *, policy: str | None, why: str, stack: str = MAIN) -> None:
        """Say what becomes of data at the end: `Retain`, `Snapshot`, or deleted with its stack (None).

        A retained resource is still removed when its own creation is rolled back: it is empty, and in the way of
        the next attempt.
        """
        if policy is None:
            resource.DeletionPolicy = resource.UpdateReplacePolicy = "Delete"
            return
        resource.DeletionPolicy = "RetainExceptOnCreate" if policy == "Retain" else policy
        resource.UpdateReplacePolicy = policy
        self.retained.append(Retained(resource.title, resource.resource_type, policy, why, stack))

    # The graph

    def node(self, address: str) -> Node:
        return self.design.nodes[address]

    def only(self, kind: str, *, needed_by: Node) -> Node:
        """The one component of this kind; every design with a service has one network and one cluster."""
        found = self.design.of_kind(kind)
        if len(found) != 1:
            raise DesignError(
                f'{needed_by.source}: {needed_by.address} needs exactly one component "{kind}", and there are {len(found)}'
            )
        return found[0]

    def component(self, node: Node) -> BuildingBlock:
        return self._lookup(node.kind)

    def targets(self, node: Node) -> list[Node]:
        return [self.node(address) for address in self._edges[node.address]]

    def users(self, node: Node) -> list[Node]:
        """Those who use this node, in the blueprint's order."""
        return [self.node(address) for address, targets in self._edges.items() if node.address in targets]

    def grants(self, node: Node) -> list[Grant]:
        """What this node gets from everything it uses."""
        return [self.component(target).grant(target, self) for target in self.targets(node)]

    # Expressions

    def attribute(self, reference: Reference) -> Any:
        node = self.node(reference.address)
        component = self.component(node)
        if reference.attribute is None:
            known = ", ".join(component.attributes)
            raise DesignError(f"{node.source}: {reference} stands for text, so name an attribute: {known}")
        return component.attribute(node, reference.attribute, self)

    def value(self, value: Any) -> Any:
        """A value of the design as a template expression."""
        if isinstance(value, Reference):
            return self.attribute(value)
        if isinstance(value, Joined):
            return Join("", [self.value(part) for part in value.parts])
        if isinstance(value, bool):
            return "true" if value else "false"
        return value if isinstance(value, str) else str(value)

    def security_group(self, node: Node) -> GetAtt:
        return GetAtt(logical_id(node.address, "Sg"), "GroupId")
