"""The build: a template in the making, and what a component may ask about the design around it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from troposphere import BaseAWSObject, GetAtt, Join, Ref, Template

from provisioning.components.base import Component, DesignError, Grant
from provisioning.components.graph import Design, Joined, Node, Reference
from provisioning.components.names import logical_id, physical


@dataclass(frozen=True, slots=True)
class Added:
    """A resource of the template: where it comes from and what people call it."""

    logical_id: str
    type: str
    address: str
    title: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A resource that outlives its stack, whole (`Retain`) or as a snapshot."""

    logical_id: str
    type: str
    policy: str
    why: str


@dataclass(frozen=True, slots=True)
class AfterStep:
    """Something to run once the stack is complete: an ECS task, named by logical ids of the template."""

    key: str
    title: str
    cluster: str
    task_definition: str
    subnets: tuple[str, ...]
    security_groups: tuple[str, ...]
    container: str
    timeout_minutes: int = 10
    kind: str = "ecs_run_task"
    launch_type: str = "FARGATE"
    assign_public_ip: bool = False


class Build:
    """Collects resources. `changing` leaves out what only a creation may say, such as a scaled service's task count."""

    def __init__(self, design: Design, lookup: Callable[[str], Component], *, changing: bool = False) -> None:
        self.design = design
        self.changing = changing
        self.template = Template()
        self.added: list[Added] = []
        self.kept: list[Kept] = []
        self.after: list[AfterStep] = []
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
            "portal:environment": design.environment.name,
            "portal:team": design.environment.team,
            "portal:blueprint": f"{design.blueprint}@{design.version}",
            "portal:request": design.environment.request_id,
        }

    # Resources

    def add(self, node: Node, resource: BaseAWSObject, title: str) -> Ref:
        """Add a resource of this node and return a reference to it."""
        if resource.title in self.template.resources:
            raise DesignError(
                f"{node.source}: {node.address} needs the logical id {resource.title}, which is taken; rename it"
            )
        self.template.add_resource(resource)
        self.added.append(Added(resource.title, resource.resource_type, node.address, title))
        return Ref(resource.title)

    def keep(self, resource: BaseAWSObject, *, policy: str | None, why: str) -> None:
        """Say what becomes of data at the end: `Retain`, `Snapshot`, or deleted with its stack (None).

        A retained resource is still removed when its own creation is rolled back: it is empty, and in the way of
        the next attempt.
        """
        if policy is None:
            resource.DeletionPolicy = resource.UpdateReplacePolicy = "Delete"
            return
        resource.DeletionPolicy = "RetainExceptOnCreate" if policy == "Retain" else policy
        resource.UpdateReplacePolicy = policy
        self.kept.append(Kept(resource.title, resource.resource_type, policy, why))

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

    def component(self, node: Node) -> Component:
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
