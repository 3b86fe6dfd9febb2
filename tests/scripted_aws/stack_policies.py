"""Whether a stack policy allows an update of a resource.

Without a policy everything is allowed; with one, what no statement allows is denied, and Deny wins
(AWS's page "Prevent updates to stack resources").
"""

from __future__ import annotations

import json
from fnmatch import fnmatchcase
from typing import Any, Literal

Update = Literal["Update:Modify", "Update:Replace", "Update:Delete"]


def denial(policy: str | None, update: Update, *, logical_id: str, resource_type: str) -> str | None:
    """AWS's sentence if the policy denies the update."""
    if policy is None:
        return None
    statements = json.loads(policy)["Statement"]
    matching = [
        (number, statement)
        for number, statement in enumerate(statements, 1)
        if _matches(statement, update, logical_id, resource_type)
    ]
    for number, statement in matching:
        if statement["Effect"] == "Deny":
            return f"Action denied by stack policy: Statement [#{number}] does not allow [{update}] for resource [LogicalResourceId/{logical_id}]"
    if matching:
        return None
    return f"Action not allowed by stack policy: no statement allows [{update}] for resource [LogicalResourceId/{logical_id}]"


def _matches(statement: dict[str, Any], update: Update, logical_id: str, resource_type: str) -> bool:
    resource = f"LogicalResourceId/{logical_id}"
    action = _any(statement.get("Action", ()), update) or (
        "NotAction" in statement and not _any(statement["NotAction"], update)
    )
    target = _any(statement.get("Resource", ()), resource) or (
        "NotResource" in statement and not _any(statement["NotResource"], resource)
    )
    return action and target and _condition(statement.get("Condition", {}), resource_type)


def _condition(condition: dict[str, Any], resource_type: str) -> bool:
    return all(
        _any(tests.get("ResourceType", "*"), resource_type)
        for operator, tests in condition.items()
        if operator in ("StringEquals", "StringLike")
    )


def _any(patterns: str | list[str] | tuple[()], text: str) -> bool:
    listed = [patterns] if isinstance(patterns, str) else patterns
    return any(fnmatchcase(text, pattern) for pattern in listed)
