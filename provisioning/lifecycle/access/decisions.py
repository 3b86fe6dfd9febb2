"""Who decides on requests."""

from __future__ import annotations

from django.db.models import Q

from provisioning.errors import NotAllowed
from provisioning.lifecycle.access.outside_roles import is_approver
from provisioning.lifecycle.states import RequestState
from provisioning.models import Request, User


def decidable(user: User) -> Q:
    """Return the condition for the requests that the user can decide on now."""
    if not is_approver(user):
        return Q(pk__in=())
    return Q(state=RequestState.WAITING) & ~Q(requested_by_id=user.pk)


def may_decide(user: User, request: Request) -> bool:
    """Whether the user may approve or refuse the request. Nobody decides on their own request."""
    return is_approver(user) and request.requested_by_id != user.pk


def check_may_decide(user: User, request: Request) -> None:
    """Raise NotAllowed unless the user may approve or refuse the request."""
    if not is_approver(user):
        raise NotAllowed("Only approvers may decide on requests.")
    if not may_decide(user, request):
        raise NotAllowed("You cannot decide on your own request. Another approver has to.")
