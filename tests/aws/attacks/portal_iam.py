"""What a bug or a taken-over worker can try with roles and the portal's role."""

from __future__ import annotations

from typing import Final

from tests.aws.attacks.attack import (
    ADMIN,
    BOUNDARY,
    LOGISTICS_ROLE,
    PAYMENTS_ROLE,
    PORTALS,
    Deed,
    arn,
    by_portal,
    passed_to,
    role,
)
from tests.aws.onboarded import (
    ORDERS,
)

ATTACKS: Final = (
    by_portal(
        "passes Admin to CloudFormation",
        Deed("iam:PassRole", ADMIN, passed_to("cloudformation")),
        "StacksActAsATeam",
        Deed("iam:PassRole", PAYMENTS_ROLE, passed_to("cloudformation")),
    ),
    by_portal(
        "passes the stack role of former environments",
        Deed("iam:PassRole", role("portal-stacks"), passed_to("cloudformation")),
        "StacksActAsATeam",
    ),
    by_portal(
        "passes a role whose name begins like the stack roles' path",
        Deed("iam:PassRole", role("portal/stacksAdmin"), passed_to("cloudformation")),
        "StacksActAsATeam",
    ),
    by_portal(
        "passes a stack role to Lambda", Deed("iam:PassRole", LOGISTICS_ROLE, passed_to("lambda")), "StacksActAsATeam"
    ),
    by_portal(
        "passes an environment's role to Lambda",
        Deed("iam:PassRole", ORDERS.role(), passed_to("lambda")),
        "OneOffTasksPassRolesOfEnvironments",
    ),
    by_portal(
        "runs a task with a role that was there before",
        Deed("iam:PassRole", role("legacy-task"), passed_to("ecs-tasks")),
        "StacksActAsATeam",
        Deed("iam:PassRole", ORDERS.role(), passed_to("ecs-tasks")),
    ),
    by_portal(
        "runs a task with its own role",
        Deed("iam:PassRole", role("portal"), passed_to("ecs-tasks")),
        "StacksActAsATeam",
    ),
    by_portal("makes a new version of the boundary", Deed("iam:CreatePolicyVersion", BOUNDARY), ""),
    by_portal("gives itself a policy", Deed("iam:PutRolePolicy", role("portal"), tags=PORTALS), ""),
    by_portal("changes who may assume it", Deed("iam:UpdateAssumeRolePolicy", role("portal"), tags=PORTALS), ""),
    by_portal("makes a role", Deed("iam:CreateRole", ORDERS.role()), ""),
    by_portal("assumes Admin", Deed("sts:AssumeRole", ADMIN), ""),
    by_portal(
        "reads the policies of roles that are not the portal's",
        Deed("iam:ListRolePolicies", ADMIN),
        "TestConnection",
        Deed("iam:ListRolePolicies", PAYMENTS_ROLE),
    ),
    by_portal(
        "reads a policy of the account, to find a weakness",
        Deed("iam:GetPolicyVersion", arn("iam", "policy/payroll", region="")),
        "TestConnection",
        Deed("iam:GetPolicyVersion", BOUNDARY),
    ),
    by_portal("makes a service-linked role", Deed("iam:CreateServiceLinkedRole", role("aws-service-role/x/x")), ""),
)
