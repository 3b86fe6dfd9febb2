"""What needs what in a template, and the order in which CloudFormation may create it."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any, NamedTuple

from provisioning.design.errors import DesignError

_IN_SUB = re.compile(r"\$\{([A-Za-z0-9]+)(\.[A-Za-z0-9.]+)?\}")


class Mention(NamedTuple):
    """A logical id that a value names; `attribute` where it reads more of it than that it exists."""

    name: str
    attribute: bool = False


def needs(resources: Mapping[str, Any]) -> dict[str, set[str]]:
    """For each resource those that must exist before."""
    return {
        name: {wanted for wanted in _wanted(resource) if wanted in resources} for name, resource in resources.items()
    }


def _wanted(resource: Mapping[str, Any]) -> Iterator[str]:
    """What a resource names. `DependsOn` is CloudFormation's only here: a container has one of its own."""
    match resource.get("DependsOn"):
        case str(name):
            yield name
        case list(names):
            yield from (name for name in names if isinstance(name, str))
    yield from (mention.name for mention in mentions(resource))


def waves_of(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Waves of logical ids, each sorted. Raises DesignError where resources wait for each other in a circle."""
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        raise DesignError(f"These resources wait for each other: {', '.join(error.args[1])}.") from error
    waves = []
    while sorter.is_active():
        wave = sorted(sorter.get_ready())
        waves.append(wave)
        sorter.done(*wave)
    return waves


def dependency_order(template_body: str) -> list[list[str]]:
    """The waves of a template: each needs only earlier ones. Raises DesignError for a circle."""
    return waves_of(needs(json.loads(template_body)["Resources"]))


def mentions(value: Any) -> Iterator[Mention]:
    """Every logical id that a value names by Ref, GetAtt or Sub."""
    if isinstance(value, list):
        for item in value:
            if isinstance(item, dict | list):
                yield from mentions(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            if key in _NAMING:
                yield from _named(key, item)
            if isinstance(item, dict | list):
                yield from mentions(item)


_NAMING = frozenset(("Ref", "Fn::GetAtt", "Fn::Sub"))


def _named(key: str, item: Any) -> list[Mention]:
    match key, item:
        case "Ref", str():
            return [Mention(item)]
        case "Fn::GetAtt", [str() as name, *_]:
            return [Mention(name, attribute=True)]
        case "Fn::GetAtt", str():
            return [Mention(item.split(".", maxsplit=1)[0], attribute=True)]
        case "Fn::Sub", (str() as text) | [str() as text, dict()]:
            own = set(item[1]) if isinstance(item, list) else set()
            return [Mention(name, bool(dot)) for name, dot in _IN_SUB.findall(text) if name not in own]
    return []
