"""Environments: the list, the page that lives, and trying again."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from portal.pages.environments.page import RESTING, environment_page, has_waiting
from portal.web.listing import environment_rows, read_cursor, write_cursor
from portal.web.lookups import NO_SUCH_ENVIRONMENT, Need, get_environment_for, person
from provisioning.errors import NotFound
from provisioning.lifecycle.access import visible
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.lifecycle.states import EnvironmentState
from provisioning.models import Environment, Team

PER_PAGE = 25
# htmx stops polling when it reads this status: https://htmx.org/docs/#polling
STOP_POLLING = 286
LIVING = "living"


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    user = person(request)
    state, team = request.GET.get("state", LIVING), request.GET.get("team", "")
    teams = list(Team.objects.filter(visible(user, "pk")).order_by("name").values("slug", "name"))
    condition = visible(user)
    if state in set(EnvironmentState):
        condition &= Q(state=state)
    if team:
        condition &= Q(team__slug=team)
    rows = environment_rows(
        condition, limit=PER_PAGE + 1, living=state == LIVING, after=read_cursor(request.GET.get("cursor", ""))
    )
    more = write_cursor(rows[PER_PAGE - 1], "created_at") if len(rows) > PER_PAGE else ""
    context = {
        "environments": rows[:PER_PAGE],
        "more": more,
        "teams": teams,
        "team": team,
        "state": state,
        "states": list(EnvironmentState),
        "filtered": bool(team) or state != LIVING,
    }
    return render(request, "pages/environments/index.html", context)


@never_cache
@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    environment = get_environment_for(user, pk)
    return render(request, "pages/environments/detail.html", environment_page(user, environment))


@never_cache
@require_safe
def live(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What has changed since version `v`. Nothing new costs one small query, and at rest the page stops asking."""
    user = person(request)
    rows = Environment.objects.filter(visible(user), pk=pk).values_list("version", "state")
    found = rows.first()
    if found is None:
        raise NotFound(NO_SUCH_ENVIRONMENT)
    version, state = found
    if request.GET.get("v") == str(version):
        at_rest = state in RESTING and not has_waiting(pk)
        return HttpResponse(status=STOP_POLLING if at_rest else 204)
    context = environment_page(user, get_environment_for(user, pk))
    status = 200 if context["poll_seconds"] else STOP_POLLING
    return render(request, "pages/environments/detail.html#live", {**context, "oob": True}, status=status)


@require_POST
def try_again(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    environment = get_environment_for(user, pk, Need.OPERATE)
    retry_operation(actor=user, environment=environment)
    return redirect("environment", pk=pk)
