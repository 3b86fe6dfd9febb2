"""Environments: the list, the live page of one, and retrying."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from portal.pages.environments.page import (
    LIVING,
    environment_page,
    environments_page,
    has_pending_request,
    is_at_rest,
)
from portal.web.lookups import NO_SUCH_ENVIRONMENT, Need, get_environment_for, person
from provisioning.errors import NotFound
from provisioning.lifecycle.access import visible
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.models import Environment

# htmx stops polling when it receives this status: https://htmx.org/docs/#polling
STOP_POLLING = 286


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    page = environments_page(
        person(request),
        team=request.GET.get("team", ""),
        state=request.GET.get("state", LIVING),
        cursor=request.GET.get("cursor", ""),
    )
    return render(request, "pages/environments/index.html", {"page": page})


@never_cache
@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    page = environment_page(user, get_environment_for(user, pk))
    return render(request, "pages/environments/detail.html", {"page": page})


@never_cache
@require_safe
def live(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Return the parts of the page that may have changed since version `v`.

    Without a change this takes one small query. When no change can come, the answer stops the
    polling.
    """
    user = person(request)
    row = Environment.objects.filter(visible(user), pk=pk).values_list("version", "state").first()
    if row is None:
        raise NotFound(NO_SUCH_ENVIRONMENT)
    version, state = row
    if request.GET.get("v") == str(version):
        at_rest = is_at_rest(state) and not has_pending_request(pk)
        return HttpResponse(status=STOP_POLLING if at_rest else 204)
    page = environment_page(user, get_environment_for(user, pk), oob=True)
    status = 200 if page.poll_seconds else STOP_POLLING
    return render(request, "pages/environments/detail.html#live", {"page": page}, status=status)


@require_POST
def retry(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    environment = get_environment_for(user, pk, Need.OPERATE)
    retry_operation(actor=user, environment=environment)
    return redirect("environment", pk=pk)
