"""The catalogue, and one blueprint of it."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.pages.catalogue.page import blueprint_page, catalogue_page
from portal.web.lookups import person
from provisioning.blueprint import Blueprint, BrokenBlueprintError, UnknownBlueprint
from provisioning.errors import NotFound
from provisioning.lifecycle.catalogue import catalogue


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/catalogue/index.html", {"page": catalogue_page(person(request))})


@require_safe
def blueprint(request: HttpRequest, slug: str) -> HttpResponse:
    page = blueprint_page(person(request), get_blueprint(slug), request.GET.get("size", ""))
    return render(request, "pages/catalogue/blueprint.html", {"page": page})


def get_blueprint(slug: str) -> Blueprint:
    """Raises NotFound for a blueprint that does not exist or is broken."""
    try:
        return catalogue().get(slug)
    except UnknownBlueprint as error:
        raise NotFound(str(error)) from error
    except BrokenBlueprintError as error:
        raise NotFound(
            f"The blueprint {slug} is broken and cannot be used. The catalogue shows its errors to approvers."
        ) from error
