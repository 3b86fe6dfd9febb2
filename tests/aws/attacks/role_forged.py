"""What a role can try with the tags of charlie's environment. Its template can give it these but the
team, which the stack role's StackFences deny. The caller who assumes the role can give the session the
team's tag too, if the trust policy of the template says so.
"""

from __future__ import annotations

from typing import Final

from tests.aws.attacks.attack import (
    CHARLIES,
    Deed,
    arn,
    by_forged,
    by_session,
    passed_to,
)
from tests.aws.onboarded import (
    ROUTES,
)

ATTACKS: Final = (
    by_forged(
        "reads charlie's secret",
        Deed("secretsmanager:GetSecretValue", ROUTES.secret("database"), tags=CHARLIES),
        "OwnByTag",
    ),
    by_forged("reads charlie's bucket", Deed("s3:GetObject", f"{ROUTES.bucket('media')}/k"), "OwnBuckets"),
    by_forged(
        "pushes into charlie's repository",
        Deed("ecr:PutImage", arn("ecr", "repository/logistics/routes-prod/api")),
        "PushOwnImages",
    ),
    by_forged(
        "writes charlie's logs",
        Deed("logs:PutLogEvents", arn("logs", f"log-group:/portal/{ROUTES.scope}/api:log-stream:x")),
        "OwnNames",
    ),
    by_forged(
        "writes charlie's metrics",
        Deed("cloudwatch:PutMetricData", "*", {"cloudwatch:namespace": f"portal/{ROUTES.scope}"}),
        "OwnMetrics",
    ),
    by_forged(
        "passes charlie's role", Deed("iam:PassRole", ROUTES.role(), passed_to("ecs-tasks")), "PassOwnRolesToEcs"
    ),
    by_forged("uses charlie's key", Deed("kms:Decrypt", arn("kms", "key/0a"), tags=CHARLIES), "OwnByTag"),
    by_forged(
        "grants charlie's key",
        Deed("kms:CreateGrant", arn("kms", "key/0a"), {"kms:GrantIsForAWSResource": "true"}, CHARLIES),
        "GrantOwnKeysToAwsItself",
    ),
    by_forged(
        "takes over charlie's recovery point",
        Deed("rds:AddTagsToResource", arn("rds", "snapshot:awsbackup:job-1"), tags=CHARLIES),
        "OwnByTag",
    ),
    *(
        by_session(what, deed, "OnlyAsTheTeamOfItsPath")
        for what, deed in (
            (
                "reads charlie's secret",
                Deed("secretsmanager:GetSecretValue", ROUTES.secret("database"), tags=CHARLIES),
            ),
            (
                "reads a secret that charlie's team brought",
                Deed("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:portal/logistics/mail-AbCdEf")),
            ),
            ("reads charlie's bucket", Deed("s3:GetObject", f"{ROUTES.bucket('media')}/k")),
            (
                "pushes into charlie's repository",
                Deed("ecr:PutImage", arn("ecr", "repository/logistics/routes-prod/api")),
            ),
            ("passes charlie's role", Deed("iam:PassRole", ROUTES.role(), passed_to("ecs-tasks"))),
        )
    ),
)
