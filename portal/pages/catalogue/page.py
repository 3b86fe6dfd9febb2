"""The catalogue, and the page of one blueprint."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils.safestring import SafeString

from portal.pages.catalogue.example_plan import ExamplePlan, differences, example_plan
from portal.pages.catalogue.readme import readme
from portal.pages.versions.page import VersionLine, version_lines
from portal.panels.handover_tasks import HandoverTasksPanel
from provisioning.blueprint import Blueprint, BrokenBlueprint, Size, Variable
from provisioning.lifecycle.access import may_see_blueprint_errors, no_team_to_act_for, teams_user_may_act_for
from provisioning.lifecycle.catalogue import catalogue, why_not_offered
from provisioning.lifecycle.read.versions import broken_by_change, changed_versions
from provisioning.models import User

VERSIONS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Card:
    """A blueprint with the example plan of its first size."""

    blueprint: Blueprint
    example: ExamplePlan


@dataclass(frozen=True, slots=True)
class CataloguePage:
    """`shows_errors` is true for users who may read the errors in broken blueprints."""

    cards: Sequence[Card]
    broken: Sequence[BrokenBlueprint]
    shows_errors: bool


def catalogue_page(user: User) -> CataloguePage:
    current = catalogue()
    changed = changed_versions(current.blueprints.values())
    offered = [blueprint for blueprint in current.blueprints.values() if blueprint.slug not in changed]
    broken = [*current.broken, *(broken_by_change(slug, sentence) for slug, sentence in changed.items())]
    return CataloguePage(
        cards=[Card(blueprint, example_plan(blueprint, next(iter(blueprint.sizes)))) for blueprint in offered],
        broken=sorted(broken, key=lambda blueprint: blueprint.slug),
        shows_errors=may_see_blueprint_errors(user),
    )


@dataclass(frozen=True, slots=True)
class BlueprintPage:
    """`why_no_request` says why this user cannot request this size; empty if they can. `problem`
    concerns everyone.
    """

    blueprint: Blueprint
    size: str
    example: ExamplePlan
    differences: Sequence[tuple[str, Sequence[str]]]
    readme: SafeString
    versions: Sequence[VersionLine]
    more_versions: int
    no_team: str
    problem: str

    @property
    def sizes(self) -> Sequence[Size]:
        return list(self.blueprint.sizes.values())

    @property
    def variables(self) -> Sequence[Variable]:
        return list(self.blueprint.variables.values())

    @property
    def handover_tasks(self) -> HandoverTasksPanel | None:
        return self.example.panels.of(HandoverTasksPanel)


def blueprint_page(user: User, blueprint: Blueprint, size: str) -> BlueprintPage:
    """The page with the size of this name, or with the first one if there is none."""
    size = size if size in blueprint.sizes else next(iter(blueprint.sizes))
    lines = version_lines(user, blueprint.slug)
    return BlueprintPage(
        blueprint=blueprint,
        size=size,
        example=example_plan(blueprint, size),
        differences=differences(blueprint),
        readme=readme(blueprint),
        versions=lines[:VERSIONS_SHOWN],
        more_versions=max(0, len(lines) - VERSIONS_SHOWN),
        no_team="" if teams_user_may_act_for(user) else no_team_to_act_for(),
        problem=next((line.problem for line in lines if line.problem), "") or why_not_offered(blueprint, size),
    )
