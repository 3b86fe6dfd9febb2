"""Access-checked lookups. Every view starts here. Outsiders get 404, and users without the
permission get 403.

The rules are those of `lifecycle/access`; this module only applies them.
"""

from __future__ import annotations

from enum import Enum, auto
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest

from provisioning.errors import NotAllowed, NotFound
from provisioning.lifecycle.access import (
    check_manages,
    check_may_decide,
    check_may_operate,
    living_teams,
    role_in,
    visible,
)
from provisioning.models import Environment, HandoverOffer, OfferState, Request, Team, User

NO_SUCH_ENVIRONMENT = "This environment does not exist, or it belongs to a team that you are not in."
NO_SUCH_REQUEST = "This request does not exist, or it belongs to a team that you are not in."
NO_SUCH_OFFER = "This offer does not exist, or it is not for a team that you are in."
NO_SUCH_TEAM = "This team does not exist, or you are not in it."


class Need(Enum):
    """The permission that a page needs on the object that it looks up."""

    SEE = auto()
    OPERATE = auto()
    DECIDE = auto()


def person(request: HttpRequest) -> User:
    """Return the signed-in user. LoginRequiredMiddleware admits nobody else."""
    if isinstance(request.user, AnonymousUser):
        raise NotAllowed("Sign in first.")
    return request.user


def get_environment_for(user: User, pk: UUID, need: Need = Need.SEE) -> Environment:
    """Return the environment with what pages show of it. Raises NotFound and NotAllowed. One query, and
    one more for the permission to operate it.
    """
    rows = Environment.objects.select_related("team", "account", "blueprint_version", "created_by")
    environment = rows.filter(visible(user), pk=pk).first()
    if environment is None:
        raise NotFound(NO_SUCH_ENVIRONMENT)
    if need is Need.OPERATE:
        check_may_operate(user, environment.team)
    return environment


def get_team_for(user: User, slug: str) -> Team:
    """Return the team. Raises NotFound for outsiders, and for a team that was deleted."""
    team = Team.objects.filter(living_teams(user), slug=slug).first()
    if team is None:
        raise NotFound(NO_SUCH_TEAM)
    return team


def get_request_for(user: User, pk: UUID, need: Need = Need.SEE) -> Request:
    """Return the request with its environment and plan. Raises NotFound and NotAllowed. One query, and
    those of the permission that is needed.
    """
    rows = Request.objects.select_related(
        "plan",
        "requested_by",
        "decided_by",
        "environment__team",
        "environment__account",
        "environment__blueprint_version",
    )
    request = rows.filter(visible(user, "environment__team"), pk=pk).first()
    if request is None:
        raise NotFound(NO_SUCH_REQUEST)
    if need is Need.OPERATE:
        check_may_operate(user, request.environment.team)
    elif need is Need.DECIDE:
        check_may_decide(user, request)
    return request


def get_offer_for(user: User, pk: UUID) -> HandoverOffer:
    """Return an open offer of an environment to a team of the user. Its owners answer it. Raises NotFound
    and NotAllowed.
    """
    rows = HandoverOffer.objects.select_related(
        "environment__team",
        "environment__account",
        "environment__blueprint_version",
        "from_team",
        "to_team",
        "offered_by",
    )
    offer = rows.annotate(own_role=role_in(user, "to_team")).filter(pk=pk, state=OfferState.OPEN).first()
    if offer is None:
        raise NotFound(NO_SUCH_OFFER)
    check_manages(user, offer.to_team, role=offer.own_role, hidden=NO_SUCH_OFFER)
    return offer
