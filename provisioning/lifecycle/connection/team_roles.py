"""Whether the boundary and the teams' stack roles are what this portal's onboarding templates make.

The templates are resolved for the account and compared statement by statement with the live
policies. What the administrator lists for a team, zones and secrets, is compared with the portal's
own list.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Final

from provisioning.aws.account_reads import LiveRole, PolicyText
from provisioning.aws.onboarding import STACK, TEAM_TEMPLATE, TEMPLATE, environment_boundary_arn, team_stack
from provisioning.design.names import team_key
from provisioning.lifecycle.connection.live_policies import statements_of
from provisioning.lifecycle.connection.report import Findings
from provisioning.models import Account, AccountTeam
from provisioning.policy.compare import missing_statements
from provisioning.policy.documents import Effect, Statement, parse_policy
from provisioning.policy.template import RoleSpec, Template, load_template, managed_policies_of, roles_of

# Statements that depend on what the administrator lists for the team.
_ZONES: Final = "RecordsOfTheTeamsZones"
_SECRETS: Final = "SecretsThatTheTeamBrings"


@cache
def _template(path: Path) -> Template:
    return load_template(path.read_text(encoding="utf-8"))


def check_boundary(
    findings: Findings, account: Account, boundary: PolicyText | None, *, region: str, partition: str
) -> None:
    arn = environment_boundary_arn(account.account_id, partition=partition)
    remedy = (
        f"An administrator of account {account.account_id} has to update the stack {STACK} in its first region with this "
        f"portal's {TEMPLATE.name}."
    )
    if boundary is None:
        findings.missing(f"There is no permissions boundary {arn}, so no role can be created.", remedy)
        return
    # The boundary depends on none of the parameters that only the administrator knows.
    unknown = {"PortalPrincipalArn": arn, "ExternalId": "unknown"}
    expected = managed_policies_of(_template(TEMPLATE), unknown, account.account_id, region, partition)[arn]
    _compare(findings, f"The boundary {boundary.name}", expected, statements_of((boundary,)), remedy)


def check_team(
    findings: Findings,
    entry: AccountTeam,
    role: LiveRole | None,
    *,
    secret_arns: Sequence[str],
    region: str,
    partition: str,
) -> None:
    """`secret_arns` are the ARNs of the secrets that the portal offers the team in this region."""
    key = team_key(entry.team.slug)
    name = entry.stack_role_arn.rpartition("/")[2]
    remedy = (
        f"An administrator of account {entry.account.account_id} has to deploy or update the stack {team_stack(key)} with "
        f"this portal's {TEAM_TEMPLATE.name} and the parameter Team={key}."
    )
    if role is None:
        findings.missing(f"The stack role {name} of {entry.team.name} does not exist.", remedy)
        return
    title = f"The stack role {name} of {entry.team.name}"
    if role.arn != entry.stack_role_arn:
        findings.missing(
            f"{title} is {role.arn} in AWS, not {entry.stack_role_arn}.", f"Correct Stack role ARN of {entry}."
        )
    expected = _expected_role(entry.account.account_id, key, region=region, partition=partition)
    wrong_tags = sorted(tag for tag, value in expected.tags.items() if role.tags.get(tag) != value)
    if wrong_tags:
        findings.missing(f"{title} has not the tag {wrong_tags[0]}={expected.tags[wrong_tags[0]]}.", remedy)
    _compare(findings, f"The trust policy of {name}", expected.trust, parse_policy(role.trust, "trust"), remedy)
    actual = statements_of(role.policies)
    listed = tuple(one for one in actual if one.sid in (_ZONES, _SECRETS))
    _compare(findings, title, expected.identity, tuple(one for one in actual if one not in listed), remedy)
    zone_arns = [f"arn:{partition}:route53:::hostedzone/{zone}" for zone in entry.hosted_zones]
    for parameter, arns in (("HostedZones", zone_arns), ("Secrets", secret_arns)):
        lacking = [arn for arn in arns if not any(one.names_resource(arn, {}) for one in listed)]
        if lacking:
            findings.missing(
                f"{title} may not use {', '.join(lacking)}, which the portal offers the team.",
                f"An administrator of account {entry.account.account_id} has to add it to the parameter {parameter} of the "
                f"stack {team_stack(key)}; or remove it from {entry}.",
            )


def check_former_role(findings: Findings, role_arn: str, role: LiveRole | None, *, environments: int) -> None:
    """Check that the role of environments from before there was one role per team is still there."""
    noun = "environment" if environments == 1 else "environments"
    if role is not None and role.arn == role_arn:
        findings.passed(f"The role {role_arn}, needed by {environments} {noun}, exists.")
    else:
        findings.missing(
            f"The role {role_arn}, needed by {environments} {noun}, does not exist.",
            f"An administrator of account {role_arn.split(':')[4]} has to update the stack {STACK} with the parameter "
            "FormerEnvironments=true, or create the role again.",
        )


@cache
def _expected_role(account_id: str, key: str, *, region: str, partition: str) -> RoleSpec:
    (role,) = roles_of(_template(TEAM_TEMPLATE), {"Team": key}, account_id, region, partition).values()
    return role


def _compare(
    findings: Findings, title: str, expected: tuple[Statement, ...], actual: tuple[Statement, ...], remedy: str
) -> None:
    """Report statements that are missing, and those that the template does not have."""
    missing = missing_statements(expected, actual)
    more = missing_statements(actual, expected)
    fences = [one.sid for one in missing if one.effect is Effect.DENY]
    grants = [one.sid for one in missing if one.effect is Effect.ALLOW]
    if grants:
        findings.missing(f"{title} lacks permissions of this portal's template: {', '.join(grants)}.", remedy)
    if fences:
        findings.missing(f"{title} lacks prohibitions of this portal's template: {', '.join(fences)}.", remedy)
    if more:
        findings.note(
            f"{title} has statements that this portal's template has not: {', '.join(map(str, more))}.",
            "Ask an administrator of the account why, and remove them if nobody knows.",
        )
    if not (missing or more):
        findings.passed(f"{title} is what this portal's template makes.")
