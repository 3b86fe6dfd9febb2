"""The first page: what my teams have, and what waits for me."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.web.listing import WAITING_SHOWN, environment_rows, waiting_rows
from portal.web.lookups import person
from provisioning.lifecycle.access import acting_teams, is_approver, memberships_of, visible

SHOWN = 25


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    user = person(request)
    waiting, memberships = waiting_rows(user), memberships_of(user)
    context = {
        "waiting": waiting,
        "teams": [membership.team for membership in memberships],
        "may_request": bool(acting_teams(memberships)),
        "environments": environment_rows(visible(user), limit=SHOWN, living=True),
        "shown": SHOWN,
    }
    if is_approver(user) and len(waiting) < WAITING_SHOWN:
        context["waiting_for_me"] = len(waiting)  # what the frame would otherwise count once more
    return render(request, "pages/home/page.html", context)
