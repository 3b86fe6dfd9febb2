"""Evaluates stack policies, which define what an update may do to which resource."""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any


def denial(policy: str, action: str, logical_id: str, resource_type: str) -> str:
    """Why the policy forbids `action` ("Update:Modify", …) on the resource, in AWS's words; empty
    if it is allowed.
    """
    if not policy:
        return ""
    statements = json.loads(policy).get("Statement", [])
    statements = [statements] if isinstance(statements, dict) else statements
    matching = [
        (number, item) for number, item in enumerate(statements) if _matches(item, action, logical_id, resource_type)
    ]
    for number, item in matching:
        if item.get("Effect") == "Deny":
            return f"Action denied by stack policy: Statement [#{number + 1}] does not allow [{action}] for resource [{logical_id}]"
    if not any(item.get("Effect") == "Allow" for _, item in matching):
        return f"Action denied by stack policy: no statement allows [{action}] for resource [{logical_id}]"
    return ""


def _listed(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value or [])


def _any(patterns: Any, text: str) -> bool:
    return any(fnmatchcase(text, pattern) for pattern in _listed(patterns))


def _matches(statement: dict[str, Any], action: str, logical_id: str, resource_type: str) -> bool:
    resource = f"LogicalResourceId/{logical_id}"
    acts = (
        not _any(statement["NotAction"], action) if "NotAction" in statement else _any(statement.get("Action"), action)
    )
    meant = (
        not _any(statement["NotResource"], resource)
        if "NotResource" in statement
        else _any(statement.get("Resource"), resource)
    )
    condition = statement.get("Condition") or {}
    equal = condition.get("StringEquals", {}).get("ResourceType")
    like = condition.get("StringLike", {}).get("ResourceType")
    is_type = (equal is None or resource_type in _listed(equal)) and (like is None or _any(like, resource_type))
    return acts and meant and is_type
