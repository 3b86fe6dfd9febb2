"""How pages name components and stacks, and how they group resources by component."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from portal.web.formatting import title_of
from provisioning.components.kit.values import MAIN
from provisioning.components.registry import component, kinds
from provisioning.design.names import ComponentName

SHARED = "Shared"


class HasAddress(Protocol):
    @property
    def address(self) -> str: ...


T = TypeVar("T", bound=HasAddress)


@dataclass(frozen=True, slots=True)
class ComponentGroup(Generic[T]):
    """The resources of one component."""

    address: str
    name: str
    kind: str
    members: list[T] = field(default_factory=list)


def group_by_component(rows: Iterable[T]) -> list[ComponentGroup[T]]:
    """In the order in which each component first occurs."""
    groups: dict[str, ComponentGroup[T]] = {}
    for row in rows:
        if row.address not in groups:
            groups[row.address] = ComponentGroup(row.address, *name_and_kind(row.address))
        groups[row.address].members.append(row)
    return list(groups.values())


def name_and_kind(address: str) -> tuple[str, str]:
    """`postgres.main` is “PostgreSQL”, because the word main says nothing. `service.api` is “api”,
    a Service.
    """
    if not address:
        return SHARED, ""
    called = ComponentName.of(address)
    title = component(called.kind).title if called.kind in kinds() else title_of(called.kind)
    return called.for_people(title)


def stack_title(key: str) -> str:
    return "Main stack" if key == MAIN else f"Stack “{key}”"
