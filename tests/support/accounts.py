"""What an administrator enters so that a team may use an account."""

from __future__ import annotations

from typing import Final

from provisioning.aws.onboarding import stack_role_arn
from provisioning.design.names import team_key
from provisioning.models import Account, AccountTeam, Team

# What the examples of the shipped blueprints name.
EXAMPLES: Final = {
    "hosted_zones": ["Z0123456789ABCDEFGHIJ"],
    "certificates": [
        f"arn:aws:acm:{region}:123456789012:certificate/0f0f0f0f-0000-4000-8000-000000000000"
        for region in ("eu-north-1", "us-east-1")
    ],
}


def admit(team: Team, *accounts: Account, **lists: list[str]) -> None:
    """Let the team use the accounts, and in each of them the examples and what `lists` names."""
    for account in accounts:
        role_arn = stack_role_arn(account.account_id, team_key(team.slug))
        AccountTeam.objects.create(account=account, team=team, stack_role_arn=role_arn, **EXAMPLES | lists)
