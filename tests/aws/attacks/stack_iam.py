"""What a template can try with roles and policies."""

from __future__ import annotations

from typing import Final

from tests.aws.attacks.attack import (
    ADMIN,
    BOUNDARY,
    CHARLIES,
    LOGISTICS_ROLE,
    OWN,
    PAYMENTS_ROLE,
    PORTALS,
    TEAMS_OWN,
    WITH_BOUNDARY,
    Context,
    Deed,
    arn,
    by_stack,
    passed_to,
    role,
)
from tests.aws.onboarded import (
    ORDERS,
    ROUTES,
)


def _tagging(team: str, *keys: str) -> Context:
    return {"aws:RequestTag/portal:team": team, "aws:TagKeys": list(keys or ("portal:team",))}


_OWN_PROFILE = arn("iam", f"instance-profile/portal/env/{ORDERS.scope}/hosts", region="")

ATTACKS: Final = (
    by_stack(
        "makes a role outside the path of environments",
        Deed("iam:CreateRole", role("x"), WITH_BOUNDARY),
        "MakeRolesWithTheBoundaryOnly",
        Deed("iam:CreateRole", ORDERS.role(), WITH_BOUNDARY),
    ),
    by_stack(
        "makes a role without the boundary", Deed("iam:CreateRole", ORDERS.role()), "MakeRolesWithTheBoundaryOnly"
    ),
    by_stack(
        "makes a role with the boundary of former environments, which is wider",
        Deed(
            "iam:CreateRole",
            ORDERS.role(),
            {"iam:PermissionsBoundary": arn("iam", "policy/portal-boundary", region="")},
        ),
        "MakeRolesWithTheBoundaryOnly",
    ),
    by_stack(
        "makes a role under another team's path",
        Deed("iam:CreateRole", ROUTES.role(), WITH_BOUNDARY),
        "MakeRolesWithTheBoundaryOnly",
    ),
    by_stack(
        "makes a role under the path of a team whose key begins like its own",
        Deed("iam:CreateRole", role("portal/env/payments-eu/shop-dev-7k2mx/api"), WITH_BOUNDARY),
        "MakeRolesWithTheBoundaryOnly",
    ),
    by_stack(
        "makes a role next to its team's path, with two hyphens",
        Deed("iam:CreateRole", role("portal/env/payments--orders/api"), WITH_BOUNDARY),
        "MakeRolesWithTheBoundaryOnly",
    ),
    by_stack(
        "makes another stack role, for everything",
        Deed("iam:CreateRole", role("portal/stacks/portal-stacks-payments2"), WITH_BOUNDARY),
        "MakeRolesWithTheBoundaryOnly",
    ),
    by_stack(
        "makes a role that carries another team's name",
        Deed("iam:CreateRole", ORDERS.role(), {**WITH_BOUNDARY, **_tagging("logistics")}),
        "NeverTagAsAnotherTeams",
        Deed("iam:CreateRole", ORDERS.role(), {**WITH_BOUNDARY, **_tagging("payments")}),
    ),
    by_stack(
        "relabels its own role as another team's",
        Deed("iam:TagRole", ORDERS.role(), _tagging("logistics"), OWN),
        "NeverTagAsAnotherTeams",
        Deed("iam:TagRole", ORDERS.role(), _tagging("payments"), OWN),
    ),
    by_stack(
        "takes the team's name off its own role",
        Deed("iam:UntagRole", ORDERS.role(), {"aws:TagKeys": ["portal:team"]}, OWN),
        "NeverTakeTheTagsAway",
    ),
    by_stack(
        "passes an administrator's role to Lambda",
        Deed("iam:PassRole", ADMIN, passed_to("lambda")),
        "PassOwnRolesToWhatRunsThem",
        Deed("iam:PassRole", ORDERS.role(), passed_to("lambda")),
    ),
    by_stack(
        "passes another team's role to ECS",
        Deed("iam:PassRole", ROUTES.role(), passed_to("ecs-tasks")),
        "PassOwnRolesToWhatRunsThem",
        Deed("iam:PassRole", ORDERS.role(), passed_to("ecs-tasks")),
    ),
    by_stack(
        "passes its own role to CodeBuild",
        Deed("iam:PassRole", ORDERS.role(), passed_to("codebuild")),
        "PassOwnRolesToWhatRunsThem",
    ),
    by_stack(
        "passes its own role to EventBridge Scheduler",
        Deed("iam:PassRole", ORDERS.role(), passed_to("scheduler")),
        "PassOwnRolesToWhatRunsThem",
    ),
    by_stack(
        "passes its own stack role to Lambda, to run code with it",
        Deed("iam:PassRole", PAYMENTS_ROLE, passed_to("lambda")),
        "PassOwnRolesToWhatRunsThem",
    ),
    by_stack(
        "passes another team's stack role to CloudFormation for a nested stack",
        Deed("iam:PassRole", LOGISTICS_ROLE, passed_to("cloudformation")),
        "PassOwnRolesToWhatRunsThem",
    ),
    by_stack(
        "passes an EC2 instance role that was there before",
        Deed("iam:PassRole", role("ec2-admin"), passed_to("ec2")),
        "PassOwnRolesToWhatRunsThem",
        Deed("iam:PassRole", ORDERS.role("hosts"), passed_to("ec2")),
    ),
    by_stack(
        "changes who may assume Admin",
        Deed("iam:UpdateAssumeRolePolicy", ADMIN),
        "KeepRoles",
        Deed("iam:UpdateAssumeRolePolicy", ORDERS.role(), tags=OWN),
    ),
    by_stack(
        "lets another account assume charlie's role",
        Deed("iam:UpdateAssumeRolePolicy", ROUTES.role(), tags=CHARLIES),
        "NeverWhatIsAnotherTeams",
    ),
    by_stack(
        "lets everybody assume the portal's role",
        Deed("iam:UpdateAssumeRolePolicy", role("portal"), tags=PORTALS),
        "NeverWhatIsAnotherTeams",
    ),
    by_stack(
        "lengthens the sessions of the portal's role by UpdateRole",
        Deed("iam:UpdateRole", role("portal"), tags=PORTALS),
        "NeverWhatIsAnotherTeams",
        Deed("iam:UpdateRole", ORDERS.role(), tags=OWN),
    ),
    by_stack(
        "puts a foreign role into an instance profile that was there before",
        Deed("iam:AddRoleToInstanceProfile", arn("iam", "instance-profile/old", region="")),
        "KeepRoles",
        Deed("iam:AddRoleToInstanceProfile", _OWN_PROFILE),
    ),
    by_stack(
        "writes a policy onto another team's role",
        Deed("iam:PutRolePolicy", ROUTES.role(), WITH_BOUNDARY, CHARLIES),
        "NeverWhatIsAnotherTeams",
        Deed("iam:PutRolePolicy", ORDERS.role(), WITH_BOUNDARY, OWN),
    ),
    by_stack(
        "writes a policy onto its own stack role",
        Deed("iam:PutRolePolicy", PAYMENTS_ROLE, WITH_BOUNDARY, TEAMS_OWN),
        "MakeRolesWithTheBoundaryOnly",
    ),
    by_stack(
        "attaches AdministratorAccess to a role that lost its boundary",
        Deed(
            "iam:AttachRolePolicy", ORDERS.role(), {"iam:PolicyARN": "arn:aws:iam::aws:policy/AdministratorAccess"}, OWN
        ),
        "MakeRolesWithTheBoundaryOnly",
    ),
    by_stack("makes a new version of the boundary", Deed("iam:CreatePolicyVersion", BOUNDARY), ""),
    by_stack("goes back to an older version of the boundary", Deed("iam:SetDefaultPolicyVersion", BOUNDARY), ""),
    by_stack("deletes the boundary", Deed("iam:DeletePolicy", BOUNDARY), ""),
    by_stack(
        "takes the boundary off its role",
        Deed("iam:DeleteRolePermissionsBoundary", ORDERS.role(), WITH_BOUNDARY, OWN),
        "",
    ),
    by_stack(
        "exchanges the boundary of its role for AdministratorAccess",
        Deed(
            "iam:PutRolePermissionsBoundary",
            ORDERS.role(),
            {"iam:PermissionsBoundary": "arn:aws:iam::aws:policy/AdministratorAccess"},
            OWN,
        ),
        "MakeRolesWithTheBoundaryOnly",
        Deed("iam:PutRolePermissionsBoundary", ORDERS.role(), WITH_BOUNDARY, OWN),
    ),
    by_stack("makes a user with access keys", Deed("iam:CreateUser", arn("iam", "user/bob", region="")), ""),
    by_stack(
        "trusts an identity provider of its own choice",
        Deed("iam:CreateOpenIDConnectProvider", arn("iam", "oidc-provider/evil.example.com", region="")),
        "",
    ),
    by_stack(
        "makes the service-linked role of a service that no component uses",
        Deed(
            "iam:CreateServiceLinkedRole",
            role("aws-service-role/organizations.amazonaws.com/AWSServiceRoleForOrganizations"),
            {"iam:AWSServiceName": "organizations.amazonaws.com"},
        ),
        "ServiceLinkedRolesOfTheseServices",
        Deed(
            "iam:CreateServiceLinkedRole",
            role("aws-service-role/ecs.amazonaws.com/AWSServiceRoleForECS"),
            {"iam:AWSServiceName": "ecs.amazonaws.com"},
        ),
    ),
    by_stack("assumes Admin", Deed("sts:AssumeRole", ADMIN), "NotWhatStacksNeverNeed"),
    by_stack("assumes the portal's role", Deed("sts:AssumeRole", role("portal")), "NotWhatStacksNeverNeed"),
)
