"""What a bug or a taken-over worker can try with CloudFormation and the portal's role."""

from __future__ import annotations

from typing import Final

from tests.aws.attacks.attack import (
    AS_LOGISTICS,
    AS_PAYMENTS,
    CDK_STACK,
    CHARLIES,
    CHARLIES_STACK,
    NEW_STACK,
    OWN,
    OWN_STACK,
    Context,
    Deed,
    by_portal,
    role,
    stack,
)
from tests.aws.onboarded import (
    ADOPTED_STACK,
    ORDERS,
    ROUTES,
)

_TAGS = ORDERS.request_tags
_CREATE: Final[Context] = {**_TAGS, **AS_PAYMENTS}
_CDK_ROLE = {"cloudformation:RoleArn": role("cdk-hnb659fds-cfn-exec-role")}
_FORMER_ROLE = {"cloudformation:RoleArn": role("portal-stacks")}
_FOUNDATION = stack("portal-onboarding")
_IMPORT: Final[Context] = {"cloudformation:ImportResourceTypes": ["AWS::RDS::DBInstance"]}

ATTACKS: Final = (
    by_portal(
        "creates a stack without an environment's id, which nothing could delete",
        Deed(
            "cloudformation:CreateStack",
            NEW_STACK,
            {key: text for key, text in _CREATE.items() if key != "aws:RequestTag/portal:environment-id"},
        ),
        "CreateStacksAsATeam",
    ),
    by_portal(
        "drafts a stack without an environment's id",
        Deed(
            "cloudformation:CreateChangeSet",
            NEW_STACK,
            {key: text for key, text in _CREATE.items() if key != "aws:RequestTag/portal:environment-id"},
        ),
        "DraftStacksAsATeam",
    ),
    by_portal(
        "drafts a stack without a generation",
        Deed(
            "cloudformation:CreateChangeSet",
            NEW_STACK,
            {key: text for key, text in _CREATE.items() if key != "aws:RequestTag/portal:generation"},
        ),
        "DraftStacksAsATeam",
    ),
    by_portal(
        "takes over a stack of charlie's that somebody tagged with alice's environment",
        Deed("cloudformation:CreateChangeSet", CHARLIES_STACK, _CREATE, {**OWN, "portal:team": "logistics"}),
        "ChangeStacksOfTheSameEnvironment",
    ),
    by_portal(
        "creates a stack that acts as the CDK's administrator",
        Deed("cloudformation:CreateStack", stack("x", "*"), {**_TAGS, **_CDK_ROLE}),
        "CreateStacksAsATeam",
        Deed("cloudformation:CreateStack", NEW_STACK, _CREATE),
    ),
    by_portal(
        "creates a stack with its own rights",
        Deed("cloudformation:CreateStack", NEW_STACK, _TAGS),
        "CreateStacksAsATeam",
    ),
    by_portal(
        "creates charlie's environment with payments' role",
        Deed("cloudformation:CreateStack", stack(ROUTES.prefix, "*"), {**ROUTES.request_tags, **AS_PAYMENTS}),
        "CreateStacksAsATeam",
    ),
    by_portal(
        "creates alice's environment with logistics' role",
        Deed("cloudformation:CreateStack", NEW_STACK, {**_TAGS, **AS_LOGISTICS}),
        "CreateStacksAsATeam",
    ),
    by_portal(
        "creates a stack for the team *, to use any stack role",
        Deed("cloudformation:CreateStack", NEW_STACK, {**_TAGS, "aws:RequestTag/portal:team": "*", **AS_LOGISTICS}),
        "CreateStacksAsATeam",
    ),
    by_portal(
        "creates a stack without a team",
        Deed("cloudformation:CreateStack", NEW_STACK, AS_PAYMENTS),
        "CreateStacksAsATeam",
    ),
    by_portal(
        "creates a stack that no environment owns",
        Deed("cloudformation:CreateStack", NEW_STACK, {"aws:RequestTag/portal:team": "payments", **AS_PAYMENTS}),
        "CreateStacksAsATeam",
    ),
    by_portal(
        "creates a stack without a generation, whose buckets would belong to nobody",
        Deed(
            "cloudformation:CreateStack",
            NEW_STACK,
            {key: text for key, text in _CREATE.items() if key != "aws:RequestTag/portal:generation"},
        ),
        "CreateStacksAsATeam",
    ),
    by_portal(
        "creates a stack with the stack role of former environments",
        Deed("cloudformation:CreateStack", NEW_STACK, {**_TAGS, **_FORMER_ROLE}),
        "CreateStacksAsATeam",
    ),
    by_portal(
        "updates a CDK stack, which keeps its own service role",
        Deed("cloudformation:UpdateStack", CDK_STACK),
        "",
    ),
    by_portal(
        "updates its own stack without a plan",
        Deed("cloudformation:UpdateStack", OWN_STACK, _CREATE, OWN),
        "",
    ),
    by_portal(
        "makes a change set for a foreign stack",
        Deed("cloudformation:CreateChangeSet", CDK_STACK, _CREATE),
        "ChangeStacksOfTheSameEnvironment",
        Deed("cloudformation:CreateChangeSet", OWN_STACK, _CREATE, OWN),
    ),
    by_portal(
        "makes a change set for a foreign stack, with the stack's own role",
        Deed("cloudformation:CreateChangeSet", CDK_STACK, _TAGS),
        "ChangeStacksOfTheSameEnvironment",
    ),
    by_portal(
        "makes a change set for charlie's stack with payments' role and tags",
        Deed("cloudformation:CreateChangeSet", CHARLIES_STACK, _CREATE, CHARLIES),
        "ChangeStacksOfTheSameEnvironment",
    ),
    by_portal(
        "makes a change set that moves alice's stack to charlie's team",
        Deed("cloudformation:CreateChangeSet", OWN_STACK, {**ROUTES.request_tags, **AS_LOGISTICS}, OWN),
        "ChangeStacksOfTheSameEnvironment",
    ),
    by_portal(
        "makes a change set that gives the stack another environment's id",
        Deed(
            "cloudformation:CreateChangeSet",
            OWN_STACK,
            {**_CREATE, "aws:RequestTag/portal:environment-id": ROUTES.environment_id},
            OWN,
        ),
        "ChangeStacksOfTheSameEnvironment",
    ),
    by_portal(
        "makes a change set that gives the stack another generation",
        Deed(
            "cloudformation:CreateChangeSet",
            OWN_STACK,
            {**_CREATE, "aws:RequestTag/portal:generation": ROUTES.generation},
            OWN,
        ),
        "ChangeStacksOfTheSameEnvironment",
    ),
    by_portal(
        "makes a change set without tags, which removes them from the stack",
        Deed("cloudformation:CreateChangeSet", OWN_STACK, AS_PAYMENTS, OWN),
        "ChangeStacksOfTheSameEnvironment",
    ),
    by_portal(
        "imports another's database into alice's stack",
        Deed("cloudformation:CreateChangeSet", OWN_STACK, {**_CREATE, **_IMPORT}, OWN),
        "NeverImportResources",
    ),
    by_portal(
        "imports another's database into a new stack",
        Deed("cloudformation:CreateChangeSet", NEW_STACK, {**_CREATE, **_IMPORT}),
        "NeverImportResources",
        Deed("cloudformation:CreateChangeSet", NEW_STACK, _CREATE),
    ),
    by_portal(
        "drafts a new stack with the CDK's administrator",
        Deed("cloudformation:CreateChangeSet", stack("x", "*"), {**_TAGS, **_CDK_ROLE}),
        "DraftStacksAsATeam",
    ),
    by_portal(
        "drafts charlie's stack with payments' role",
        Deed("cloudformation:CreateChangeSet", stack(ROUTES.prefix, "*"), {**ROUTES.request_tags, **AS_PAYMENTS}),
        "DraftStacksAsATeam",
    ),
    by_portal(
        "drafts a stack that no environment owns",
        Deed("cloudformation:CreateChangeSet", NEW_STACK, {"aws:RequestTag/portal:team": "payments", **AS_PAYMENTS}),
        "DraftStacksAsATeam",
    ),
    by_portal(
        "executes a change set that somebody left on a foreign stack",
        Deed("cloudformation:ExecuteChangeSet", CDK_STACK),
        "OnlyStacksOfThePortal",
        Deed("cloudformation:ExecuteChangeSet", OWN_STACK, tags=OWN),
    ),
    by_portal(
        "deletes a change set of a foreign stack",
        Deed("cloudformation:DeleteChangeSet", CDK_STACK),
        "OnlyStacksOfThePortal",
        Deed("cloudformation:DeleteChangeSet", OWN_STACK, tags=OWN),
    ),
    by_portal(
        "continues the rollback of a foreign stack",
        Deed("cloudformation:ContinueUpdateRollback", CDK_STACK, AS_PAYMENTS),
        "EndStacksAsTheirTeam",
        Deed("cloudformation:ContinueUpdateRollback", OWN_STACK, AS_PAYMENTS, OWN),
    ),
    by_portal(
        "continues the rollback of alice's stack with the CDK's administrator",
        Deed("cloudformation:ContinueUpdateRollback", OWN_STACK, _CDK_ROLE, OWN),
        "EndStacksAsTheirTeam",
    ),
    by_portal(
        "continues the rollback of alice's stack with the role that the stack happens to have",
        Deed("cloudformation:ContinueUpdateRollback", OWN_STACK, tags=OWN),
        "EndStacksAsTheirTeam",
    ),
    by_portal(
        "rolls charlie's stack back with payments' role",
        Deed("cloudformation:RollbackStack", CHARLIES_STACK, AS_PAYMENTS, CHARLIES),
        "EndStacksAsTheirTeam",
        Deed("cloudformation:RollbackStack", OWN_STACK, AS_PAYMENTS, OWN),
    ),
    by_portal(
        "cancels the update of a foreign stack",
        Deed("cloudformation:CancelUpdateStack", CDK_STACK),
        "OnlyStacksOfThePortal",
        Deed("cloudformation:CancelUpdateStack", OWN_STACK, tags=OWN),
    ),
    by_portal(
        "deletes a foreign stack",
        Deed("cloudformation:DeleteStack", stack("payroll"), AS_PAYMENTS),
        "EndStacksAsTheirTeam",
        Deed("cloudformation:DeleteStack", OWN_STACK, AS_PAYMENTS, OWN),
    ),
    by_portal(
        "deletes alice's stack without a role",
        Deed("cloudformation:DeleteStack", OWN_STACK, tags=OWN),
        "EndStacksAsTheirTeam",
    ),
    by_portal(
        "deletes charlie's stack with payments' role",
        Deed("cloudformation:DeleteStack", CHARLIES_STACK, AS_PAYMENTS, CHARLIES),
        "EndStacksAsTheirTeam",
    ),
    by_portal(
        "deletes a stack that carries a team's tag but belongs to no environment",
        Deed("cloudformation:DeleteStack", stack("payroll"), AS_PAYMENTS, {"portal:team": "payments"}),
        "EndStacksAsTheirTeam",
    ),
    by_portal(
        "deletes an adopted stack that no administrator listed",
        Deed("cloudformation:DeleteStack", ADOPTED_STACK, AS_PAYMENTS),
        "EndStacksAsTheirTeam",
    ),
    by_portal(
        "deletes its own foundation, which somebody tagged",
        Deed("cloudformation:DeleteStack", _FOUNDATION, AS_PAYMENTS, OWN),
        "NeverItsOwnFoundation",
    ),
    by_portal(
        "changes a team's foundation, which somebody tagged",
        Deed("cloudformation:CreateChangeSet", stack("portal-onboarding-payments"), _CREATE, OWN),
        "NeverItsOwnFoundation",
    ),
    by_portal(
        "creates a second foundation",
        Deed("cloudformation:CreateStack", stack("portal-onboarding-evil", "*"), _CREATE),
        "NeverItsOwnFoundation",
    ),
    by_portal(
        "lifts the termination protection of a foreign stack",
        Deed("cloudformation:UpdateTerminationProtection", CDK_STACK),
        "OnlyStacksOfThePortal",
        Deed("cloudformation:UpdateTerminationProtection", OWN_STACK, tags=OWN),
    ),
    by_portal(
        "replaces the stack policy of a foreign stack",
        Deed("cloudformation:SetStackPolicy", CDK_STACK),
        "OnlyStacksOfThePortal",
        Deed("cloudformation:SetStackPolicy", NEW_STACK),
    ),
    by_portal(
        "tags a foreign stack as the portal's, to delete it then",
        Deed("cloudformation:TagResource", stack("payroll"), _TAGS),
        "TagStacksInTheSameRequest",
        Deed("cloudformation:TagResource", NEW_STACK, {**_TAGS, "cloudformation:CreateAction": "CreateStack"}),
    ),
    by_portal(
        "tags a stack in an update",
        Deed("cloudformation:TagResource", stack("payroll"), {**_TAGS, "cloudformation:CreateAction": "UpdateStack"}),
        "TagStacksInTheSameRequest",
    ),
    by_portal(
        "tags a stack as no environment's",
        Deed("cloudformation:TagResource", NEW_STACK, {"cloudformation:CreateAction": "CreateStack"}),
        "TagStacksInTheSameRequest",
    ),
    by_portal(
        "takes the tags off a stack",
        Deed("cloudformation:UntagResource", OWN_STACK, {"aws:TagKeys": ["portal:team"]}, OWN),
        "",
    ),
    by_portal(
        "creates a stack set, which acts as an administrator's role",
        Deed("cloudformation:CreateStackSet"),
        "",
    ),
    by_portal(
        "moves a resource from another's stack by a refactoring",
        Deed("cloudformation:CreateStackRefactor", CDK_STACK),
        "",
    ),
    by_portal("registers a hook that runs in every stack", Deed("cloudformation:RegisterType"), ""),
    by_portal(
        "signals that a foreign resource is complete",
        Deed("cloudformation:SignalResource", CDK_STACK),
        "",
    ),
)
