"""What this portal's onboarding templates make in an account."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from provisioning.aws.onboarding import TEAM_TEMPLATE, TEMPLATE, environment_boundary_arn, portal_role_arn
from provisioning.policy.compare import missing_statements
from provisioning.policy.documents import Statement
from provisioning.policy.template import RoleSpec, Template, load_template, managed_policies_of, roles_of

Statements = tuple[Statement, ...]
# Only the administrator knows them, and only the trust policy of role/portal depends on them.
_UNKNOWN = {"PortalPrincipalArn": "arn:aws:iam::000000000000:role/unknown", "ExternalId": "unknown"}


@cache
def _template(path: Path) -> Template:
    return load_template(path.read_text(encoding="utf-8"))


@cache
def expected_portal_role(account_id: str, *, region: str, partition: str) -> Statements:
    return _portal_role(account_id, region, partition, former="false")


@cache
def former_statements(account_id: str, *, region: str, partition: str) -> Statements:
    """Return what role/portal has in addition with FormerEnvironments=true."""
    return missing_statements(
        _portal_role(account_id, region, partition, former="true"),
        expected_portal_role(account_id, region=region, partition=partition),
    )


def _portal_role(account_id: str, region: str, partition: str, *, former: str) -> Statements:
    parameters = {**_UNKNOWN, "FormerEnvironments": former}
    roles = roles_of(_template(TEMPLATE), parameters, account_id, region, partition).values()
    arn = portal_role_arn(account_id, partition=partition)
    return next(role for role in roles if role.arn == arn).identity


@cache
def expected_boundary(account_id: str, *, region: str, partition: str) -> Statements:
    policies = managed_policies_of(_template(TEMPLATE), _UNKNOWN, account_id, region, partition)
    return policies[environment_boundary_arn(account_id, partition=partition)]


@cache
def expected_stack_role(account_id: str, team_key: str, *, region: str, partition: str) -> RoleSpec:
    """Return the role without what the administrator lists for the team."""
    (role,) = roles_of(_template(TEAM_TEMPLATE), {"Team": team_key}, account_id, region, partition).values()
    return role
