"""Which accounts a team may use, in which sizes and regions."""

from __future__ import annotations

from collections.abc import Iterable

from provisioning.aws.onboarding import team_stack
from provisioning.design.names import team_key
from provisioning.design.size_policy import SIZE_POLICIES, SIZES
from provisioning.errors import NotAllowed, Refused
from provisioning.lifecycle.access.outside_roles import is_admin, is_auditor
from provisioning.models import Account, AccountState, AccountTeam, Connection, Team, User


def account_teams_of(teams: Iterable[Team]) -> list[AccountTeam]:
    """Return what `teams` may use in which accounts, by the name of the account. One query."""
    return list(AccountTeam.objects.filter(team__in=teams).select_related("account").order_by("account__name", "id"))


def account_team_for(team: Team, account: Account) -> AccountTeam | None:
    """Return what the team may use in the account; None if it may not use the account."""
    return AccountTeam.objects.filter(team=team, account=account).select_related("account", "team").first()


def why_not_offered(account: Account, size: str) -> str:
    """Return why no team may create environments of this size in the account now; empty if teams may.

    An account that the portal could not use at its last test is offered for no size, and one that
    lacks something for no size that needs an approval, which is prod.
    """
    if account.state == AccountState.CONNECTING:
        return f"The account {account.name} is still being connected."
    if account.state == AccountState.CLOSED:
        return f"The account {account.name} accepts no new environments at the moment."
    if account.connection == Connection.UNTESTED:
        return f"The connection to the account {account.name} was not tested since it changed."
    if account.connection == Connection.FAILED:
        return f"The portal could not use the account {account.name} when it last tested the connection."
    if account.connection == Connection.INCOMPLETE and SIZE_POLICIES[size].requires_approval:
        return (
            f"The last connection test of the account {account.name} found something missing, which rules out {size}."
        )
    return ""


def offered_sizes(entry: AccountTeam) -> list[str]:
    """Return the sizes in which the team may create environments in the account now."""
    allowed = entry.sizes or SIZES
    return [size for size in entry.account.sizes if size in allowed and not why_not_offered(entry.account, size)]


def offered_regions(entry: AccountTeam) -> list[str]:
    """Return the regions that the team may use in the account, in the account's order."""
    return [region for region in entry.account.regions if not entry.regions or region in entry.regions]


def check_may_use_account(
    team: Team, account: Account, *, size: str, region: str = "", is_new: bool = True
) -> AccountTeam:
    """Raise Refused unless the team may create environments of this size in the account, in this region
    if one is given.

    Returns what the team may use there. `is_new` is false for a change of an environment, which an
    account that is closed for new ones permits.
    """
    account_team = account_team_for(team, account)
    if account_team is None:
        raise Refused(f"{team.name} may not use the account {account.name}. {how_to_admit(team)}")
    if is_new and (reason := why_not_offered(account, size)):
        raise Refused(f"{reason} Choose another account, or ask a portal admin.")
    if size not in account.sizes:
        accepted = ", ".join(account.sizes) or "none"
        raise Refused(
            f"The account {account.name} does not accept size {size} (it accepts {accepted}). Choose another account."
        )
    if account_team.sizes and size not in account_team.sizes:
        raise Refused(
            f"{team.name} may not create size {size} in the account {account.name} (it may create "
            f"{', '.join(account_team.sizes)}). Choose another account, or ask a portal admin."
        )
    if region:
        check_may_use_region(account_team, region)
    return account_team


def check_may_use_region(entry: AccountTeam, region: str) -> None:
    """Raise Refused if the team is limited to other regions of the account."""
    if entry.regions and region not in entry.regions:
        raise Refused(
            f"{entry.team.name} may not use {region} in the account {entry.account.name} (it may use "
            f"{', '.join(entry.regions)}). Choose another region, or ask a portal admin."
        )


def how_to_admit(team: Team) -> str:
    """Return what administrators do before a team may use an account."""
    return (
        f"Ask an administrator of the AWS account to deploy the stack {team_stack(team_key(team.slug))} in it, "
        f"and an administrator of the portal to add {team.name} to the account’s teams."
    )


def may_see_accounts(user: User) -> bool:
    """Whether the user sees every account, with what each team may use there."""
    return is_admin(user) or is_auditor(user)


def check_may_see_accounts(user: User) -> None:
    if not may_see_accounts(user):
        raise NotAllowed("Only portal admins and auditors may see the accounts.")
