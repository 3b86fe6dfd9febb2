"""Who may do what, as pure rules on rows. Services ask here before they act; pages ask here before they show."""

from __future__ import annotations

from provisioning.models import Membership, Request, Role, Team, User


def role_in(user: User, team: Team) -> Role | None:
    role = Membership.objects.filter(user=user, team=team).values_list("role", flat=True).first()
    return Role(role) if role else None


def may_see(user: User, team: Team) -> bool:
    """Members see their team's things; approvers see everybody's, because they decide on them."""
    return user.is_approver or role_in(user, team) is not None


def may_operate(user: User, team: Team) -> bool:
    """Members and owners ask for environments and tear them down; an approver from outside the team does not."""
    return role_in(user, team) is not None


def may_decide(user: User, request: Request) -> bool:
    """Nobody decides on a request of their own."""
    return user.is_approver and request.requested_by_id != user.pk
