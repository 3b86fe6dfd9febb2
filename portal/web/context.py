"""The template context of the frame around every page. It queries the database only if a template
uses the count.
"""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from portal.web.menu import entries_for
from provisioning.lifecycle.access import decidable, is_admin, is_approver, is_delegate, sees_all_teams
from provisioning.models import Request, User

COUNTED_TO = 100


def shell(request: HttpRequest) -> dict[str, Any]:
    """The context processor. `pending_for_me` is the number of requests that an approver can decide
    on.
    """
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    # The current entry of the menu is the first part of the URL. The components belong to the catalogue.
    area = request.path.strip("/").split("/", 1)[0] or "home"
    decides = is_approver(user) or is_delegate(user)
    context: dict[str, Any] = {
        "area": "catalogue" if area == "components" else area,
        "is_admin": is_admin(user),
        "is_approver": is_approver(user),
        "decides": decides,
        "sees_all_teams": sees_all_teams(user),
        "menu_entries": entries_for(user),
    }
    if decides:
        context["pending_for_me"] = SimpleLazyObject(lambda: count_pending(user))
    return context


def count_pending(approver: User) -> int:
    """Count the requests that this approver can decide on, up to `COUNTED_TO`, the most that the
    badge shows.
    """
    return len(Request.objects.filter(decidable(approver)).values_list("pk", flat=True)[:COUNTED_TO])
