"""Who sees, operates and manages what belongs to a team.

Members have what their role allows. A person who was deactivated has nothing, also with a session
or a token that is still open.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.db.models import OuterRef, Q, Subquery

from provisioning.errors import NotAllowed, NotFound
from provisioning.lifecycle.access.outside_roles import is_admin, sees_all_teams
from provisioning.lifecycle.access.permissions import PERMISSIONS, Permission, holders, permissions_of
from provisioning.models import Membership, Team, User


def memberships_of(user: User) -> list[Membership]:
    """Return the user's memberships with their teams, by the name of the team. One query."""
    return list(Membership.objects.filter(user=user).select_related("team").order_by("team__name"))


def acting_teams(memberships: Iterable[Membership]) -> list[Team]:
    """Return the teams for which the holder of these memberships may request environments."""
    return [membership.team for membership in memberships if Permission.OPERATE in permissions_of(membership.role)]


def teams_user_may_act_for(user: User) -> list[Team]:
    """Return the teams for which the user may request environments, by name. One query."""
    return acting_teams(memberships_of(user))


def visible(user: User, team: str = "team") -> Q:
    """Return the condition for the rows that the user may see; `team` is the path from a row to its
    team.

    The condition is a subquery, not a join, so that no row appears twice.
    """
    if sees_all_teams(user):
        return Q()
    if not user.is_active:
        return Q(pk__in=())
    roles = [role for role in PERMISSIONS if Permission.SEE in permissions_of(role)]
    return Q(**{f"{team}__in": Team.objects.filter(memberships__user=user, memberships__role__in=roles)})


def may_see(user: User, team: Team) -> bool:
    return sees_all_teams(user) or Permission.SEE in permissions_in(user, team)


def may_operate(user: User, team: Team) -> bool:
    """Whether the user's role in the team allows it. Being an approver does not."""
    return may(user, team, Permission.OPERATE)


def may(user: User, team: Team, permission: Permission) -> bool:
    """Whether the user's role in the team has this permission. Being an approver does not count."""
    return permission in permissions_in(user, team)


def permissions_in(user: User, team: Team) -> frozenset[Permission]:
    """What the user's role in the team allows. Being an approver does not count."""
    if not user.is_active:
        return frozenset()
    role = Membership.objects.filter(user=user, team=team).values_list("role", flat=True).first()
    return permissions_of(role) if role else frozenset()


def check_may_see(user: User, team: Team) -> None:
    """Raise NotAllowed unless the user may see what belongs to the team."""
    if not may_see(user, team):
        raise NotAllowed(f"Only {holders(Permission.SEE)} of {team.name} may see this, and those who see all teams.")


def check_may_operate(user: User, team: Team) -> None:
    """Raise NotAllowed unless the user may request and operate environments of the team."""
    check_may(user, team, Permission.OPERATE)


def check_may(user: User, team: Team, permission: Permission) -> None:
    """Raise NotAllowed unless the user's role in the team has this permission."""
    if not may(user, team, permission):
        raise NotAllowed(f"Only {holders(permission)} of {team.name} may do this.")


def check_may_act_for_a_team(teams: Sequence[Team]) -> None:
    """Raise NotAllowed if `teams`, those that a user may act for, is empty."""
    if not teams:
        raise NotAllowed(no_team_to_act_for())


def role_in(user: User, team: str = "team") -> Subquery:
    """Return the expression for the user's role in a row's team, null without one; `team` is the path
    from the row to its team. A row and the right to it thus take one query.
    """
    own = Membership.objects.filter(user=user, team=OuterRef(team)) if user.is_active else Membership.objects.none()
    return Subquery(own.values("role")[:1])


def check_manages(user: User, team: Team, *, role: str | None, hidden: str) -> None:
    """Raise NotFound with the sentence `hidden` unless the user may see the team, and NotAllowed unless
    they manage it. `role` is what `role_in` found.
    """
    permissions = permissions_of(role or "")
    if Permission.SEE not in permissions and not sees_all_teams(user):
        raise NotFound(hidden)
    if Permission.MANAGE not in permissions:
        raise NotAllowed(f"Only {holders(Permission.MANAGE)} of {team.name} may do this.")


def no_team_to_act_for() -> str:
    """Return the sentence for a user who may request environments for no team."""
    return (
        f"Environments belong to teams, and only {holders(Permission.OPERATE)} of a team may request them. "
        "Ask a team owner to add you, or a portal admin. The page Teams names them."
    )


def may_manage_members(user: User, team: Team) -> bool:
    """Whether the user adds, invites and removes members: owners, and portal admins, who appoint the
    first owner of a team. A deleted team has no members.
    """
    return team.deleted_at is None and (is_admin(user) or may(user, team, Permission.MANAGE))


def check_may_manage_members(user: User, team: Team) -> None:
    """Raise NotAllowed unless the user may add, invite and remove members of the team."""
    if not may_manage_members(user, team):
        raise NotAllowed(f"Only owners of {team.name} and portal admins may manage its members.")


def living_teams(user: User) -> Q:
    """Return the condition for the teams that exist and that the user may see."""
    return Q(deleted_at=None) & visible(user, "pk")
