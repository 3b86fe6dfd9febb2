"""The context of the frame around every page. It reads the database only if a template uses the value."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from provisioning.lifecycle.access import decidable, is_approver, sees_all_teams
from provisioning.models import Request, User

COUNTED_TO = 100


def shell(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    context: dict[str, Any] = {
        "area": _area(request),
        "is_approver": is_approver(user),
        "sees_all_teams": sees_all_teams(user),
    }
    if is_approver(user):
        context["waiting_for_me"] = SimpleLazyObject(lambda: waiting_for(user))
    return context


def waiting_for(approver: User) -> int:
    """Count the requests that this approver can decide on, up to `COUNTED_TO`, the most that the badge shows."""
    return len(Request.objects.filter(decidable(approver)).values_list("pk", flat=True)[:COUNTED_TO])


def _area(request: HttpRequest) -> str:
    """Return the menu entry of the current page: the first segment of its path. Components belong to the catalogue."""
    area = request.path.strip("/").split("/", 1)[0] or "home"
    return "catalogue" if area == "components" else area
