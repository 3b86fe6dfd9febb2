"""Compares two compiled designs resource by resource, for example two versions of a blueprint."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.template.compile import CompiledDesign

_ABSENT = object()


@dataclass(frozen=True, slots=True)
class PropertyChange:
    """One value that differs. `before` or `after` is None if the value is absent. Values are JSON
    text.
    """

    path: str
    before: str | None
    after: str | None


@dataclass(frozen=True, slots=True)
class ResourceDifference:
    """A resource of one stack, whose `kind` is `added`, `removed` or `changed`. `address` is its
    component's.
    """

    kind: str
    stack: str
    logical_id: str
    type: str
    title: str
    changes: tuple[PropertyChange, ...] = ()
    address: str = ""


@dataclass(frozen=True, slots=True)
class Difference:
    """`resources` are in the order removed, changed, added. `outputs` are names with a leading `+`
    or `-`.
    """

    resources: tuple[ResourceDifference, ...]
    outputs: tuple[str, ...]

    @property
    def is_empty(self) -> bool:
        return not self.resources and not self.outputs

    def of(self, kind: str) -> tuple[ResourceDifference, ...]:
        return tuple(resource for resource in self.resources if resource.kind == kind)


def compare_designs(before: CompiledDesign, after: CompiledDesign) -> Difference:
    """Compare stack by stack. A resource whose type changed is removed and added."""
    old, new = _resources(before), _resources(after)
    known = {(a.stack, a.logical_id): a for a in (*before.resources, *after.resources)}
    resources: list[ResourceDifference] = []

    def differs(kind: str, key: tuple[str, str], resource: Mapping[str, Any], *changes: PropertyChange) -> None:
        stack, logical_id = key
        title, address = (known[key].title, known[key].address) if key in known else (logical_id, "")
        resources.append(ResourceDifference(kind, stack, logical_id, str(resource["Type"]), title, changes, address))

    retyped = {key for key in old.keys() & new.keys() if old[key]["Type"] != new[key]["Type"]}
    for key in sorted((old.keys() - new.keys()) | retyped):
        differs("removed", key, old[key])
    for key in sorted((old.keys() & new.keys()) - retyped):
        if changes := tuple(_changes("", old[key], new[key])):
            differs("changed", key, new[key], *changes)
    for key in sorted((new.keys() - old.keys()) | retyped):
        differs("added", key, new[key])
    removed_outputs = sorted(set(before.main.outputs) - set(after.main.outputs))
    added_outputs = sorted(set(after.main.outputs) - set(before.main.outputs))
    outputs = (*(f"-{name}" for name in removed_outputs), *(f"+{name}" for name in added_outputs))
    return Difference(tuple(resources), outputs)


def changes_between(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[PropertyChange]:
    """Yield the changes between two definitions of a resource; paths of properties have no prefix."""
    return _changes("", before, after)


def _resources(design: CompiledDesign) -> dict[tuple[str, str], Mapping[str, Any]]:
    return {
        (stack.stack, name): resource
        for stack in design.stacks
        for name, resource in json.loads(stack.body)["Resources"].items()
    }


def _changes(path: str, before: Any, after: Any) -> Iterator[PropertyChange]:
    """Yield the changes below `path`. Lists are compared as a whole, because positions in a list
    have no meaning.
    """
    if before == after:
        return
    if isinstance(before, dict) and isinstance(after, dict) and not _is_function(before) and not _is_function(after):
        for key in sorted(before.keys() | after.keys()):
            inner = f"{path}.{key}" if path else key
            yield from _changes(inner, before.get(key, _ABSENT), after.get(key, _ABSENT))
        return
    yield PropertyChange(path.removeprefix("Properties."), _text(before), _text(after))


def _is_function(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Ref", "Fn::"))


def _text(value: Any) -> str | None:
    if value is _ABSENT:
        return None
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True, ensure_ascii=False)
