"""How every view begins: fetch the thing with the right to it. 404 for an outsider, 403 without the right."""

from __future__ import annotations

from enum import Enum, auto
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db.models import Q
from django.http import HttpRequest

from provisioning.errors import NotAllowed, NotFound
from provisioning.lifecycle.access import may_operate, may_see
from provisioning.models import Environment, Request, Team, User


class Need(Enum):
    """What a page is about to do with the thing it asks for."""

    SEE = auto()
    OPERATE = auto()
    DECIDE = auto()


def person(request: HttpRequest) -> User:
    """Who is signed in; LoginRequiredMiddleware lets nobody else through."""
    if isinstance(request.user, AnonymousUser):
        raise NotAllowed("Sign in first.")
    return request.user


def teams_of(user: User) -> list[Team]:
    """The teams in whose name this person acts."""
    return list(Team.objects.filter(memberships__user=user).order_by("name"))


def visible(user: User, team: str = "team") -> Q:
    """What this person may see, as a condition on rows that reach their team by `team`. Approvers see everybody's."""
    if user.is_approver:
        return Q()
    # A subquery and no join: a row must not appear twice.
    return Q(**{f"{team}__in": Team.objects.filter(memberships__user=user)})


def get_environment_for(user: User, pk: UUID, need: Need = Need.SEE) -> Environment:
    rows = Environment.objects.select_related("team", "account", "blueprint_version", "created_by")
    environment = rows.filter(pk=pk).first()
    if environment is None or not may_see(user, environment.team):
        raise NotFound("There is no such environment, or it is not your team's.")
    _check(user, environment.team, need)
    return environment


def get_request_for(user: User, pk: UUID, need: Need = Need.SEE) -> Request:
    rows = Request.objects.select_related(
        "plan",
        "requested_by",
        "decided_by",
        "environment__team",
        "environment__account",
        "environment__blueprint_version",
    )
    found = rows.filter(pk=pk).first()
    if found is None or not may_see(user, found.environment.team):
        raise NotFound("There is no such request, or it is not your team's.")
    _check(user, found.environment.team, need)
    return found


def _check(user: User, team: Team, need: Need) -> None:
    if need is Need.OPERATE and not may_operate(user, team):
        raise NotAllowed(f"Only members of {team.name} may do this.")
    if need is Need.DECIDE and not user.is_approver:
        raise NotAllowed("Only approvers decide on requests.")
