"""The onboarding templates: what they create for one account and one team."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from provisioning.aws import onboarding
from provisioning.policy.documents import Statement
from provisioning.policy.template import RoleSpec, Template, load_template, managed_policies_of, properties_of, roles_of

FOLDER: Final = onboarding.TEMPLATE.parent
ACCOUNT_TEMPLATE: Final = onboarding.TEMPLATE.name
TEAM_TEMPLATE: Final = onboarding.TEAM_TEMPLATE.name

# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html; white space does not count.
MANAGED_POLICY_CHARACTERS: Final = 6_144
INLINE_POLICIES_CHARACTERS: Final = 10_240
TRUST_POLICY_CHARACTERS: Final = 2_048


@dataclass(frozen=True, slots=True)
class Onboarding:
    portal: RoleSpec
    stack_role: RoleSpec
    boundary: tuple[Statement, ...]


@dataclass(frozen=True, slots=True)
class PolicySize:
    """The characters of a policy, or of all inline policies of a role, and IAM's limit."""

    name: str
    characters: int
    limit: int

    @property
    def fits(self) -> bool:
        return self.characters <= self.limit


@dataclass(frozen=True, slots=True)
class OnboardedTeam:
    """An account and a team, as an administrator enters them. `hosted_zones` are ids, `secrets` names
    or ARNs.
    """

    account_id: str
    region: str
    team: str
    hosted_zones: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()

    @property
    def account_parameters(self) -> Mapping[str, str]:
        return {"PortalPrincipalArn": f"arn:aws:iam::{self.account_id}:role/worker", "ExternalId": "0123456789abcdef"}

    @property
    def optional_parameters(self) -> Mapping[str, str]:
        """What an account with former environments and an adopted stack has in addition."""
        return {
            "AdoptedStacks": f"arn:aws:cloudformation:{self.region}:{self.account_id}:stack/shop/0a1b2c3d",
            "FormerEnvironments": "true",
            "FormerBuckets": "arn:aws:s3:::shop-dev-*",
        }

    @property
    def team_parameters(self) -> Mapping[str, str]:
        return {
            "Team": self.team,
            "HostedZones": ",".join(f"arn:aws:route53:::hostedzone/{zone}" for zone in self.hosted_zones),
            "Secrets": ",".join(map(self.secret_arn, self.secrets)),
        }

    def secret_arn(self, name: str) -> str:
        """Returns the ARN of a secret; Secrets Manager adds a hyphen and six characters to its name."""
        if name.startswith("arn:"):
            return name
        return f"arn:aws:secretsmanager:{self.region}:{self.account_id}:secret:{name}-AbCdEf"


def read_onboarding(onboarded: OnboardedTeam, *, folder: Path = FOLDER) -> Onboarding:
    """Reads both templates as an administrator would deploy them."""
    account, team = (_template(folder, name) for name in (ACCOUNT_TEMPLATE, TEAM_TEMPLATE))
    place = (onboarded.account_id, onboarded.region)
    roles = roles_of(account, onboarded.account_parameters, *place)
    policies = managed_policies_of(account, onboarded.account_parameters, *place)
    (stack_role,) = roles_of(team, onboarded.team_parameters, *place).values()
    return Onboarding(
        portal=next(role for role in roles.values() if role.arn == onboarding.portal_role_arn(onboarded.account_id)),
        stack_role=stack_role,
        boundary=policies[onboarding.environment_boundary_arn(onboarded.account_id)],
    )


def policy_sizes(onboarded: OnboardedTeam, *, folder: Path = FOLDER) -> tuple[PolicySize, ...]:
    """Returns the size of every policy of both templates, with every optional part."""
    sizes = []
    for file, parameters in (
        (ACCOUNT_TEMPLATE, {**onboarded.account_parameters, **onboarded.optional_parameters}),
        (TEAM_TEMPLATE, onboarded.team_parameters),
    ):
        template = _template(folder, file)
        arguments = (parameters, onboarded.account_id, onboarded.region)
        for logical_id, policy in properties_of(template, "AWS::IAM::ManagedPolicy", *arguments).items():
            sizes.append(
                PolicySize(f"{file} {logical_id}", _characters(policy["PolicyDocument"]), MANAGED_POLICY_CHARACTERS)
            )
        for logical_id, role in properties_of(template, "AWS::IAM::Role", *arguments).items():
            inline = sum(_characters(policy["PolicyDocument"]) for policy in role.get("Policies", []))
            sizes.append(PolicySize(f"{file} {logical_id}, inline policies", inline, INLINE_POLICIES_CHARACTERS))
            trust = _characters(role["AssumeRolePolicyDocument"])
            sizes.append(PolicySize(f"{file} {logical_id}, trust policy", trust, TRUST_POLICY_CHARACTERS))
    return tuple(sizes)


def _template(folder: Path, name: str) -> Template:
    return load_template((folder / name).read_text(encoding="utf-8"))


def _characters(document: Any) -> int:
    return len(re.sub(r"\s", "", json.dumps(document)))
