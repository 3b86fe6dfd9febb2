"""What an administrator enters so that a team may use an account."""

from __future__ import annotations

from typing import Final

from portal.demo.sample import EXAMPLE_CERTIFICATES, EXAMPLE_ZONE
from provisioning.aws.onboarding import stack_role_arn
from provisioning.design.names import team_key
from provisioning.models import Account, AccountTeam, Team

# What the examples of the shipped blueprints name.
EXAMPLES: Final = {"hosted_zones": [EXAMPLE_ZONE], "certificates": EXAMPLE_CERTIFICATES}


def admit(team: Team, *accounts: Account, **lists: list[str]) -> list[AccountTeam]:
    """Let the team use the accounts, and in each of them the examples and what `lists` names."""
    return [
        AccountTeam.objects.create(
            account=account,
            team=team,
            stack_role_arn=stack_role_arn(account.account_id, team_key(team.slug)),
            **EXAMPLES | lists,
        )
        for account in accounts
    ]
