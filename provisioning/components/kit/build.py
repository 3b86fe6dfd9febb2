"""The build: the templates of a design while components write them, and what a component may ask
about the design.

Nearly everything goes into the main stack. What AWS requires in another region goes into a stack of
its own, which is created before the main stack and passes its values on as stack inputs.
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
    ManualTask,
    PostDeploymentTask,
    Retained,
    StackInput,
)
from provisioning.design.errors import DesignError
from provisioning.design.graph import Design, Joined, Node, Reference
from provisioning.design.names import (
    BLUEPRINT_TAG,
    ENVIRONMENT_ID_TAG,
    ENVIRONMENT_TAG,
    GENERATION_TAG,
    TEAM_TAG,
    EnvironmentNames,
    logical_id,
)


class BuildingBlock(Protocol):
    """What a build asks of a component. `kit/component.py` implements it, so that the build need
    not import it.
    """

    attributes: ClassVar[Mapping[str, str]]
    has_security_group: ClassVar[bool]

    def targets(self, node: Node) -> tuple[Reference, ...]: ...

    def grant(self, node: Node, build: Build) -> Grant: ...

    def attribute(self, node: Node, name: str, build: Build) -> Any: ...

    def alarms(self, node: Node, build: Build) -> None: ...

    def widgets(self, node: Node, build: Build) -> list[DashboardWidget]: ...


@dataclass
class StackBuild:
    """One stack of the build. `inputs` are the parameters that it receives from earlier stacks.

    `imported` is a complete template that replaces `template` (the `cloudformation` component).
    """

    key: str
    region: str
    template: Template = field(default_factory=Template)
    imported: Mapping[str, Any] | None = None
    parameters: dict[str, str] = field(default_factory=dict)
    artefacts: dict[str, Artefact] = field(default_factory=dict)
    inputs: list[StackInput] = field(default_factory=list)

    def rendered(self) -> Mapping[str, Any]:
        """Return the template as CloudFormation reads it."""
        template: Mapping[str, Any] = self.imported if self.imported is not None else self.template.to_dict()
        return template


class Build:
    """Collects the resources, tasks and retained data of a design.

    `dynamic_references` are those that components made, and `named_secrets` the secrets outside the
    environment among them (`kit/dynamic_references.py`). `changing` builds for an update of running
    stacks: it leaves out what only a creation may set, such as the task count of a service that
    scales.
    """

    def __init__(self, design: Design, lookup: Callable[[str], BuildingBlock], *, changing: bool = False) -> None:
        self.design = design
        self.changing = changing
        self.main = StackBuild(MAIN, design.environment.region)
        self.stacks: dict[str, StackBuild] = {MAIN: self.main}
        self.resources: list[CompiledResource] = []
        self.retained: list[Retained] = []
        self.tasks: list[PostDeploymentTask] = []
        self.manual_tasks: list[ManualTask] = []
        self.dynamic_references: set[str] = set()
        self.named_secrets: set[str] = set()
        self._lookup = lookup
        self._edges = {
            address: tuple(reference.address for reference in lookup(node.kind).targets(node))
            for address, node in design.nodes.items()
        }

    # Names

    @property
    def name(self) -> str:
        """The environment's name, for texts that people read. Names in AWS come from `names`."""
        return self.design.environment.name

    @property
    def names(self) -> EnvironmentNames:
        return self.design.environment.names

    def physical(self, name: str, *, limit: int) -> str:
        return self.names.physical(name, limit=limit)

    def bucket(self, name: str, *, region: str = "") -> str:
        """Return the name of a bucket as text for Sub. `region` is the bucket's, if it is not the
        environment's.
        """
        return self.names.bucket(
            name,
            account_id="${AWS::AccountId}",
            region=region or self.design.environment.region,
            region_text=region or "${AWS::Region}",
        )

    def own_tags(self) -> dict[str, str]:
        """Return the portal's tags, which are constant for an environment's life.

        A changed stack tag would modify every resource, so the blueprint's version and the request
        are metadata of the template. IAM policies compare these tags.
        """
        environment = self.design.environment
        return {
            TEAM_TAG: environment.team,
            ENVIRONMENT_TAG: environment.name,
            ENVIRONMENT_ID_TAG: str(environment.environment_id),
            GENERATION_TAG: environment.generation,
            BLUEPRINT_TAG: self.design.blueprint,
        }

    def tags(self) -> dict[str, str]:
        """Return the tags of every resource in the environment: the blueprint's and the portal's."""
        return {**self.design.tags, **self.own_tags()}

    # Stacks

    def stack_in(self, region: str, *, key: str) -> str:
        """Return the key of the stack for resources in `region`: `main` in the environment's own
        region, else `key`.
        """
        if region == self.design.environment.region:
            return MAIN
        stack = self.stacks.setdefault(key, StackBuild(key, region))
        if stack.region != region:
            raise DesignError(
                f"The stack {key} of {self.design.blueprint} cannot be in {stack.region} and in {region}."
            )
        return key

    def stack_input(self, stack: str, name: str, value: Any, *, description: str = "") -> Any:
        """Make a value of `stack` usable in the main stack.

        Returns the value itself if `stack` is the main one. Otherwise the value becomes an output
        of `stack` and a parameter `name` of the main stack, and a reference to that parameter is
        returned.
        """
        if stack == MAIN:
            return value
        if name not in self.main.template.parameters:
            self.stacks[stack].template.add_output(Output(name, Value=value))
            described = {"Description": description} if description else {}
            self.main.template.add_parameter(Parameter(name, Type="String", **described))
            self.main.inputs.append(StackInput(name, stack, name))
        return Ref(name)

    def ship(self, folder: Folder, *, stack: str = MAIN) -> tuple[Any, str]:
        """Package a folder of the blueprint. Returns bucket and key of the object from which the
        stack reads it.
        """
        artefact = package(folder)
        self.stacks[stack].artefacts[artefact.key] = artefact
        environment = self.design.environment
        # Lambda reads code from its own region only: elsewhere it is in the bucket that onboarding creates there.
        bucket = environment.artefact_bucket if self.stacks[stack].region == environment.region else ""
        return bucket or Sub("portal-artefacts-${AWS::AccountId}-${AWS::Region}"), artefact.key

    # Resources

    def add(self, node: Node, resource: BaseAWSObject, title: str, *, stack: str = MAIN) -> Ref:
        """Add a resource of this node and return a reference to it. Logical ids are unique across
        all stacks.
        """
        if any(resource.title in each.template.resources for each in self.stacks.values()):
            raise DesignError(
                f"{node.source}: {node.address} needs the logical id {resource.title}, which is taken; rename it"
            )
        self.stacks[stack].template.add_resource(resource)
        self.resources.append(CompiledResource(resource.title, resource.resource_type, node.address, title, stack))
        return Ref(resource.title)

    def import_template(self, node: Node, template: Mapping[str, Any], *, titles: Mapping[str, str]) -> None:
        """Use a complete template as the main stack. `titles` maps its logical ids to titles for
        people.
        """
        self.main.imported = template
        for logical, resource in template["Resources"].items():
            self.resources.append(CompiledResource(logical, resource["Type"], node.address, titles[logical]))

    def retain(self, resource: BaseAWSObject, *, policy: str | None, why: str, stack: str = MAIN) -> None:
        """Set what happens to data when its stack is deleted: `Retain`, `Snapshot`, or None to
        delete it.

        If the creation of a retained resource is rolled back, the resource is deleted nevertheless:
        it is still empty, and its name would block the next attempt.
        """
        if policy is None:
            resource.DeletionPolicy = resource.UpdateReplacePolicy = "Delete"
            return
        resource.DeletionPolicy = "RetainExceptOnCreate" if policy == "Retain" else policy
        resource.UpdateReplacePolicy = policy
        self.note_retained(resource.title, resource.resource_type, policy=policy, why=why, stack=stack)

    def note_retained(self, logical: str, type_: str, *, policy: str, why: str, stack: str = MAIN) -> None:
        """Record that a resource outlives its stack, for types and templates that set this by
        themselves.
        """
        self.retained.append(Retained(logical, type_, policy, why, stack))

    # The graph

    def node(self, address: str) -> Node:
        return self.design.nodes[address]

    def only(self, kind: str, *, needed_by: Node) -> Node:
        """Return the design's one component of this kind. Raises DesignError if there is none or
        more than one.
        """
        nodes = self.design.of_kind(kind)
        if len(nodes) != 1:
            raise DesignError(
                f'{needed_by.source}: {needed_by.address} needs exactly one component "{kind}", and there are {len(nodes)}'
            )
        return nodes[0]

    def component(self, node: Node) -> BuildingBlock:
        return self._lookup(node.kind)

    def targets(self, node: Node) -> list[Node]:
        """Return the nodes that this node uses."""
        return [self.node(address) for address in self._edges[node.address]]

    def users(self, node: Node) -> list[Node]:
        """Return the nodes that use this node, in the blueprint's order."""
        return [self.node(address) for address, targets in self._edges.items() if node.address in targets]

    def grants(self, node: Node) -> list[Grant]:
        """Return the grants of everything that this node uses."""
        return [self.component(target).grant(target, self) for target in self.targets(node)]

    # Expressions

    def attribute(self, reference: Reference) -> Any:
        """Return the template expression of a reference. Raises DesignError if it names no
        attribute.
        """
        node = self.node(reference.address)
        component = self.component(node)
        if reference.attribute is None:
            known = ", ".join(component.attributes)
            raise DesignError(f"{node.source}: {reference} must name an attribute here: {known}")
        return component.attribute(node, reference.attribute, self)

    def value(self, value: Any) -> Any:
        """Return a value of the design as a template expression."""
        if isinstance(value, Reference):
            return self.attribute(value)
        if isinstance(value, Joined):
            return Join("", [self.value(part) for part in value.parts])
        if isinstance(value, bool):
            return "true" if value else "false"
        return value if isinstance(value, str) else str(value)

    def security_group(self, node: Node) -> GetAtt:
        return GetAtt(logical_id(node.address, "Sg"), "GroupId")
