"""Format 1 of the plan document: its names, and the keys that its digest covers. Plans in it are
read, never made.

Stored plans of this format keep the digest that they were approved with, so the spelling here never
changes. The rest of the code sees only today's names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

DIGEST_KEYS: Final[Mapping[str, tuple[str, ...]]] = {
    "create": ("account_id", "after", "blueprint", "region", "stacks"),
    "teardown": ("environment_id", "stacks", "dies", "stays"),
}
# Names of format 1, and what they are called today.
PLAN_NAMES: Final = {"after": "tasks", "dies": "to_delete", "stays": "to_retain"}
STACK_NAMES: Final = {"stack": "key", "stack_name": "name", "handed": "inputs", "waves": "levels"}
ARTEFACT_NAMES: Final = {"bytes": "size_bytes"}


def upgrade(content: Mapping[str, Any]) -> dict[str, Any]:
    """Rename the keys of a stored plan to today's names. Raise ValueError for a mix of both."""
    if "manual_tasks" in content:
        raise ValueError("manual_tasks in a plan of format 1")
    plan = _with_stacks(_renamed(content, PLAN_NAMES), STACK_NAMES, ARTEFACT_NAMES)
    if plan["kind"] == "create":
        plan["manual_tasks"] = []
    return plan | {"format": 1}


def downgrade(content: Mapping[str, Any]) -> dict[str, Any]:
    """The reverse of `upgrade`: the plan as it was stored, so that its digest can be computed
    again.
    """
    plan = _with_stacks(_renamed(content, _swapped(PLAN_NAMES)), _swapped(STACK_NAMES), _swapped(ARTEFACT_NAMES))
    return {key: value for key, value in plan.items() if key not in ("manual_tasks", "format")}


def _with_stacks(
    plan: dict[str, Any], stack_names: Mapping[str, str], artefact_names: Mapping[str, str]
) -> dict[str, Any]:
    stacks = [_renamed(stack, stack_names) for stack in plan["stacks"]]
    for stack in stacks:
        if "artefacts" in stack:
            stack["artefacts"] = [_renamed(artefact, artefact_names) for artefact in stack["artefacts"]]
    return plan | {"stacks": stacks}


def _renamed(record: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """Keys that have no other name stay as they are, unknown ones too: they are refused when the
    plan is read.
    """
    if mixed := set(names.values()) & set(record):
        raise ValueError(f"names of two formats: {', '.join(sorted(mixed))}")
    return {names.get(key, key): value for key, value in record.items()}


def _swapped(names: Mapping[str, str]) -> dict[str, str]:
    return {now: then for then, now in names.items()}
