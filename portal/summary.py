"""What a plan comes to, for people: resources by component and type, what stays at a teardown, what runs afterwards."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Generic, Protocol, TypeVar

from portal.words import short_type, title_of
from provisioning.components.registry import component, kinds

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


@dataclass(frozen=True, slots=True)
class Group(Generic[T]):
    """The resources of one component."""

    address: str
    name: str
    kind: str
    members: list[T] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Summary:
    total: int
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


def summarise(content: Mapping[str, Any]) -> Summary:
    """The content of a plan that creates."""
    resources = [PlannedResource(**resource) for resource in content["resources"]]
    titles = {resource.logical_id: resource.title for resource in resources}
    retained = [
        (titles.get(kept["logical_id"], kept["logical_id"]), kept["policy"], kept["why"])
        for kept in content["retained"]
    ]
    return Summary(
        total=len(resources),
        groups=group_by_component(resources),
        types=Counter(short_type(resource.type) for resource in resources).most_common(),
        retained=retained,
        after=[step["title"] for step in content["after"]],
        outputs=list(content["outputs"]),
        protections=_protections(content),
        requires_approval=bool(content.get("requires_approval")),
        body_bytes=len(content["body"].encode()),
    )


def _protections(content: Mapping[str, Any]) -> list[str]:
    found = []
    if content.get("termination_protection"):
        found.append("The stack is protected against deletion.")
    if content.get("stack_policy"):
        found.append("A stack policy keeps what holds data from being replaced.")
    if content.get("express"):
        found.append("Deployed in express mode: it arrives sooner, before everything has settled.")
    return found


def pretty_template(content: Mapping[str, Any]) -> str:
    return json.dumps(json.loads(content["body"]), indent=2, ensure_ascii=False)
