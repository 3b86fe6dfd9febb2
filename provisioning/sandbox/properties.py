"""Validates a resource's properties against its registry schema, as AWS does before it creates
anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.sandbox.private import engine
from provisioning.sandbox.schema_check import UNKNOWN, problems
from provisioning.sandbox.schemas import schema_of

if TYPE_CHECKING:
    from provisioning.sandbox.stacks.deployment import Deployment

SHOWN = 10


def property_problem(resource_type: str, properties: dict[str, Any]) -> str:
    """The problem with the properties in AWS's words; empty if there is none, or if AWS has no
    schema.
    """
    schema = schema_of(resource_type)
    if schema is None:
        return ""
    return "\n".join(problems(schema, properties)[:SHOWN])


def static_problems(deployment: Deployment) -> dict[str, str]:
    """The problems of all resources that can be found before any exists; values that depend on
    other resources are skipped.
    """
    found = {}
    for logical_id in deployment.graph:
        definition = deployment.definitions[logical_id]
        open_properties = _opened(definition.get("Properties") or {}, set(deployment.definitions))
        try:
            resolved = deployment.resolve(open_properties, {})
        except (ValueError, KeyError, TypeError, IndexError):
            continue  # found when this resource is created
        known = {key: value for key, value in resolved.items() if value is not engine.NO_VALUE}
        problem = property_problem(definition.get("Type", ""), known)
        if problem:
            found[logical_id] = problem
    return found


def _opened(value: Any, resources: set[str]) -> Any:
    """The value, with a placeholder for everything that is known only when other resources exist."""
    if isinstance(value, list):
        return [_opened(item, resources) for item in value]
    if not isinstance(value, dict):
        return UNKNOWN if isinstance(value, str) and "{{resolve:" in value else value
    if len(value) == 1:
        key = next(iter(value))
        if key == "Ref" or key.startswith("Fn::"):
            depends = any(name in resources for name, _ in engine.intrinsic_references(value))
            dynamic = "{{resolve:" in str(value) or key == "Fn::ImportValue"
            if key == "Fn::If" and depends:
                condition, *branches = value[key]
                return {key: [condition, *(_opened(branch, resources) for branch in branches)]}
            return UNKNOWN if depends or dynamic else value
    return {key: _opened(item, resources) for key, item in value.items()}
