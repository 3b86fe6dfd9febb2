"""Are a resource's properties what its registry schema allows? AWS asks before it makes anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from provisioning.sandbox.private import engine
from provisioning.sandbox.schema_check import UNKNOWN, problems
from provisioning.sandbox.schemas import schema_of

if TYPE_CHECKING:
    from provisioning.sandbox.stacks.deployment import Deployment

SHOWN = 10


def property_problem(resource_type: str, properties: dict[str, Any]) -> str:
    """What is wrong with the properties, as AWS words it; empty when nothing is, or when AWS has no schema."""
    schema = schema_of(resource_type)
    if schema is None:
        return ""
    return "\n".join(problems(schema, properties)[:SHOWN])


def static_problems(deployment: Deployment) -> dict[str, str]:
    """The problems of all resources that show before any exists; what depends on another resource is left open."""
    found = {}
    for logical_id in deployment.graph:
        definition = deployment.definitions[logical_id]
        open_properties = _opened(definition.get("Properties") or {}, set(deployment.definitions))
        try:
            resolved = deployment.resolve(open_properties, {})
        except (ValueError, KeyError, TypeError, IndexError):
            continue  # it shows when the resource's turn comes
        known = {key: value for key, value in resolved.items() if value is not engine.NO_VALUE}
        problem = property_problem(definition.get("Type", ""), known)
        if problem:
            found[logical_id] = problem
    return found


def _opened(value: Any, resources: set[str]) -> Any:
    """The value with everything replaced that is known only when other resources exist."""
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
