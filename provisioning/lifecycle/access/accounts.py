"""Which accounts a team may use."""

from __future__ import annotations

from collections.abc import Iterable

from provisioning.aws.onboarding import team_stack
from provisioning.design.names import team_key
from provisioning.errors import Refused
from provisioning.models import Account, AccountTeam, Team


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
