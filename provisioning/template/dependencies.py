"""The order in which CloudFormation may create the resources of a template."""

from __future__ import annotations

import json
from collections.abc import Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from provisioning.components.kit.intrinsic_functions import mentioned_names
from provisioning.design.errors import DesignError


def dependencies(resources: Mapping[str, Any]) -> dict[str, set[str]]:
    """Return for each resource those that must exist before it: what it refers to, and its
    `DependsOn`.
    """
    graph = {}
    for name, resource in resources.items():
        needed = mentioned_names(resource)
        # Only here is `DependsOn` CloudFormation's: a container definition has a property of that name.
        match resource.get("DependsOn"):
            case str(other):
                needed.add(other)
            case list(others):
                needed |= {other for other in others if isinstance(other, str)}
        graph[name] = needed & resources.keys()
    return graph


def levels_of(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return the topological levels of a graph, each sorted: every resource needs only those of
    earlier levels.

    Raises DesignError if resources wait for each other in a circle.
    """
    sorter = TopologicalSorter(graph)
    try:
        sorter.prepare()
    except CycleError as error:
        raise DesignError(f"These resources wait for each other: {', '.join(error.args[1])}.") from error
    levels = []
    while sorter.is_active():
        level = sorted(sorter.get_ready())
        levels.append(level)
        sorter.done(*level)
    return levels


def dependency_levels(template_body: str) -> list[list[str]]:
    """Return the levels of a template's resources. Raises DesignError for a circle."""
    return levels_of(dependencies(json.loads(template_body)["Resources"]))
