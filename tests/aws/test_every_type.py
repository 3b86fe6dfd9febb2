"""Every type of resource that a blueprint can make: its end can be proved, and nothing of it holds a teardown up for ever."""

from __future__ import annotations

import ast
import importlib
import json
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import provisioning.components
from provisioning.aws import PROTECTABLE
from provisioning.aws.existence import PROBES, UNASKABLE
from provisioning.aws.quiesce import STOPS
from provisioning.lifecycle.steps.delete import SERVICE
from provisioning.template.compile import compile_design
from tests.support.shipped import catalogue, shipped

COMPONENTS = Path(provisioning.components.__file__).parent
PROTECTS = {"DeletionProtection", "DeletionProtectionEnabled", "DisableApiTermination"}
OFF = (False, "false", "none", "INACTIVE")
# What runs by a schedule, a queue or a wish for a number, with nobody asking for it.
STARTS_WORK = {
    SERVICE,
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::EC2::SpotFleet",
    "AWS::ECS::TaskSet",
    "AWS::Events::Rule",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Pipes::Pipe",
    "AWS::Scheduler::Schedule",
}


@cache
def templates() -> list[tuple[str, dict[str, Any]]]:
    """Where from, and its resources: every stack of every blueprint that ships, in every size."""
    return [
        (f"{slug} {size} {stack.stack}", json.loads(stack.body)["Resources"])
        for slug, blueprint in sorted(catalogue().blueprints.items())
        for size in blueprint.sizes
        for stack in compile_design(shipped(size, slug=slug)).stacks
    ]


def shipped_types() -> set[str]:
    return {resource["Type"] for _, resources in templates() for resource in resources.values()}


def component_types() -> set[str]:
    """Every class of a resource that a component's code names, whatever settings lead to it."""
    found = set()
    for path in COMPONENTS.rglob("*.py"):
        tree = ast.parse(path.read_text())
        named = {key: value for node in ast.walk(tree) for key, value in _imported(node).items()}
        for node in ast.walk(tree):
            thing = None
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
                thing = getattr(named.get(node.value.id), node.attr, None)
            elif isinstance(node, ast.Name):
                thing = named.get(node.id)
            resource_type = getattr(thing, "resource_type", None)
            if isinstance(resource_type, str) and resource_type.startswith("AWS::"):
                found.add(resource_type)
    return found


def _imported(node: ast.AST) -> dict[str, Any]:
    """What a `from troposphere… import …` gives, by the names that it has in that file."""
    if not isinstance(node, ast.ImportFrom) or not (node.module or "").startswith("troposphere"):
        return {}
    module = importlib.import_module(str(node.module))
    return {name.asname or name.name: _member(module, name.name) for name in node.names}


def _member(module: ModuleType, name: str) -> Any:
    return getattr(module, name, None) or importlib.import_module(f"{module.__name__}.{name}")


def test_there_is_something_to_look_at() -> None:
    assert not catalogue().broken, catalogue().broken
    assert len(shipped_types()) > 50
    assert {"AWS::EC2::VPC", "AWS::S3::Bucket", "AWS::Logs::SubscriptionFilter"} <= component_types()


def test_every_type_can_be_asked_for_or_it_is_said_why_not() -> None:
    known = set(PROBES) | set(UNASKABLE)
    assert sorted(shipped_types() - known) == []
    assert sorted(component_types() - known) == []


def test_nothing_is_both_asked_for_and_not() -> None:
    assert set(PROBES) & set(UNASKABLE) == set()
    assert all(why.endswith(".") for why in UNASKABLE.values())


def test_every_protection_that_a_template_sets_can_be_lifted() -> None:
    held = [
        f"{where}: {name}"
        for where, resources in templates()
        for name, resource in resources.items()
        for key in PROTECTS & set(resource.get("Properties", {}))
        if resource["Properties"][key] not in OFF and resource["Type"] not in PROTECTABLE
    ]
    assert held == []


def test_whatever_starts_work_by_itself_is_stopped_first() -> None:
    assert sorted((shipped_types() | component_types()) & STARTS_WORK - set(STOPS) - {SERVICE}) == []
