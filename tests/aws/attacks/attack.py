"""The records of an attack, and the things in the account that attacks are about."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from typing import Final

from provisioning.aws import onboarding
from provisioning.policy.decide import Decision, decide, decide_for_service
from provisioning.policy.principal import Principal, ServicePrincipal
from tests.aws.onboarded import ACCOUNT, EVERYTHING, ORDERS, PORTALS_ACCOUNT, REFUNDS, REGION, ROUTES, WORKER, Account

Context = Mapping[str, str | list[str]]


class Who(StrEnum):
    """Whose credentials are used."""

    STACK = "CloudFormation with payments' stack role"
    PORTAL = "the portal's role"
    ROLE = "a role of orders-dev whose own policy allows everything"
    FORGED = "a role of orders-dev that carries all of charlie's tags but the team"
    SESSION = "a session of orders-dev's role that somebody began with charlie's tags"
    PORTAL_WORKER = "a role of payments' environment of the blueprint portal"
    FORMER_STACK = "CloudFormation with the stack role of former environments"
    CI = "an administrator's pipeline in the account"
    WORKER = "the portal's worker, in the portal's account"
    CLOUDFORMATION = "CloudFormation itself"
    EVENTBRIDGE = "EventBridge itself"
    STRANGER = "another role of the portal's account"


class Policy(StrEnum):
    """The policy of the resource, which is evaluated too."""

    NONE = ""
    ARTEFACTS = "the artefact bucket's policy"
    QUEUE = "the event queue's policy"
    PORTAL_TRUST = "the trust policy of the portal's role"
    STACK_TRUST = "the trust policy of payments' stack role"


@dataclass(frozen=True, slots=True)
class Deed:
    """One call. `tags` are those of the resource, empty for what nobody tagged."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)
    tags: Mapping[str, str] = field(default_factory=dict)
    policy: Policy = Policy.NONE


@dataclass(frozen=True, slots=True)
class Attack:
    who: Who
    what: str
    deed: Deed
    denied_by: str
    own: Deed | None = None


by_stack: Final = partial(Attack, Who.STACK)
by_portal: Final = partial(Attack, Who.PORTAL)
by_role: Final = partial(Attack, Who.ROLE)
by_forged: Final = partial(Attack, Who.FORGED)
by_session: Final = partial(Attack, Who.SESSION)


SERVICES: Final = {Who.CLOUDFORMATION: "cloudformation.amazonaws.com", Who.EVENTBRIDGE: "events.amazonaws.com"}
"""Callers that are services of AWS: only the resource's own policy counts for them."""


def decision_on(account: Account, who: Who, deed: Deed) -> Decision:
    policies = {
        Policy.NONE: None,
        Policy.ARTEFACTS: account.artefact_bucket,
        Policy.QUEUE: account.event_queue,
        Policy.PORTAL_TRUST: account.portal_trust,
        Policy.STACK_TRUST: account.stack_role_trust,
    }
    policy = policies[deed.policy]
    if who in SERVICES and policy is not None:
        return decide_for_service(
            ServicePrincipal(SERVICES[who]), deed.action, deed.resource, context=deed.context, resource_policy=policy
        )
    return decide(
        caller(account, who),
        deed.action,
        deed.resource,
        context=deed.context,
        resource_tags=deed.tags or None,
        resource_policy=policy,
    )


def caller(account: Account, who: Who) -> Principal:
    callers = {
        Who.STACK: account.stack_role,
        Who.PORTAL: account.portal,
        Who.ROLE: account.worst_role_of(ORDERS),
        Who.FORGED: account.worst_role_of(ORDERS, forged={**ROUTES.tags, "portal:team": ORDERS.team}),
        Who.SESSION: account.worst_role_of(ORDERS, forged=ROUTES.tags),
        Who.PORTAL_WORKER: account.worst_role_of(replace(ORDERS, blueprint="portal")),
        Who.FORMER_STACK: account.former_stack_role,
        Who.CI: Principal(f"arn:aws:iam::{ACCOUNT}:role/ci", EVERYTHING),
        Who.WORKER: Principal(WORKER, EVERYTHING),
        Who.STRANGER: Principal(f"arn:aws:iam::{PORTALS_ACCOUNT}:role/wiki", EVERYTHING),
    }
    return callers[who]


def arn(service: str, rest: str, *, region: str = REGION, account_id: str = ACCOUNT) -> str:
    return f"arn:aws:{service}:{region}:{account_id}:{rest}"


def role(path: str) -> str:
    return arn("iam", f"role/{path}", region="")


def stack(name: str, stack_id: str = "0a1b2c3d-1111-4222-8333-444455556666") -> str:
    """The ARN of a stack. One that does not exist yet has an asterisk for its id."""
    return arn("cloudformation", f"stack/{name}/{stack_id}")


def passed_to(service: str) -> Context:
    return {"iam:PassedToService": f"{service}.amazonaws.com"}


def records(*names: str) -> Context:
    return {"route53:ChangeResourceRecordSetsNormalizedRecordNames": list(names)}


ADMIN: Final = role("Admin")
PAYMENTS_ROLE: Final = onboarding.stack_role_arn(ACCOUNT, "payments")
LOGISTICS_ROLE: Final = onboarding.stack_role_arn(ACCOUNT, "logistics")
BOUNDARY: Final = onboarding.environment_boundary_arn(ACCOUNT)
WITH_BOUNDARY: Final[Context] = {"iam:PermissionsBoundary": BOUNDARY}
AS_PAYMENTS: Final[Context] = {"cloudformation:RoleArn": PAYMENTS_ROLE}
AS_LOGISTICS: Final[Context] = {"cloudformation:RoleArn": LOGISTICS_ROLE}
ARTEFACTS: Final = f"arn:aws:s3:::{onboarding.artefact_bucket(ACCOUNT, REGION)}"
CODE: Final = f"{ARTEFACTS}/artefacts/0a1b2c3d.zip"
QUEUE: Final = onboarding.event_queue_arn(ACCOUNT, REGION)
NEW_STACK: Final = stack(ORDERS.prefix, "*")
OWN_STACK: Final = stack(ORDERS.prefix)
CHARLIES_STACK: Final = stack(ROUTES.prefix)
CDK_STACK: Final = stack("CDKToolkit")

# What nobody tagged, and what the portal's tags mark as somebody's.
PORTALS: Final = {"portal:team": onboarding.PORTALS_OWN}
OWN: Final = ORDERS.tags
NEIGHBOURS: Final = REFUNDS.tags
CHARLIES: Final = ROUTES.tags
TEAMS_OWN: Final = {"portal:team": ORDERS.team}
"""What payments brought itself, for all its environments."""
OTHER_TEAMS_OWN: Final = {"portal:team": ROUTES.team}
