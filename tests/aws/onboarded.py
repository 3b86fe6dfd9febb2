"""An account as the two onboarding templates set it up, for two teams: payments, which alice owns,
and logistics, which is charlie's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final

from provisioning.aws import onboarding
from provisioning.policy.documents import Statement, parse_policy
from provisioning.policy.principal import Principal
from provisioning.policy.template import Template, bucket_policies_of, load_template, managed_policies_of, roles_of

ACCOUNT: Final = "111122223333"
REGION: Final = "eu-central-1"
PORTALS_ACCOUNT: Final = "999988887777"
WORKER: Final = f"arn:aws:iam::{PORTALS_ACCOUNT}:role/portal-worker"
ZONE: Final = "arn:aws:route53:::hostedzone/Z0PAYMENTS"
BROUGHT_SECRET: Final = f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:pagerduty-AbCdEf"
ADOPTED_STACK: Final = f"arn:aws:cloudformation:{REGION}:{ACCOUNT}:stack/shop/0a1b2c3d"

ACCOUNT_PARAMETERS: Final[Mapping[str, str]] = {
    "PortalPrincipalArn": WORKER,
    "ExternalId": "an-external-id-of-the-portal",
}
KEEPING_PARAMETERS: Final[Mapping[str, str]] = {
    **ACCOUNT_PARAMETERS,
    "FormerEnvironments": "true",
    "FormerBuckets": "arn:aws:s3:::shop-dev-*",
    "AdoptedStacks": ADOPTED_STACK,
}
TEAM_PARAMETERS: Final[Mapping[str, str]] = {
    "Team": "payments",
    "HostedZones": ZONE,
    "Domains": "pay.example.com,*.pay.example.com",
    "Secrets": BROUGHT_SECRET,
}

Statements = tuple[Statement, ...]
EVERYTHING: Final = parse_policy(
    {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}, "everything"
)


NOBODY: Final = Principal(f"arn:aws:iam::{ACCOUNT}:role/nobody", ())


@dataclass(frozen=True, slots=True)
class Environment:
    """One environment's names and tags in AWS."""

    team: str
    name: str
    generation: str
    environment_id: str
    blueprint: str = "amply"

    @property
    def tags(self) -> dict[str, str]:
        return {
            "portal:team": self.team,
            "portal:environment": self.name,
            "portal:environment-id": self.environment_id,
            "portal:generation": self.generation,
            "portal:blueprint": self.blueprint,
        }

    @property
    def request_tags(self) -> dict[str, str]:
        return {f"aws:RequestTag/{key}": text for key, text in self.tags.items()}

    @property
    def prefix(self) -> str:
        return f"{self.team}-{self.name}-{self.generation}"

    @property
    def scope(self) -> str:
        return f"{self.team}/{self.name}-{self.generation}"

    def bucket(self, name: str) -> str:
        return f"arn:aws:s3:::pt-{self.team}--{self.generation}-{name}-{ACCOUNT}-{REGION}-an"

    def role(self, name: str = "api") -> str:
        return f"arn:aws:iam::{ACCOUNT}:role/portal/env/{self.scope}/{self.prefix}-{name}"

    def secret(self, name: str) -> str:
        return f"arn:aws:secretsmanager:{REGION}:{ACCOUNT}:secret:portal/{self.scope}/{name}-AbCdEf"


@dataclass(frozen=True, slots=True)
class Account:
    """The roles of an onboarded account and the policies of what they share."""

    portal: Principal
    stack_role: Principal
    boundary: Statements
    artefact_bucket: Statements
    event_queue: Statements
    portal_trust: Statements
    stack_role_trust: Statements
    former_stack_role: Principal

    def worst_role_of(self, environment: Environment, *, forged: Mapping[str, str] | None = None) -> Principal:
        """Returns the worst role that a template can make for an environment: its policy allows
        everything, so only the boundary limits it. `forged` are tags that its template gives it.
        """
        return Principal(
            arn=environment.role("worst"),
            identity=EVERYTHING,
            boundary=self.boundary,
            tags={**environment.tags, **(forged or {})},
        )


def onboarded(
    account_template: Template, team_template: Template, parameters: Mapping[str, str] = ACCOUNT_PARAMETERS
) -> Account:
    account = (account_template, parameters, ACCOUNT, REGION)
    stack_role = roles_of(team_template, TEAM_PARAMETERS, ACCOUNT, REGION)["StackRole"]
    roles = roles_of(*account)
    portal_role, former = roles["PortalRole"], roles.get("StackRole")
    queue_policy = account_template.resources["StackEventQueuePolicy"]["Properties"]["PolicyDocument"]
    return Account(
        portal=portal_role.principal(),
        stack_role=stack_role.principal(session_name="AWSCloudFormation"),
        boundary=managed_policies_of(*account)[onboarding.environment_boundary_arn(ACCOUNT)],
        artefact_bucket=bucket_policies_of(*account)[f"arn:aws:s3:::{onboarding.artefact_bucket(ACCOUNT, REGION)}"],
        event_queue=parse_policy(_without_intrinsics(queue_policy), "StackEventQueuePolicy"),
        portal_trust=portal_role.trust,
        stack_role_trust=stack_role.trust,
        former_stack_role=former.principal() if former else NOBODY,
    )


def _without_intrinsics(document: Any) -> Any:
    """Resolves the references of the queue's policy, which the evaluator's templates do not cover."""
    text = json.dumps(document)
    for intrinsic, arn in (
        ('{"Fn::GetAtt": "StackEventQueue.Arn"}', onboarding.event_queue_arn(ACCOUNT, REGION)),
        ('{"Fn::GetAtt": "StackEvents.Arn"}', f"arn:aws:events:{REGION}:{ACCOUNT}:rule/portal-stack-events"),
        (
            '{"Fn::Sub": "arn:${AWS::Partition}:iam::${AWS::AccountId}:role/portal"}',
            onboarding.portal_role_arn(ACCOUNT),
        ),
    ):
        text = text.replace(intrinsic, json.dumps(arn))
    return json.loads(text)


@cache
def account_template() -> Template:
    return load_template(onboarding.TEMPLATE.read_text(encoding="utf-8"))


@cache
def team_template() -> Template:
    return load_template(onboarding.TEAM_TEMPLATE.read_text(encoding="utf-8"))


@cache
def shared_account() -> Account:
    """The account that both teams use, as the templates in the repository set it up."""
    return onboarded(account_template(), team_template())


@cache
def keeping_account() -> Account:
    """The same account with environments from before there was one role per team, and an adopted stack."""
    return onboarded(account_template(), team_template(), KEEPING_PARAMETERS)


ORDERS: Final = Environment("payments", "orders-dev", "7k2mx", "7c0f4f2e-0000-4000-8000-000000000001")
"""Alice's environment."""
REFUNDS: Final = replace(
    ORDERS, name="refunds-dev", generation="4bq9z", environment_id="7c0f4f2e-0000-4000-8000-000000000002"
)
"""Another environment of alice's team."""
ROUTES: Final = Environment("logistics", "routes-prod", "z93hc", "ffffffff-0000-4000-8000-00000000000f")
"""Charlie's environment."""
