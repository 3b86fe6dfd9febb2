"""Problems for which CloudFormation rejects a template before it creates any resource: undefined
references and circles.
"""

from __future__ import annotations

from graphlib import CycleError, TopologicalSorter
from typing import Any

from provisioning.sandbox.private import engine
from provisioning.sandbox.stacks.graph import Template, dependencies

_PSEUDO = "AWS::"
CUSTOM_RESOURCE = "AWS::CloudFormation::CustomResource"


def problem(template: Template) -> str:
    """The first problem in AWS's words; empty if there is none, or if a macro may change the
    template first.
    """
    resources = template.get("Resources")
    if not isinstance(resources, dict) or not resources:
        return "Template format error: At least one Resources member must be defined."
    custom = _custom(resources)
    if custom:
        return custom
    if template.get("Transform") or not all(isinstance(item, dict) for item in resources.values()):
        return ""
    return _unresolved(template, resources) or _unknown_conditions(template, resources) or _circle(template)


def _custom(resources: dict[str, Any]) -> str:
    """A custom resource depends on someone's code, and no code runs here, so it would never
    complete.
    """
    found = {
        name: str(item.get("Type", CUSTOM_RESOURCE))
        for name, item in resources.items()
        if isinstance(item, dict) and str(item.get("Type", CUSTOM_RESOURCE)).startswith((CUSTOM_RESOURCE, "Custom::"))
    }
    listed = ", ".join(f"{name} ({kind})" for name, kind in sorted(found.items()))
    return (
        f"Custom resources are not simulated: the sandbox runs no code that could answer for {listed}." if found else ""
    )


def unknown_parameters(template: Template, given: set[str]) -> str:
    """A request's parameters that the template does not have."""
    unknown = sorted(given - set(template.get("Parameters") or {}))
    return f"Parameters: [{', '.join(unknown)}] do not exist in the template" if unknown else ""


def _references(value: Any) -> set[str]:
    return {name for name, _ in engine.intrinsic_references(value) if not name.startswith(_PSEUDO)}


def _unresolved(template: Template, resources: dict[str, Any]) -> str:
    known = set(resources) | set(template.get("Parameters") or {})
    wanted: set[str] = set()
    for definition in resources.values():
        depends = definition.get("DependsOn") or []
        wanted |= _references(definition.get("Properties") or {})
        wanted |= {depends} if isinstance(depends, str) else set(depends)
    blocks = {"Resources": wanted, "Outputs": _references(template.get("Outputs") or {})}
    for block, names in blocks.items():
        missing = sorted(names - known)
        if missing:
            listed = ", ".join(missing)
            return f"Template format error: Unresolved resource dependencies [{listed}] in the {block} block of the template"
    return ""


def _unknown_conditions(template: Template, resources: dict[str, Any]) -> str:
    known = set(template.get("Conditions") or {})
    for name, definition in resources.items():
        condition = definition.get("Condition")
        if condition and condition not in known:
            return f"Template format error: Unresolved dependencies [{condition}] of the resource {name}. Cannot reference conditions that the template doesn't have"
    return ""


def _circle(template: Template) -> str:
    try:
        TopologicalSorter(dependencies(template, {})).prepare()
    except CycleError as error:
        return f"Circular dependency between resources: [{', '.join(sorted(set(error.args[1])))}]"
    return ""
