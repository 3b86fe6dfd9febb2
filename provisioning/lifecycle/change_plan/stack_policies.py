"""Relaxes a stack policy for exactly the resources whose replacement was approved.

A change set cannot override a stack policy for its own run, so the policy is set before the execution
and set back after it
(https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/protect-stack-resources.html).
"""

from __future__ import annotations

import json
from collections.abc import Collection
from typing import Any, Final

ALLOW_ALL: Final = '{"Statement":[{"Action":"Update:*","Effect":"Allow","Principal":"*","Resource":"*"}]}'
"""A stack that has had a policy can never be without one; this one forbids nothing."""
_PREFIX: Final = "LogicalResourceId/"


class UnknownPolicyError(ValueError):
    """A policy that the portal has not written, so that it cannot relax it for single resources."""


def relaxed(policy: str, logical_ids: Collection[str]) -> tuple[str, tuple[str, ...]]:
    """The policy without its ban on replacing and deleting these resources, and those of them that
    it had forbidden.

    Raises UnknownPolicyError if the policy forbids something that does not name single resources.
    """
    if not policy:
        return "", ()
    document = json.loads(policy)
    statements, freed = [], set[str]()
    for statement in document["Statement"]:
        if statement["Effect"] == "Allow":
            statements.append(statement)
            continue
        named = _named(statement)
        freed |= named & set(logical_ids)
        if kept := sorted(named - set(logical_ids)):
            statements.append({**statement, "Resource": [f"{_PREFIX}{name}" for name in kept]})
    if not freed:
        return policy, ()
    return _compact({**document, "Statement": statements}), tuple(sorted(freed))


def protected_by(policy: str) -> frozenset[str]:
    """The logical ids that a policy forbids to replace or delete; none if the portal cannot read it."""
    if not policy or not is_known(policy):
        return frozenset()
    denials = (statement for statement in json.loads(policy)["Statement"] if statement["Effect"] == "Deny")
    return frozenset().union(*map(_named, denials))


def _named(statement: dict[str, Any]) -> set[str]:
    resources = statement.get("Resource", ())
    resources = [resources] if isinstance(resources, str) else list(resources)
    names = {resource.removeprefix(_PREFIX) for resource in resources if resource.startswith(_PREFIX)}
    if len(names) != len(resources) or "Condition" in statement or any("*" in name for name in names):
        raise UnknownPolicyError
    return names


def is_known(policy: str) -> bool:
    """Whether the portal can relax this policy for single resources."""
    try:
        relaxed(policy, ())
    except (UnknownPolicyError, ValueError, KeyError, TypeError, AttributeError):
        return False
    return True


def _compact(value: Any) -> str:
    return json.dumps(value, separators=(",", ":"), sort_keys=True, ensure_ascii=False)
