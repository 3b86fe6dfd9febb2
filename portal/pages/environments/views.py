"""Environments: the list, the live page of one, and retrying."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe

from portal.pages.environments.page import (
    LIVING,
    environment_page,
    environments_page,
    has_pending_request,
    is_at_rest,
    is_out_of_date,
)
from portal.web.lookups import NO_SUCH_ENVIRONMENT, Need, get_environment_for, person
from provisioning.errors import NotFound
from provisioning.lifecycle.access import visible
from provisioning.lifecycle.kinds.registry import moving_states
from provisioning.lifecycle.poller.viewers import note_viewer
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


@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    environment = get_environment_for(user, pk)
    if environment.state in moving_states():
        note_viewer(pk, at=timezone.now())
    page = environment_page(user, environment)
    return render(request, "pages/environments/detail.html", {"page": page})


@require_safe
def live(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Return the parts of the page that may have changed since version `v`, or whose age has become
    worth a word since (`old` is 1 if the page says it).

    Without a change this takes one small query, and three more while the environment moves: the page
    counts as viewed, so that its stack events are read. When no change can come, the answer stops
    the polling.
    """
    user = person(request)
    environment = Environment.objects.filter(visible(user), pk=pk).only("version", "state", "account_id").first()
    if environment is None:
        raise NotFound(NO_SUCH_ENVIRONMENT)
    state, is_old = environment.state, False
    if state in moving_states():
        note_viewer(pk, at=timezone.now())
        is_old = is_out_of_date(environment)
    if request.GET.get("v") == str(environment.version) and (request.GET.get("old") == "1") is is_old:
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
