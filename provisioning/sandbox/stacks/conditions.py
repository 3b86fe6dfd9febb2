"""Evaluates a template's conditions. Ministack's own evaluation knows Ref and Fn::Select only, and takes
Fn::Join, Fn::Sub or a mapping in a condition for a text of its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from provisioning.policy.intrinsics import Resolver
from provisioning.sandbox.private import get_account_id, get_region
from provisioning.sandbox.stacks.graph import Template
from provisioning.sandbox.stacks.records import Stack


def evaluate_conditions(stack: Stack, template: Template, parameters: Mapping[str, Any]) -> dict[str, bool]:
    """Return whether each condition holds. `parameters` are ministack's records of value and type."""
    names: dict[str, Any] = {
        "AWS::AccountId": get_account_id(),
        "AWS::Partition": "aws",
        "AWS::Region": get_region(),
        "AWS::StackId": stack["StackId"],
        "AWS::StackName": stack["StackName"],
        "AWS::URLSuffix": "amazonaws.com",
    }
    for name, parameter in parameters.items():
        is_list = "List<" in parameter["Type"] or parameter["Type"] == "CommaDelimitedList"
        text = parameter["Value"]
        names[name] = [one.strip() for one in text.split(",")] if is_list and isinstance(text, str) else text
    conditions = template.get("Conditions") or {}
    # No condition can refer to a resource. A name that is no parameter is taken as a text, as ministack does.
    resolver = Resolver(names, conditions, template.get("Mappings") or {}, str, "{}.{}".format)
    return {name: resolver.holds(name) for name in conditions}
