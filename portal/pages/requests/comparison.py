"""How a new production environment differs from the one of the same team and blueprint that runs in a
smaller size.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from portal.web.formatting import format_value, title_of
from provisioning.design.size_policy import SIZES
from provisioning.lifecycle.plan_document import StackedPlan
from provisioning.lifecycle.plan_queries import current_plan_for_pages
from provisioning.lifecycle.states import NO_LONGER_THERE, EnvironmentState
from provisioning.models import Environment

RESOURCES_SHOWN: Final = 60


@dataclass(frozen=True, slots=True)
class ComparedInput:
    title: str
    there: str
    here: str


@dataclass(frozen=True, slots=True)
class Comparison:
    """`added` and `missing` are the resources that the new environment has, and does not have, unlike
    the other one. `version` is the other one's if it differs.
    """

    id: UUID
    name: str
    size: str
    state: str
    version: str
    inputs: Sequence[ComparedInput]
    added: Sequence[str]
    missing: Sequence[str]


def comparison_of(environment: Environment, plan: StackedPlan) -> Comparison | None:
    """None if the team has no smaller environment of this blueprint."""
    smaller = SIZES[: SIZES.index(plan.size)] if plan.size in SIZES else ()
    others = Environment.objects.filter(
        team=environment.team_id, blueprint_version__slug=plan.blueprint.slug, size__in=smaller
    ).exclude(state__in=[*NO_LONGER_THERE, EnvironmentState.REQUESTED])
    if not smaller or not (candidates := list(others.order_by("-created_at")[:20])):
        return None
    other = max(candidates, key=lambda one: (SIZES.index(one.size), one.created_at))
    current = current_plan_for_pages(other)
    if current is None:
        return None
    before = current.document
    here, there = _titles(plan), _titles(before)
    return Comparison(
        id=other.pk,
        name=other.name,
        size=other.size,
        state=other.state,
        version=before.blueprint.version if before.blueprint.version != plan.blueprint.version else "",
        inputs=[*_inputs(before, plan), *_tags(before, plan)],
        added=_listed(here - there),
        missing=_listed(there - here),
    )


def _titles(plan: StackedPlan) -> Counter[str]:
    return Counter(f"{one.title} of {one.address}" if one.address else one.title for one in plan.resources)


def _listed(titles: Counter[str]) -> list[str]:
    return [f"{title} ({count})" if count > 1 else title for title, count in sorted(titles.items())][:RESOURCES_SHOWN]


def _inputs(before: StackedPlan, after: StackedPlan) -> list[ComparedInput]:
    names = sorted(before.inputs.keys() | after.inputs.keys(), key=title_of)
    return [
        ComparedInput(title_of(name), format_value(before.inputs.get(name)), format_value(after.inputs.get(name)))
        for name in names
        if before.inputs.get(name) != after.inputs.get(name)
    ]


def _tags(before: StackedPlan, after: StackedPlan) -> list[ComparedInput]:
    keys = sorted(before.tags.keys() | after.tags.keys())
    pairs = [(key, before.tags.get(key, "–"), after.tags.get(key, "–")) for key in keys]
    return [ComparedInput(f"Tag {key}", there, here) for key, there, here in pairs if there != here]
