"""What a role of an environment can try with other roles."""

from __future__ import annotations

from typing import Final

from tests.aws.attacks.attack import (
    ADMIN,
    LOGISTICS_ROLE,
    OWN,
    PAYMENTS_ROLE,
    WITH_BOUNDARY,
    Attack,
    Deed,
    Who,
    by_role,
    passed_to,
    role,
)
from tests.aws.onboarded import (
    ORDERS,
    REFUNDS,
)

ATTACKS: Final = (
    by_role(
        "passes a role without a boundary to ECS",
        Deed("iam:PassRole", role("legacy-task"), passed_to("ecs-tasks")),
        "PassOwnRolesToEcs",
        Deed("iam:PassRole", ORDERS.role(), passed_to("ecs-tasks")),
    ),
    by_role(
        "passes a role of another environment of its team",
        Deed("iam:PassRole", REFUNDS.role(), passed_to("ecs-tasks")),
        "PassOwnRolesToEcs",
    ),
    by_role(
        "passes a role of an environment whose name begins like its own",
        Deed("iam:PassRole", role("portal/env/payments/orders-dev-7k2mx-2/api"), passed_to("ecs-tasks")),
        "PassOwnRolesToEcs",
    ),
    by_role(
        "passes its stack role to ECS", Deed("iam:PassRole", PAYMENTS_ROLE, passed_to("ecs-tasks")), "PassOwnRolesToEcs"
    ),
    by_role(
        "passes its own role to Lambda", Deed("iam:PassRole", ORDERS.role(), passed_to("lambda")), "PassOwnRolesToEcs"
    ),
    by_role("makes a role", Deed("iam:CreateRole", ORDERS.role(), WITH_BOUNDARY), ""),
    by_role(
        "takes its own boundary off", Deed("iam:DeleteRolePermissionsBoundary", ORDERS.role("worst"), tags=OWN), ""
    ),
    by_role("writes a policy onto itself", Deed("iam:PutRolePolicy", ORDERS.role("worst"), tags=OWN), ""),
    by_role(
        "changes its own tags",
        Deed("iam:TagRole", ORDERS.role("worst"), {"aws:RequestTag/portal:environment-id": "ffff"}, OWN),
        "",
    ),
    by_role("assumes Admin", Deed("sts:AssumeRole", ADMIN), "OnlyThePortalsOwnWorkerAssumes"),
    by_role(
        "assumes another team's stack role", Deed("sts:AssumeRole", LOGISTICS_ROLE), "OnlyThePortalsOwnWorkerAssumes"
    ),
    by_role(
        "assumes the portal's role, although it is no portal",
        Deed("sts:AssumeRole", role("portal")),
        "OnlyThePortalsOwnWorkerAssumes",
    ),
    by_role(
        "assumes a role of another account",
        Deed("sts:AssumeRole", "arn:aws:iam::444455556666:role/OrganizationAccountAccessRole"),
        "OnlyThePortalsOwnWorkerAssumes",
    ),
    Attack(
        Who.PORTAL_WORKER,
        "assumes Admin",
        Deed("sts:AssumeRole", ADMIN),
        "OnlyThePortalsOwnWorkerAssumes",
        Deed("sts:AssumeRole", role("portal")),
    ),
    Attack(
        Who.PORTAL_WORKER,
        "assumes a role of another account whose name begins like the portal's",
        Deed("sts:AssumeRole", "arn:aws:iam::444455556666:role/portal-admin"),
        "OnlyThePortalsOwnWorkerAssumes",
        Deed("sts:AssumeRole", "arn:aws:iam::444455556666:role/portal"),
    ),
    by_role("creates a stack", Deed("cloudformation:CreateStack"), ""),
    by_role("reads what the account costs", Deed("ce:GetCostAndUsage"), ""),
)
