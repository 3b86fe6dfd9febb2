"""The catalogue, and one blueprint of it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.pages.catalogue.example_plan import differences, example_plan
from portal.pages.catalogue.readme import readme
from portal.pages.versions.page import version_lines
from portal.panels.handover_tasks import HandoverTasksPanel
from portal.web.lookups import person
from provisioning.blueprint import Blueprint, BrokenBlueprintError, UnknownBlueprint
from provisioning.errors import NotFound
from provisioning.lifecycle.access import may_see_blueprint_errors, no_team_to_act_for, teams_user_may_act_for
from provisioning.lifecycle.catalogue import catalogue, why_not_offered
from provisioning.lifecycle.read.versions import broken_by_change, changed_versions

VERSIONS_SHOWN = 5


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    user = person(request)
    found = catalogue()
    changed = changed_versions(found.blueprints.values())
    offered = [blueprint for blueprint in found.blueprints.values() if blueprint.slug not in changed]
    cards = [(blueprint, example_plan(blueprint, next(iter(blueprint.sizes)))) for blueprint in offered]
    broken = [*found.broken, *(broken_by_change(slug, sentence) for slug, sentence in changed.items())]
    return render(
        request,
        "pages/catalogue/index.html",
        {
            "cards": cards,
            "broken": sorted(broken, key=lambda broken: broken.slug),
            "tell_problems": may_see_blueprint_errors(user),
        },
    )


@require_safe
def blueprint(request: HttpRequest, slug: str) -> HttpResponse:
    user = person(request)
    found = get_blueprint(slug)
    lines = version_lines(user, slug)
    wanted = request.GET.get("size", "")
    size = wanted if wanted in found.sizes else next(iter(found.sizes))
    example = example_plan(found, size)
    return render(
        request,
        "pages/catalogue/blueprint.html",
        {
            "blueprint": found,
            "size": size,
            "example": example,
            "panels": example.panels.column,
            "differences": differences(found),
            "variables": found.variables.values(),
            "readme": readme(found),
            "work": example.panels.of(HandoverTasksPanel),
            "lines": lines[:VERSIONS_SHOWN],
            "more_versions": max(0, len(lines) - VERSIONS_SHOWN),
            "may_request": bool(teams_user_may_act_for(user)),
            "no_team": no_team_to_act_for(),
            "why_not": next((line.problem for line in lines if line.problem), "") or why_not_offered(found, size),
        },
    )


def get_blueprint(slug: str) -> Blueprint:
    try:
        return catalogue().get(slug)
    except UnknownBlueprint as error:
        raise NotFound(str(error)) from error
    except BrokenBlueprintError as error:
        raise NotFound(
            f"The blueprint {slug} cannot be used until its file is repaired. The catalogue says more to the platform's people."
        ) from error
