"""The order in which CloudFormation may create a template's resources, as waves: each needs only earlier ones."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter
from typing import Any

from provisioning.components.base import DesignError

_IN_SUB = re.compile(r"\$\{([A-Za-z0-9]+)")


def dependency_order(template_body: str) -> list[list[str]]:
    """Waves of logical ids, each sorted. Raises DesignError where resources wait for each other in a circle."""
    resources: Mapping[str, Any] = json.loads(template_body)["Resources"]
    sorter = TopologicalSorter(
        {name: {need for need in _needs(resource) if need in resources} for name, resource in resources.items()}
    )
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


def _needs(value: Any) -> Iterator[str]:
    """Every logical id that a value mentions by Ref, GetAtt, Sub or DependsOn."""
    if isinstance(value, list):
        for item in value:
            yield from _needs(item)
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _mentions(key, item)
            yield from _needs(item)


def _mentions(key: str, item: Any) -> list[str]:  # noqa: PLR0911 - one answer for each way of naming a resource
    match key, item:
        case (("Ref" | "DependsOn"), str()):
            return [item]
        case "DependsOn", list():
            return item
        case "Fn::GetAtt", [str() as name, *_]:
            return [name]
        case "Fn::GetAtt", str():
            return [item.split(".", maxsplit=1)[0]]
        case "Fn::Sub", str():
            return _IN_SUB.findall(item)
        case "Fn::Sub", [str() as text, dict() as variables]:
            return [name for name in _IN_SUB.findall(text) if name not in variables]
    return []
