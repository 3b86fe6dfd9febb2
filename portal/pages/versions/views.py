"""The versions of a blueprint, and what changes between two of them."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import NoReverseMatch
from django.views.decorators.http import require_safe

from portal.pages.versions.page import compare_url, comparison_page, versions_page
from portal.web.lookups import NO_SUCH_ENVIRONMENT, get_environment_for, person
from provisioning.errors import NotFound
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.plan_queries import current_plan_for_pages
from provisioning.lifecycle.read.versions import blueprint_of
from provisioning.models import Environment, User


@require_safe
def versions(request: HttpRequest, slug: str) -> HttpResponse:
    return render(request, "pages/versions/index.html", {"page": versions_page(person(request), slug)})


@require_safe
def pick(request: HttpRequest, slug: str) -> HttpResponse:
    """Redirect from the list's two menus to the address of the comparison."""
    before, after = request.GET.get("before", ""), request.GET.get("after", "")
    try:
        return redirect(compare_url(slug, before, after))
    except NoReverseMatch:  # no versions
        return redirect("versions", slug=slug)


@require_safe
def compare(request: HttpRequest, slug: str, before: str, after: str) -> HttpResponse:
    """Compare two versions in `?size=`, or for `?environment=` with that environment's inputs, size
    and region.
    """
    environment = _environment(person(request), request.GET.get("environment", ""), slug=slug, version=before)
    # The digest of the blueprint's files that the environment runs.
    current = current_plan_for_pages(environment) if environment is not None else None
    earlier = blueprint_of(slug, before, digest=current.document.blueprint.digest if current is not None else "")
    # The same version twice compares its archive, or an environment's draft, with its folder.
    in_folder = catalogue().blueprints.get(slug)
    if before == after and in_folder is not None and in_folder.version == after:
        later = in_folder
    else:
        later = blueprint_of(slug, after)
    wanted = environment.size if environment is not None else request.GET.get("size", "")
    size = wanted if wanted in later.sizes else next(iter(later.sizes))
    page = comparison_page(earlier, later, size=size, environment=environment)
    return render(request, "pages/versions/compare.html", {"page": page})


def _environment(user: User, given: str, *, slug: str, version: str) -> Environment | None:
    if not given:
        return None
    try:
        environment = get_environment_for(user, UUID(given))
    except ValueError:
        raise NotFound(NO_SUCH_ENVIRONMENT) from None
    mine = environment.blueprint_version
    if (mine.slug, mine.version) != (slug, version):
        raise NotFound(
            f"{environment.name} uses version {mine.version} of {mine.slug}. Open the comparison from the environment's page."
        )
    return environment
