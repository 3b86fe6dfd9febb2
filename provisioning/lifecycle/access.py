"""Access rules: who may see, operate and decide on what, and which accounts a team may use.

This module is the only place with such rules. Services check them before they act, and pages and
the API ask the same functions before they offer something. To add a role, add it to
`models.Role` and give it its permissions with one line in `PERMISSIONS`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from enum import Enum, auto
from typing import Final

from django.db.models import Q

from provisioning.aws.onboarding import team_stack
from provisioning.design.names import team_key
from provisioning.errors import NotAllowed, Refused
from provisioning.lifecycle.states import RequestState
from provisioning.models import Account, AccountTeam, Membership, Request, Role, Team, User


class Permission(Enum):
    """What a role allows its holder to do with the environments and requests of the team."""

    SEE = auto()
    OPERATE = auto()
    """Request environments, and change, retry, withdraw or tear down those that exist."""
    MANAGE = auto()
    """Add and remove members, create service tokens and webhooks, and hand over environments."""


PERMISSIONS: Final[Mapping[str, frozenset[Permission]]] = {
    Role.OWNER: frozenset({Permission.SEE, Permission.OPERATE, Permission.MANAGE}),
    Role.OPERATOR: frozenset({Permission.SEE, Permission.OPERATE}),
    Role.VIEWER: frozenset({Permission.SEE}),
}


def permissions_of(role: str) -> frozenset[Permission]:
    """Return what `role` allows. A role that is not in the table allows nothing."""
    return PERMISSIONS.get(role, frozenset())


def is_approver(user: User) -> bool:
    """Whether the user decides on requests, of any team but never on their own."""
    return user.is_approver


def is_admin(user: User) -> bool:
    """Whether the user sets up accounts, teams and rules."""
    return user.is_admin or user.is_superuser


def check_admin(user: User) -> None:
    """Raise NotAllowed unless the user is a portal admin."""
    if not is_admin(user):
        raise NotAllowed("Only portal admins may do this.")


def is_auditor(user: User) -> bool:
    """Whether the user reads the audit log of the whole portal."""
    return user.is_auditor or user.is_superuser


def check_auditor(user: User) -> None:
    """Raise NotAllowed unless the user may read the audit log of the whole portal."""
    if not is_auditor(user):
        raise NotAllowed("Only auditors may read the audit log of the whole portal.")


def sees_all_teams(user: User) -> bool:
    """Whether the user sees every team: approvers decide on every team's requests, admins set every
    team up, and auditors read everything.
    """
    return is_approver(user) or is_admin(user) or is_auditor(user)


def may_see_orphans(user: User) -> bool:
    """Whether the user sees stacks and resources that belong to no environment, of every account.

    They may belong to any team, so everyone who sees all teams does.
    """
    return sees_all_teams(user)


def check_may_see_orphans(user: User) -> None:
    if not may_see_orphans(user):
        raise NotAllowed("Only approvers, portal admins and auditors may see orphans.")


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
    roles = [role for role in PERMISSIONS if Permission.SEE in permissions_of(role)]
    return Q(**{f"{team}__in": Team.objects.filter(memberships__user=user, memberships__role__in=roles)})


def decidable(user: User) -> Q:
    """Return the condition for the requests that the user can decide on now."""
    if not is_approver(user):
        return Q(pk__in=())
    return Q(state=RequestState.WAITING) & ~Q(requested_by_id=user.pk)


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
    role = Membership.objects.filter(user=user, team=team).values_list("role", flat=True).first()
    return permissions_of(role) if role else frozenset()


def may_decide(user: User, request: Request) -> bool:
    """Whether the user may approve or refuse the request. Nobody decides on their own request."""
    return is_approver(user) and request.requested_by_id != user.pk


def may_see_blueprint_errors(user: User) -> bool:
    """Whether the catalogue shows file and line of the errors in a broken blueprint."""
    return is_approver(user)


def check_may_see(user: User, team: Team) -> None:
    """Raise NotAllowed unless the user may see what belongs to the team."""
    if not may_see(user, team):
        raise NotAllowed(f"Only {_holders(Permission.SEE)} of {team.name} may see this, and those who see all teams.")


def check_may_operate(user: User, team: Team) -> None:
    """Raise NotAllowed unless the user may request and operate environments of the team."""
    check_may(user, team, Permission.OPERATE)


def check_may(user: User, team: Team, permission: Permission) -> None:
    """Raise NotAllowed unless the user's role in the team has this permission."""
    if not may(user, team, permission):
        raise NotAllowed(f"Only {_holders(permission)} of {team.name} may do this.")


def check_may_act_for_a_team(teams: Sequence[Team]) -> None:
    """Raise NotAllowed if `teams`, those that a user may act for, is empty."""
    if not teams:
        raise NotAllowed(no_team_to_act_for())


def no_team_to_act_for() -> str:
    """Return the sentence for a user who may request environments for no team."""
    return (
        f"Environments belong to teams, and only {_holders(Permission.OPERATE)} of a team may request them. "
        "Ask a team owner to add you."
    )


def check_may_decide(user: User, request: Request) -> None:
    """Raise NotAllowed unless the user may approve or refuse the request."""
    if not is_approver(user):
        raise NotAllowed("Only approvers may decide on requests.")
    if not may_decide(user, request):
        raise NotAllowed("You cannot decide on your own request. Another approver has to.")


def account_teams_of(teams: Iterable[Team]) -> list[AccountTeam]:
    """Return what `teams` may use in which accounts, by the name of the account. One query."""
    return list(AccountTeam.objects.filter(team__in=teams).select_related("account").order_by("account__name", "id"))


def account_team_for(team: Team, account: Account) -> AccountTeam | None:
    """Return what the team may use in the account; None if it may not use the account."""
    return AccountTeam.objects.filter(team=team, account=account).select_related("account", "team").first()


def check_may_use_account(team: Team, account: Account, *, size: str) -> AccountTeam:
    """Raise Refused unless the team may create environments of this size in the account.

    Returns what the team may use there.
    """
    account_team = account_team_for(team, account)
    if account_team is None:
        raise Refused(f"{team.name} may not use the account {account.name}. {how_to_admit(team)}")
    if size not in account.sizes:
        accepted = ", ".join(account.sizes) or "none"
        raise Refused(
            f"The account {account.name} does not accept size {size} (it accepts {accepted}). Choose another account."
        )
    return account_team


def how_to_admit(team: Team) -> str:
    """Return what administrators do before a team may use an account."""
    return (
        f"Ask an administrator of the AWS account to deploy the stack {team_stack(team_key(team.slug))} in it, "
        f"and an administrator of the portal to add {team.name} to the account’s teams."
    )


def _holders(permission: Permission) -> str:
    """Name the roles that grant a permission: `owners and operators`."""
    holders = [f"{Role(role).label}s" for role in PERMISSIONS if permission in permissions_of(role)]
    return f"{', '.join(holders[:-1])} and {holders[-1]}" if len(holders) > 1 else holders[0]
