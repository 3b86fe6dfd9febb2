"""Every resource type that a blueprint can create has a record, so that its deletion can be
verified and nothing blocks a teardown.
"""

from __future__ import annotations

import ast
import importlib
import json
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import provisioning.components
from provisioning.aws import aws_type
from provisioning.aws.types import TYPES
from provisioning.management.rights.optional_inputs import optional_inputs
from provisioning.template.compile import compile_design
from tests.support.shipped import catalogue, compiled, shipped

COMPONENTS = Path(provisioning.components.__file__).parent
PROTECTS = {"DeletionProtection", "DeletionProtectionEnabled", "DisableApiTermination"}
OFF = (False, "false", "none", "INACTIVE")
# Types that run by a schedule, a queue or a desired count, without a request.
STARTS_WORK = {
    "AWS::AutoScaling::AutoScalingGroup",
    "AWS::EC2::SpotFleet",
    "AWS::ECS::Service",
    "AWS::ECS::TaskSet",
    "AWS::Events::Rule",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Pipes::Pipe",
    "AWS::Scheduler::Schedule",
}


@cache
def templates() -> list[tuple[str, dict[str, Any]]]:
    """The origin and the resources of every stack of every shipped blueprint, in every size, and in
    prod with its optional inputs.
    """
    designs = [
        (f"{slug} {size}", compiled(slug, size))
        for slug, blueprint in sorted(catalogue().blueprints.items())
        for size in blueprint.sizes
    ]
    for slug, blueprint in sorted(catalogue().blueprints.items()):
        if given := optional_inputs(blueprint):
            designs.append((f"{slug} with its options", compile_design(shipped("prod", slug=slug, **given))))
    return [
        (f"{name} {stack.stack}", json.loads(stack.body)["Resources"])
        for name, design in designs
        for stack in design.stacks
    ]


def shipped_types() -> set[str]:
    return {resource["Type"] for _, resources in templates() for resource in resources.values()}


def component_types() -> set[str]:
    """Every resource class that a component's code names, whatever settings select it."""
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


def test_the_types_are_found() -> None:
    assert not catalogue().broken, catalogue().broken
    assert len(shipped_types()) > 50
    assert {"AWS::EC2::VPC", "AWS::S3::Bucket", "AWS::Logs::SubscriptionFilter"} <= component_types()


def test_every_type_has_a_record() -> None:
    """The docstring of `provisioning/aws/types/__init__.py` explains what a record needs."""
    missing = [
        f"add {name} to provisioning/aws/types/{_module_of(name)}.py"
        for name in sorted(shipped_types() | component_types())
        if name not in TYPES
    ]
    assert missing == []


def _module_of(name: str) -> str:
    """The module of other types of the same service, else the service's name."""
    prefix = name.rpartition("::")[0] + "::"
    known = [module for module in _modules() if any(record.name.startswith(prefix) for record in _modules()[module])]
    return known[0] if known else prefix.split("::")[1].lower()


@cache
def _modules() -> dict[str, tuple[Any, ...]]:
    """The records by the name of their module."""
    package = importlib.import_module("provisioning.aws.types")
    names = sorted(path.stem for path in Path(str(package.__file__)).parent.glob("[a-z]*.py") if path.stem != "record")
    return {name: importlib.import_module(f"provisioning.aws.types.{name}").TYPES for name in names}


def test_every_type_can_be_asked_for_or_its_record_says_why_not() -> None:
    silent = [
        f"say in provisioning/aws/types/{_module_of(name)}.py how the existence of {name} is checked, or why not"
        for name in sorted(shipped_types() | component_types())
        if not (aws_type(name).exists or aws_type(name).why_unchecked)
    ]
    assert silent == []


def test_every_protection_that_a_template_sets_can_be_lifted() -> None:
    held = [
        f"{where}: {name}"
        for where, resources in templates()
        for name, resource in resources.items()
        for key in PROTECTS & set(resource.get("Properties", {}))
        if resource["Properties"][key] not in OFF
        and not ((protection := aws_type(resource["Type"]).protection) and protection.property == key)
    ]
    assert held == []


def test_a_type_that_starts_work_by_itself_is_stopped_first() -> None:
    types = (shipped_types() | component_types()) & STARTS_WORK
    assert "AWS::ECS::Service" in types
    assert [name for name in sorted(types) if not aws_type(name).quiesce] == []
