"""Compares the template that a stack runs with the one that a change gives it.

AWS's answer decides. This is a second opinion, because AWS has left out resources in some answers
(https://github.com/aws/aws-cdk-cli/issues/1785), and it has the values that AWS does not show.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import yaml

from provisioning.template.diff import PropertyChange, changes_between

_DELETION_POLICIES: Final = {"Delete": 0, "Snapshot": 1, "RetainExceptOnCreate": 2, "Retain": 2}


@dataclass(frozen=True, slots=True)
class TemplateChange:
    """A resource that differs. `kind` is "added", "removed" or "changed". `loosened` names the
    policies that protect less than before.
    """

    kind: str
    logical_id: str
    type: str
    changes: tuple[PropertyChange, ...]
    loosened: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class TemplateDifference:
    """`outputs` are names with `+`, `-` or `~`. `is_readable` is False if the running template is
    none that the portal can read; then nothing else is set.
    """

    resources: Mapping[str, TemplateChange]
    outputs: tuple[str, ...]
    is_readable: bool = True


def compare_templates(before: str, after: str) -> TemplateDifference:
    """Compare two templates as texts; the one before may be YAML, as of an adopted stack."""
    old, new = read_template(before), read_template(after)
    if old is None or new is None:
        return TemplateDifference({}, (), is_readable=False)
    resources = {change.logical_id: change for change in _resources(old.get("Resources", {}), new["Resources"])}
    return TemplateDifference(resources, tuple(_outputs(old.get("Outputs", {}), new.get("Outputs", {}))))


def read_template(text: str) -> dict[str, Any] | None:
    """The template as plain data; None if it is neither JSON nor YAML without short forms."""
    try:
        template = json.loads(text)
    except ValueError:
        try:
            template = yaml.safe_load(text)
        except yaml.YAMLError:
            return None
    return template if isinstance(template, dict) else None


def _resources(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[TemplateChange]:
    for name in sorted(old.keys() | new.keys()):
        before, after = old.get(name), new.get(name)
        if after is None:
            yield TemplateChange("removed", name, str(old[name]["Type"]), (), ())
        elif before is None:
            yield TemplateChange("added", name, str(new[name]["Type"]), (), ())
        elif before != after:
            changes = tuple(changes_between(before, after))
            yield TemplateChange("changed", name, str(after["Type"]), changes, tuple(_loosened(before, after)))


def _loosened(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[str]:
    for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
        old, new = before.get(policy, "Delete"), after.get(policy, "Delete")
        # A policy that is no plain text, such as a function, counts as the weakest.
        if _strength(new) < _strength(old):
            yield f"{policy} goes from {old} to {new}"


def _strength(policy: Any) -> int:
    return _DELETION_POLICIES.get(policy, 0) if isinstance(policy, str) else 0


def _outputs(old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[str]:
    for name in sorted(old.keys() | new.keys()):
        if name not in new:
            yield f"-{name}"
        elif name not in old:
            yield f"+{name}"
        elif old[name] != new[name]:
            yield f"~{name}"
