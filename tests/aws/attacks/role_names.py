"""What a role of an environment can try where names decide."""

from __future__ import annotations

from typing import Final

from tests.aws.attacks.attack import (
    CHARLIES,
    CODE,
    OTHER_TEAMS_OWN,
    TEAMS_OWN,
    Deed,
    Policy,
    arn,
    by_role,
)
from tests.aws.onboarded import (
    ORDERS,
    REFUNDS,
    ROUTES,
)

ATTACKS: Final = (
    by_role(
        "reads another team's bucket",
        Deed("s3:GetObject", f"{ROUTES.bucket('media')}/k"),
        "OwnBuckets",
        Deed("s3:GetObject", f"{ORDERS.bucket('media')}/k"),
    ),
    by_role(
        "reads the bucket of another environment of its team",
        Deed("s3:GetObject", f"{REFUNDS.bucket('media')}/k"),
        "OwnBuckets",
    ),
    by_role(
        "reads the bucket of a team whose key begins like its own",
        Deed("s3:GetObject", "arn:aws:s3:::pt-payments-eu--7k2mx-media-111122223333-eu-central-1-an/k"),
        "OwnBuckets",
    ),
    by_role(
        "reads the bucket of an earlier environment of the same name",
        Deed("s3:GetObject", "arn:aws:s3:::pt-payments--7k2my-media-111122223333-eu-central-1-an/k"),
        "OwnBuckets",
    ),
    by_role(
        "overwrites an artefact",
        Deed("s3:PutObject", CODE, policy=Policy.ARTEFACTS),
        "OnlyThePortalWrites",
        Deed("s3:PutObject", f"{ORDERS.bucket('media')}/k"),
    ),
    by_role("opens its own bucket by a policy", Deed("s3:PutBucketPolicy", ORDERS.bucket("media")), ""),
    by_role(
        "pushes an image into another team's repository",
        Deed("ecr:PutImage", arn("ecr", "repository/logistics/routes-prod/api")),
        "PushOwnImages",
        Deed("ecr:PutImage", arn("ecr", "repository/payments/orders-dev/api")),
    ),
    by_role(
        "pushes an image for another environment of its team",
        Deed("ecr:PutImage", arn("ecr", "repository/payments/refunds-dev/api")),
        "PushOwnImages",
    ),
    by_role(
        "pushes an image for an environment whose name begins like its own",
        Deed("ecr:PutImage", arn("ecr", "repository/payments/orders-dev-2/api")),
        "PushOwnImages",
    ),
    by_role(
        "pulls another team's image",
        Deed("ecr:BatchGetImage", arn("ecr", "repository/logistics/routes-prod/api"), tags=OTHER_TEAMS_OWN),
        "TeamsOwnByTag",
        Deed("ecr:BatchGetImage", arn("ecr", "repository/payments/base/python")),
    ),
    by_role(
        "pulls another team's image from a registry in another account",
        Deed("ecr:BatchGetImage", arn("ecr", "repository/logistics/base/python", account_id="444455556666")),
        "TeamsOwnByTag",
        Deed("ecr:BatchGetImage", arn("ecr", "repository/payments/base/python", account_id="444455556666")),
    ),
    by_role(
        "pulls an image that no team brought",
        Deed("ecr:BatchGetImage", arn("ecr", "repository/payroll")),
        "TeamsOwnByTag",
        Deed("ecr:BatchGetImage", arn("ecr", "repository/shared"), tags=TEAMS_OWN),
    ),
    by_role(
        "opens its own repository by a policy",
        Deed("ecr:SetRepositoryPolicy", arn("ecr", "repository/payments/orders-dev/api")),
        "",
    ),
    by_role(
        "reads another team's logs",
        Deed("logs:FilterLogEvents", arn("logs", f"log-group:/portal/{ROUTES.scope}/api"), tags=CHARLIES),
        "OwnNames",
        Deed("logs:FilterLogEvents", arn("logs", f"log-group:/portal/{ORDERS.scope}/api")),
    ),
    by_role(
        "reads the logs of another environment of its team",
        Deed("logs:StartQuery", arn("logs", f"log-group:/portal/{REFUNDS.scope}/api")),
        "OwnNames",
        Deed("logs:StartQuery", arn("logs", f"log-group:/portal/{ORDERS.scope}/api")),
    ),
    by_role(
        "writes into the logs of another environment of its team",
        Deed("logs:PutLogEvents", arn("logs", f"log-group:/portal/{REFUNDS.scope}/api:log-stream:x")),
        "OwnNames",
        Deed("logs:PutLogEvents", arn("logs", f"log-group:/portal/{ORDERS.scope}/api:log-stream:x")),
    ),
    by_role(
        "writes metrics into another team's namespace",
        Deed("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": f"portal/{ROUTES.scope}"}),
        "OwnMetrics",
        Deed("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": f"portal/{ORDERS.scope}"}),
    ),
    by_role(
        "registers a task definition of another environment",
        Deed("ecs:RegisterTaskDefinition", arn("ecs", f"task-definition/{ROUTES.prefix}-api:1")),
        "OwnNames",
        Deed("ecs:RegisterTaskDefinition", arn("ecs", f"task-definition/{ORDERS.prefix}-api:1")),
    ),
)
