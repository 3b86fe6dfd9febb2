"""The catalogue, and one blueprint of it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.access import person
from portal.readme import readme
from portal.showcase import differences, showcase
from provisioning.blueprint import Blueprint, BrokenBlueprintError, UnknownBlueprint
from provisioning.errors import NotFound
from provisioning.lifecycle.catalogue import catalogue


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    user = person(request)
    found = catalogue()
    cards = [(blueprint, showcase(blueprint, next(iter(blueprint.sizes)))) for blueprint in found.blueprints.values()]
    return render(
        request, "catalogue/index.html", {"cards": cards, "broken": found.broken, "tell_problems": user.is_approver}
    )


@require_safe
def blueprint(request: HttpRequest, slug: str) -> HttpResponse:
    found = get_blueprint(slug)
    wanted = request.GET.get("size", "")
    size = wanted if wanted in found.sizes else next(iter(found.sizes))
    return render(
        request,
        "catalogue/blueprint.html",
        {
            "blueprint": found,
            "size": size,
            "show": showcase(found, size),
            "differences": differences(found),
            "variables": found.variables.values(),
            "readme": readme(found),
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
