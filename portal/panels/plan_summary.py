"""What a plan comes to, for people: resources by component and type, what stays at a teardown, what runs afterwards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from portal.web.formatting import short_type, title_of
from provisioning.components.kit.values import MAIN
from provisioning.components.registry import component, kinds
from provisioning.lifecycle.plan_document import Content, resources_of, retained_of, stacks_of

SHARED = "Shared"


class HasAddress(Protocol):
    @property
    def address(self) -> str: ...


T = TypeVar("T", bound=HasAddress)


@dataclass(frozen=True, slots=True)
class PlannedResource:
    logical_id: str
    type: str
    address: str
    title: str
    stack: str


@dataclass(frozen=True, slots=True)
class PlannedStack:
    """One stack of the plan; `packages` are the folders whose code it takes along."""

    key: str
    name: str
    region: str
    resources: int
    packages: tuple[str, ...]

    @property
    def title(self) -> str:
        return stack_title(self.key)


@dataclass(frozen=True, slots=True)
class Group(Generic[T]):
    """The resources of one component."""

    address: str
    name: str
    kind: str
    members: list[T] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Summary:
    """`stacks` in the order of creation, empty where there is one; `packages` of all of them."""

    total: int
    stacks: list[PlannedStack]
    packages: list[str]
    groups: list[Group[PlannedResource]]
    types: list[tuple[str, int]]
    retained: list[tuple[str, str, str]]
    """Title, policy, why."""
    after: list[str]
    outputs: list[str]
    protections: list[str]
    requires_approval: bool
    body_bytes: int


def group_by_component(rows: Iterable[T]) -> list[Group[T]]:
    """In the order in which each component first comes up."""
    groups: dict[str, Group[T]] = {}
    for row in rows:
        if row.address not in groups:
            groups[row.address] = Group(row.address, *called(row.address))
        groups[row.address].members.append(row)
    return list(groups.values())


def called(address: str) -> tuple[str, str]:
    """`postgres.main` is “PostgreSQL”: the word main says nothing. `service.api` is “api”, a Service."""
    kind, _, name = address.partition(".")
    if not address:
        return SHARED, ""
    title = component(kind).title if kind in kinds() else title_of(kind)
    return (title, "") if name == "main" else (name.replace("_", " "), title)


def summarise(content: Content) -> Summary:
    """The content of a plan that creates."""
    stacks = [_planned(stack) for stack in stacks_of(content)]
    resources = [PlannedResource(**resource) for resource in resources_of(content)]
    main = stacks_of(content)[-1]
    titles = {resource.logical_id: resource.title for resource in resources}
    retained = [
        (titles.get(kept["logical_id"], str(kept["logical_id"])), kept["policy"], kept["why"])
        for kept in retained_of(content)
    ]
    return Summary(
        total=len(resources),
        stacks=stacks if len(stacks) > 1 else [],
        packages=[name for stack in stacks for name in stack.packages],
        groups=group_by_component(resources),
        types=Counter(short_type(resource.type) for resource in resources).most_common(),
        retained=retained,
        after=[step["title"] for step in content["after"]],
        outputs=list(main["outputs"]),
        protections=_protections(stacks_of(content)),
        requires_approval=bool(content.get("requires_approval")),
        body_bytes=sum(len(stack["body"].encode()) for stack in stacks_of(content)),
    )


def stack_title(key: str) -> str:
    return "Main stack" if key == MAIN else f"Stack “{key}”"


def _planned(stack: Content) -> PlannedStack:
    return PlannedStack(
        key=stack["stack"],
        name=stack["stack_name"],
        region=stack["region"],
        resources=len(stack["resources"]),
        packages=tuple(made["name"] for made in stack["artefacts"]),
    )


def _protections(stacks: Sequence[Content]) -> list[str]:
    each = "The stack is" if len(stacks) == 1 else "The stacks are"
    found = []
    if any(stack.get("termination_protection") for stack in stacks):
        found.append(f"{each} protected against deletion.")
    if any(stack.get("stack_policy") for stack in stacks):
        found.append("A stack policy keeps what holds data from being replaced.")
    if any(stack.get("express") for stack in stacks):
        found.append("Deployed in express mode: it arrives sooner, before everything has settled.")
    return found


def pretty_template(stack: Content) -> str:
    return json.dumps(json.loads(stack["body"]), indent=2, ensure_ascii=False)
