"""What the frame around every page shows. Nothing is asked of the database unless a template uses it."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest
from django.utils.functional import SimpleLazyObject

from provisioning.lifecycle.states import RequestState
from provisioning.models import Request

COUNTED_TO = 100


def shell(request: HttpRequest) -> dict[str, Any]:
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    context: dict[str, Any] = {"area": _area(request)}
    if user.is_approver:
        context["waiting_for_me"] = SimpleLazyObject(lambda: waiting_for(user.pk))
    return context


def waiting_for(approver_id: UUID) -> int:
    """How many requests this approver can decide on; counted no further than the badge can show."""
    rows = Request.objects.filter(state=RequestState.WAITING).exclude(requested_by_id=approver_id)
    return len(rows.values_list("pk", flat=True)[:COUNTED_TO])


def _area(request: HttpRequest) -> str:
    """The first word of the address: which entry of the menu is the present one. Components are the catalogue's."""
    area = request.path.strip("/").split("/", 1)[0] or "home"
    return "catalogue" if area == "components" else area
