"""Generated policies and requests, from a small vocabulary so that they meet often."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from hypothesis import strategies as st

from tests.policy.build import ACCOUNT_ID, ROLE_ARN, SESSION_ARN

ACTIONS = (
    "sqs:SendMessage",
    "sqs:DeleteQueue",
    "ec2:TerminateInstances",
    "s3:GetObject",
    "iam:PassRole",
    "sqs:ListQueues",
)
ACTION_PATTERNS = (*ACTIONS, "*", "sqs:*", "SQS:Send*", "ec2:Terminate?nstances", "s3:Get*", "iam:*")
RESOURCES = {
    "sqs": (f"arn:aws:sqs:eu-central-1:{ACCOUNT_ID}:payments-orders", f"arn:aws:sqs:us-east-1:{ACCOUNT_ID}:logistics"),
    "ec2": (f"arn:aws:ec2:eu-central-1:{ACCOUNT_ID}:instance/i-1",),
    "s3": ("arn:aws:s3:::payments-files/a", "arn:aws:s3:::payments-files/b/c"),
    "iam": (f"arn:aws:iam::{ACCOUNT_ID}:role/portal/env/payments/x",),
}
RESOURCE_PATTERNS = (
    "*",
    f"arn:aws:sqs:*:{ACCOUNT_ID}:payments-*",
    "arn:aws:sqs:*:*:${aws:PrincipalTag/portal:team}*",
    "arn:aws:s3:::payments-files/*",
    "arn:aws:s3:::${aws:PrincipalTag/portal:team}-files/?",
    "arn:aws:ec2:*:*:instance/*",
    "arn:aws:iam::*:role/portal/env/${aws:PrincipalTag/portal:team}/*",
)
TEAMS = ("payments", "logistics")
CONDITIONS = (
    ("StringEquals", "aws:ResourceTag/portal:team", "payments"),
    ("StringEquals", "aws:ResourceTag/portal:team", "${aws:PrincipalTag/portal:team}"),
    ("StringNotEquals", "aws:ResourceTag/portal:team", "${aws:PrincipalTag/portal:team}"),
    ("StringNotEquals", "aws:ResourceTag/portal:team", ["payments", "search"]),
    ("StringLikeIfExists", "aws:ResourceTag/portal:team", "pay*"),
    ("Null", "aws:ResourceTag/portal:team", "true"),
    ("Null", "aws:PrincipalTag/portal:team", "false"),
    ("StringEqualsIgnoreCase", "aws:PrincipalTag/portal:team", "PAYMENTS"),
    ("StringNotLike", "aws:PrincipalTag/portal:team", "log*"),
    ("StringEquals", "iam:PassedToService", ["ec2.amazonaws.com", "lambda.amazonaws.com"]),
    ("ForAllValues:StringEquals", "aws:CalledVia", ["cloudformation.amazonaws.com", "athena.amazonaws.com"]),
    ("ForAnyValue:StringLike", "aws:CalledVia", "cloudformation.*"),
    ("ForAnyValue:StringNotEquals", "aws:CalledVia", "cloudformation.amazonaws.com"),
    ("ForAllValues:StringNotLike", "aws:CalledVia", "athena*"),
    ("IpAddress", "aws:SourceIp", ["203.0.113.0/24", "2001:db8::/32"]),
    ("NotIpAddress", "aws:SourceIp", "203.0.113.0/24"),
    ("Bool", "aws:MultiFactorAuthPresent", "true"),
    ("BoolIfExists", "aws:MultiFactorAuthPresent", "false"),
    ("NumericLessThan", "aws:MultiFactorAuthAge", "300"),
    ("NumericNotEquals", "aws:MultiFactorAuthAge", "300"),
    ("DateGreaterThan", "aws:TokenIssueTime", "2026-07-01T00:00:00Z"),
    ("DateLessThanEquals", "aws:TokenIssueTime", "2026-07-01T00:00:00Z"),
    ("ArnLike", "aws:SourceArn", "arn:aws:sns:*:*:payments-*"),
    ("ArnNotEquals", "aws:SourceArn", "arn:aws:sns:eu-central-1:111122223333:payments-topic"),
)
CONTEXTS: dict[str, tuple[str | list[str], ...]] = {
    "iam:PassedToService": ("ec2.amazonaws.com", "glue.amazonaws.com"),
    "aws:CalledVia": (
        ["cloudformation.amazonaws.com"],
        ["athena.amazonaws.com", "cloudformation.amazonaws.com"],
        ["x"],
    ),
    "aws:SourceIp": ("203.0.113.9", "198.51.100.2", "2001:db8::1"),
    "aws:MultiFactorAuthPresent": ("true", "false"),
    "aws:MultiFactorAuthAge": ("299", "300", "301"),
    "aws:TokenIssueTime": ("2026-06-30T10:00:00Z", "2026-07-01T00:00:00Z", "2026-08-01T00:00:00Z"),
    "aws:SourceArn": ("arn:aws:sns:eu-central-1:111122223333:payments-topic", "arn:aws:sns:eu-west-1:1:other"),
}
PRINCIPALS = ("*", {"AWS": "*"}, {"AWS": ROLE_ARN}, {"AWS": SESSION_ARN}, {"AWS": [ACCOUNT_ID]}, {"AWS": "444455556666"},
              {"AWS": f"arn:aws:iam::{ACCOUNT_ID}:root"}, {"AWS": [f"arn:aws:iam::{ACCOUNT_ID}:role/other", ROLE_ARN]})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Question:
    """A request with all policies, as JSON has them."""

    action: str
    resource: str
    context: dict[str, str | list[str]]
    principal_tags: dict[str, str]
    resource_tags: dict[str, str]
    identity: list[dict[str, Any]]
    boundary: list[dict[str, Any]] | None
    resource_policy: list[dict[str, Any]] | None

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def random_statement(rng: Random, effect: str = "", *, of_resource: bool = False) -> dict[str, Any]:
    one: dict[str, Any] = {"Effect": effect or rng.choice(("Allow", "Allow", "Deny"))}
    one[rng.choice(("Action", "Action", "Action", "NotAction"))] = rng.sample(ACTION_PATTERNS, rng.randint(1, 3))
    one[rng.choice(("Resource", "Resource", "Resource", "NotResource"))] = rng.sample(
        RESOURCE_PATTERNS, rng.randint(1, 3)
    )
    block: dict[str, dict[str, Any]] = {}
    for operator, key, values in rng.sample(CONDITIONS, rng.choice((0, 0, 1, 2))):
        block.setdefault(operator, {})[key] = values
    if block:
        one["Condition"] = block
    if of_resource:
        one["Principal"] = rng.choice(PRINCIPALS)
    return one


def random_question(rng: Random) -> Question:
    action = rng.choice(ACTIONS)
    tags = ({}, {"portal:team": "payments"}, {"portal:team": "logistics"})
    return Question(
        action=action,
        resource=rng.choice(RESOURCES[action.partition(":")[0]]),
        context={key: rng.choice(CONTEXTS[key]) for key in rng.sample(sorted(CONTEXTS), rng.randint(0, 4))},
        principal_tags=rng.choice(tags),
        resource_tags=rng.choice(tags),
        identity=[random_statement(rng) for _ in range(rng.randint(1, 3))],
        boundary=rng.choice((None, [random_statement(rng) for _ in range(rng.randint(0, 3))])),
        resource_policy=rng.choice((None, [random_statement(rng, of_resource=True) for _ in range(rng.randint(0, 3))])),
    )


def statements(effect: str) -> st.SearchStrategy[dict[str, Any]]:
    return st.randoms(use_true_random=False).map(lambda rng: random_statement(rng, effect))


def questions() -> st.SearchStrategy[Question]:
    return st.randoms(use_true_random=False).map(random_question)
