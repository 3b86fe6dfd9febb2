"""Whether the boundary and the teams' stack roles are what this portal's onboarding templates make.

The templates are resolved for the account and compared statement by statement with the live
policies. The zones and secrets that the administrator lists for a team are compared with the
portal's own list.
"""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.aws.account_reads import LiveRole, PolicyText
from provisioning.aws.onboarding import STACK, TEAM_TEMPLATE, TEMPLATE, environment_boundary_arn, team_stack
from provisioning.design.names import team_key
from provisioning.lifecycle.connection.comparison import compare
from provisioning.lifecycle.connection.expected import SECRETS, ZONES, expected_boundary, expected_stack_role
from provisioning.lifecycle.connection.live_policies import statements_of
from provisioning.lifecycle.connection.report import Findings
from provisioning.models import Account, AccountTeam
from provisioning.policy.documents import parse_policy


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
    expected = expected_boundary(account.account_id, region=region, partition=partition)
    compare(findings, f"The boundary {boundary.name}", expected, statements_of((boundary,)), remedy)


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
    actual = statements_of(role.policies)
    expected = expected_stack_role(entry.account.account_id, key, actual, region=region, partition=partition)
    wrong_tags = sorted(tag for tag, value in expected.tags.items() if role.tags.get(tag) != value)
    if wrong_tags:
        findings.missing(f"{title} lacks the tag {wrong_tags[0]}={expected.tags[wrong_tags[0]]}.", remedy)
    compare(findings, f"The trust policy of {name}", expected.trust, parse_policy(role.trust, "trust"), remedy)
    compare(findings, title, expected.identity, actual, remedy)
    zone_arns = [f"arn:{partition}:route53:::hostedzone/{zone}" for zone in entry.hosted_zones]
    for parameter, sid, arns in (("HostedZones", ZONES, zone_arns), ("Secrets", SECRETS, secret_arns)):
        listed = [one for one in actual if one.sid == sid]
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
