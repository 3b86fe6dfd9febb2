"""What this portal's onboarding templates make in an account.

What only the account's administrator decides, such as the hosted zones of a team, is taken from the
statements that the account has. Everything else in these statements has to be the template's.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from provisioning.aws.onboarding import TEAM_TEMPLATE, TEMPLATE, environment_boundary_arn, portal_role_arn
from provisioning.policy.documents import Statement
from provisioning.policy.template import RoleSpec, Template, load_template, managed_policies_of, roles_of

Statements = tuple[Statement, ...]

ZONES: Final = "RecordsOfTheTeamsZones"
SECRETS: Final = "SecretsThatTheTeamBrings"
_ADOPTED_STACKS: Final = "CareForAdoptedStacks"
_FORMER_ENVIRONMENTS: Final = "DeleteStacksOfFormerEnvironments"
_FORMER_BUCKETS: Final = "TeardownOfFormerBuckets"
_RECORD_NAMES: Final = "route53:changeresourcerecordsetsnormalizedrecordnames"
# Only the trust policy of role/portal depends on these two.
_UNKNOWN: Final = {"PortalPrincipalArn": "arn:aws:iam::000000000000:role/unknown", "ExternalId": "unknown"}


@cache
def _template(path: Path) -> Template:
    return load_template(path.read_text(encoding="utf-8"))


def expected_portal_role(account_id: str, actual: Statements, *, region: str, partition: str) -> Statements:
    """Return the statements of role/portal, with the stacks, buckets and former environments of `actual`."""
    parameters = {
        **_UNKNOWN,
        "AdoptedStacks": _resources_of(_ADOPTED_STACKS, actual),
        "FormerEnvironments": str(any(one.sid == _FORMER_ENVIRONMENTS for one in actual)).lower(),
        "FormerBuckets": _resources_of(_FORMER_BUCKETS, actual),
    }
    roles = roles_of(_template(TEMPLATE), parameters, account_id, region, partition).values()
    arn = portal_role_arn(account_id, partition=partition)
    return next(role for role in roles if role.arn == arn).identity


def expected_boundary(account_id: str, *, region: str, partition: str) -> Statements:
    policies = managed_policies_of(_template(TEMPLATE), _UNKNOWN, account_id, region, partition)
    return policies[environment_boundary_arn(account_id, partition=partition)]


def expected_stack_role(account_id: str, team_key: str, actual: Statements, *, region: str, partition: str) -> RoleSpec:
    """Return a team's stack role, with the zones, domains and secrets of `actual`."""
    domains = {
        name.pattern
        for one in actual
        if one.sid == ZONES
        for condition in one.conditions
        if condition.key == _RECORD_NAMES
        for name in condition.values
    }
    parameters = {
        "Team": team_key,
        "HostedZones": _resources_of(ZONES, actual),
        "Domains": ",".join(sorted(domains)),
        "Secrets": _resources_of(SECRETS, actual),
    }
    (role,) = roles_of(_template(TEAM_TEMPLATE), parameters, account_id, region, partition).values()
    return role


def _resources_of(sid: str, actual: Statements) -> str:
    """Return the resources of a statement, joined as a parameter of a template lists them."""
    return ",".join(sorted({resource.pattern for one in actual if one.sid == sid for resource in one.resources}))
