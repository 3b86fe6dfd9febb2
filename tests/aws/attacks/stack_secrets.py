"""What a template can try with secrets and parameters, which CloudFormation resolves with the stack role."""

from __future__ import annotations

from typing import Final

from tests.aws.attacks.attack import (
    CHARLIES,
    OTHER_TEAMS_OWN,
    OWN,
    TEAMS_OWN,
    Context,
    Deed,
    arn,
    by_stack,
)
from tests.aws.onboarded import (
    BROUGHT_SECRET,
    ORDERS,
    ROUTES,
)


def _tagging(team: str, *keys: str) -> Context:
    return {"aws:RequestTag/portal:team": team, "aws:TagKeys": list(keys or ("portal:team",))}


_PARAMETER = "parameter/portal/{}/orders-dev-7k2mx/authority"

ATTACKS: Final = (
    by_stack(
        "reads another team's secret by {{resolve:secretsmanager}}",
        Deed("secretsmanager:GetSecretValue", ROUTES.secret("database"), tags=CHARLIES),
        "NeverWhatIsAnotherTeams",
        Deed("secretsmanager:GetSecretValue", ORDERS.secret("database"), tags=OWN),
    ),
    by_stack(
        "reads a secret that nobody tagged",
        Deed("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:legacy-AbCdEf")),
        "SecretsOfOwnName",
    ),
    by_stack(
        "reads a secret of a team whose key begins like its own",
        Deed("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:portal/payments-eu/db-AbCdEf")),
        "SecretsOfOwnName",
        Deed("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:portal/payments/pagerduty-AbCdEf")),
    ),
    by_stack(
        "reads a secret that is tagged for the team but that no administrator listed",
        Deed("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:stripe-AbCdEf"), tags=TEAMS_OWN),
        "SecretsOfOwnName",
        Deed("secretsmanager:GetSecretValue", BROUGHT_SECRET, tags=TEAMS_OWN),
    ),
    by_stack(
        "reads a listed secret that has become another team's",
        Deed("secretsmanager:GetSecretValue", BROUGHT_SECRET, tags=OTHER_TEAMS_OWN),
        "NeverWhatIsAnotherTeams",
    ),
    by_stack(
        "reads a listed secret that nobody tagged for the team",
        Deed("secretsmanager:GetSecretValue", BROUGHT_SECRET),
        "SecretsThatTheTeamBrings",
    ),
    by_stack(
        "overwrites another team's secret by a SecretTargetAttachment",
        Deed("secretsmanager:PutSecretValue", ROUTES.secret("database"), tags=CHARLIES),
        "NeverWhatIsAnotherTeams",
        Deed("secretsmanager:PutSecretValue", ORDERS.secret("database"), tags=OWN),
    ),
    by_stack(
        "tags another's untagged secret as its own, to read it then",
        Deed("secretsmanager:TagResource", arn("secretsmanager", "secret:legacy-AbCdEf"), _tagging("payments")),
        "SecretsOfOwnName",
        Deed("secretsmanager:TagResource", ORDERS.secret("database"), _tagging("payments"), OWN),
    ),
    by_stack(
        "lets everybody read another team's secret by a resource policy",
        Deed("secretsmanager:PutResourcePolicy", ROUTES.secret("database"), tags=CHARLIES),
        "NeverWhatIsAnotherTeams",
        Deed("secretsmanager:PutResourcePolicy", ORDERS.secret("database"), tags=OWN),
    ),
    by_stack(
        "takes the team's tag off a secret, to hide it",
        Deed("secretsmanager:UntagResource", ORDERS.secret("database"), {"aws:TagKeys": ["portal:team"]}, OWN),
        "NeverTakeTheTagsAway",
        Deed("secretsmanager:UntagResource", ORDERS.secret("database"), {"aws:TagKeys": ["portal:operation"]}, OWN),
    ),
    by_stack(
        "takes the environment's tag off a secret, to share it with the team's other environments",
        Deed("secretsmanager:UntagResource", ORDERS.secret("x"), {"aws:TagKeys": ["portal:environment-id"]}, OWN),
        "NeverTakeTheTagsAway",
    ),
    by_stack(
        "reads all secrets of a filter in one call",
        Deed("secretsmanager:BatchGetSecretValue"),
        "NotWhatStacksNeverNeed",
    ),
    by_stack(
        "reads a foreign parameter by {{resolve:ssm}}",
        Deed("ssm:GetParameters", arn("ssm", "parameter/prod/db/password")),
        "ParametersOfOwnName",
        Deed("ssm:GetParameters", arn("ssm", _PARAMETER.format("payments"))),
    ),
    by_stack(
        "reads another team's parameter",
        Deed("ssm:GetParameters", arn("ssm", _PARAMETER.format("logistics"))),
        "ParametersOfOwnName",
        Deed("ssm:GetParameters", "arn:aws:ssm:eu-central-1::parameter/aws/service/ami-amazon-linux-latest/al2023"),
    ),
    by_stack(
        "reads every parameter below a path",
        Deed("ssm:GetParametersByPath", arn("ssm", "parameter/portal/payments")),
        "",
    ),
)
