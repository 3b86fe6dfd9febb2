"""Lists what a proof did not check: types without a rule, things outside the template, and omitted
parameter cases.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

from provisioning.proof.facts.types_without_rules import INERT
from provisioning.proof.model.view import View
from provisioning.proof.rule import RULES

ALWAYS = (
    "the behaviour of programs inside tasks, functions and hosts",
    "the account's own settings, service control policies and other resources of the account",
)


def known_types() -> frozenset[str]:
    return frozenset(kind for rule in RULES.values() for kind in rule.types)


def not_covered(views: list[View], left_out: int) -> Iterator[str]:
    known = known_types()
    unknown: dict[str, dict[str, None]] = defaultdict(dict)
    notes: dict[str, None] = {}
    for view in views:
        for resource in view.model.resources.values():
            if resource.type not in known and resource.type not in INERT:
                unknown[resource.type][resource.key] = None
        notes |= dict.fromkeys(view.model.notes)
        for resource, path in view.policies.unreadable:
            notes[f"the policy at {resource.at(path)} cannot be read"] = None
    for kind, names in sorted(unknown.items()):
        yield f"{kind}: no rule covers this type ({', '.join(names)})"
    yield from notes
    if left_out:
        yield f"{left_out} further combinations of parameters without a value"
    yield from ALWAYS
