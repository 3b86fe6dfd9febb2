"""How a stored plan is read: its stacks in the order of their creation, and what stands in all of them together."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, TypeAlias

Content: TypeAlias = Mapping[str, Any]
"""Plan.content, of a creation unless said otherwise."""


def stacks_of(content: Content) -> Sequence[Content]:
    """In the order of creation; the main one is the last. A teardown's plan has them too, with less in each."""
    found: Sequence[Content] = content.get("stacks", ())
    return found


def stack_of(content: Content, key: str) -> Content:
    """Raises LookupError where the plan has no such stack."""
    for stack in stacks_of(content):
        if stack["stack"] == key:
            return stack
    raise LookupError(f"The plan has no stack {key}.")


def resources_of(content: Content) -> list[Content]:
    return list(chain.from_iterable(stack["resources"] for stack in stacks_of(content)))


def retained_of(content: Content) -> list[Content]:
    return list(chain.from_iterable(stack["retained"] for stack in stacks_of(content)))


def regions_of(content: Content) -> list[str]:
    """Each once, in the order of creation."""
    return list(dict.fromkeys(stack["region"] for stack in stacks_of(content)))


def templates_of(content: Content) -> dict[str, Mapping[str, Any]]:
    """The resources of all templates by logical id, which no two stacks share."""
    found: dict[str, Mapping[str, Any]] = {}
    for stack in stacks_of(content):
        found |= json.loads(stack["body"])["Resources"]
    return found
