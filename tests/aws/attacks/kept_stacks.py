"""What can be tried in an account that also has environments from before there was one role per
team, or stacks that the portal adopted.
"""

from __future__ import annotations

from typing import Final

from provisioning.aws import onboarding
from tests.aws.attacks.attack import (
    ADMIN,
    AS_PAYMENTS,
    CDK_STACK,
    NEW_STACK,
    OWN,
    PAYMENTS_ROLE,
    TEAMS_OWN,
    Attack,
    Context,
    Deed,
    Who,
    arn,
    by_portal,
    passed_to,
    role,
    stack,
)
from tests.aws.onboarded import ADOPTED_STACK, ORDERS

_FORMER_ROLE = role(onboarding.FORMER_STACK_ROLE)
_AS_FORMER: Final[Context] = {"cloudformation:RoleArn": _FORMER_ROLE}
_AS_ADMIN: Final[Context] = {"cloudformation:RoleArn": ADMIN}
_FORMER_STACK = stack("shop-dev")
_FORMER_TAGS = {"portal:team": "payments", "portal:environment": "shop-dev", "portal:environment-id": "0a1b"}
_FORMER_BOUNDARY: Final[Context] = {"iam:PermissionsBoundary": arn("iam", "policy/portal-boundary", region="")}
_NOT_THE_RULES = "NeverTheRolesThatHoldTheRules"


def _by_former_role(what: str, deed: Deed, denied_by: str, own: Deed | None = None) -> Attack:
    return Attack(Who.FORMER_STACK, what, deed, denied_by, own)


ATTACKS: Final = (
    by_portal(
        "creates a new stack with the former stack role",
        Deed("cloudformation:CreateStack", NEW_STACK, {**ORDERS.request_tags, **_AS_FORMER}),
        "CreateStacksAsATeam",
    ),
    by_portal(
        "changes a stack with the former stack role",
        Deed("cloudformation:CreateChangeSet", stack(ORDERS.prefix), {**ORDERS.request_tags, **_AS_FORMER}, OWN),
        "ChangeStacksOfTheSameEnvironment",
    ),
    by_portal(
        "deletes a foreign stack with the former stack role",
        Deed("cloudformation:DeleteStack", CDK_STACK, _AS_FORMER),
        "EndStacksAsTheirTeam",
        Deed("cloudformation:DeleteStack", _FORMER_STACK, _AS_FORMER, _FORMER_TAGS),
    ),
    by_portal(
        "deletes a former stack with the CDK's administrator",
        Deed("cloudformation:DeleteStack", _FORMER_STACK, _AS_ADMIN, _FORMER_TAGS),
        "EndStacksAsTheirTeam",
    ),
    by_portal(
        "passes the former stack role to Lambda",
        Deed("iam:PassRole", _FORMER_ROLE, passed_to("lambda")),
        "FormerStacksActAsTheirRole",
        Deed("iam:PassRole", _FORMER_ROLE, passed_to("cloudformation")),
    ),
    by_portal(
        "passes Admin to CloudFormation",
        Deed("iam:PassRole", ADMIN, passed_to("cloudformation")),
        "StacksActAsATeam",
    ),
    by_portal(
        "empties a bucket that no administrator listed",
        Deed("s3:DeleteObjectVersion", "arn:aws:s3:::payroll/k"),
        "TeardownOfBuckets",
        Deed("s3:DeleteObjectVersion", "arn:aws:s3:::shop-dev-media/k"),
    ),
    by_portal(
        "changes an adopted stack with an administrator's role",
        Deed("cloudformation:CreateChangeSet", ADOPTED_STACK, _AS_ADMIN),
        "ChangeStacksOfTheSameEnvironment",
        Deed("cloudformation:CreateChangeSet", ADOPTED_STACK, AS_PAYMENTS),
    ),
    by_portal(
        "deletes an adopted stack with the stack's own role",
        Deed("cloudformation:DeleteStack", ADOPTED_STACK),
        "EndStacksAsTheirTeam",
        Deed("cloudformation:DeleteStack", ADOPTED_STACK, AS_PAYMENTS),
    ),
    by_portal(
        "changes a stack that looks like an adopted one",
        Deed("cloudformation:CreateChangeSet", stack("shop", "ffff"), AS_PAYMENTS),
        "ChangeStacksOfTheSameEnvironment",
    ),
    by_portal(
        "executes a change set of a stack that is not adopted",
        Deed("cloudformation:ExecuteChangeSet", CDK_STACK),
        "OnlyStacksOfThePortal",
        Deed("cloudformation:ExecuteChangeSet", ADOPTED_STACK),
    ),
    _by_former_role(
        "changes who may assume payments' stack role",
        Deed("iam:UpdateAssumeRolePolicy", PAYMENTS_ROLE, tags=TEAMS_OWN),
        _NOT_THE_RULES,
        Deed("iam:UpdateAssumeRolePolicy", role("shop-dev-ServiceApiRole")),
    ),
    _by_former_role(
        "writes a policy onto a role of a new environment",
        Deed("iam:PutRolePolicy", ORDERS.role(), _FORMER_BOUNDARY, OWN),
        _NOT_THE_RULES,
        Deed("iam:PutRolePolicy", role("shop-dev-ServiceApiRole"), _FORMER_BOUNDARY),
    ),
    _by_former_role(
        "passes a role of a new environment to Lambda",
        Deed("iam:PassRole", ORDERS.role(), passed_to("lambda")),
        _NOT_THE_RULES,
    ),
    _by_former_role(
        "takes the boundary off a role",
        Deed("iam:DeleteRolePermissionsBoundary", role("shop-dev-ServiceApiRole"), _FORMER_BOUNDARY),
        "NeverWithoutTheBoundary",
    ),
    _by_former_role(
        "makes a new version of the boundary",
        Deed("iam:CreatePolicyVersion", onboarding.environment_boundary_arn("111122223333")),
        _NOT_THE_RULES,
    ),
)
