"""How long the policy evaluator takes for one decision, on the shipped onboarding template."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from provisioning.policy.decide import decide
from provisioning.policy.reference import REFERENCE, Reference
from provisioning.policy.template import load_template, roles_of
from tests.bench.measure import Figure, json_round_trip, median_seconds, once

ONBOARDING = Path(__file__).parents[2] / "provisioning" / "aws" / "onboarding.yaml"
ACCOUNT_ID = "123456789012"
TAGS = {
    "portal:team": "payments",
    "portal:environment": "orders",
    "portal:environment-id": "5f0c",
    "portal:generation": "b4",
}
ACTIONS = (
    "sqs:DeleteQueue",
    "ecs:StopTask",
    "cloudformation:CreateStack",
    "s3:PutObject",
    "iam:PassRole",
    "ec2:DeleteVpc",
)
ROUNDS = 200


def figures() -> Iterator[Figure]:
    text = ONBOARDING.read_text(encoding="utf-8")
    parameters = {"PortalPrincipalArn": f"arn:aws:iam::{ACCOUNT_ID}:role/worker", "ExternalId": "0123456789abcdef"}
    roles = roles_of(load_template(text), parameters, ACCOUNT_ID, "eu-central-1")
    caller = roles["PortalRole"].principal()
    resources = {one: _arn(one) for one in ACTIONS}
    context = {f"aws:RequestTag/{key}": value for key, value in TAGS.items()}

    def decisions() -> None:
        for _ in range(ROUNDS):
            for action, resource in resources.items():
                decide(caller, action, resource, context=context, resource_tags=TAGS)

    yardstick = "a JSON round trip of one request"
    yardstick_seconds = median_seconds(json_round_trip(json.dumps({"context": context, "tags": TAGS})), times=500)
    cold_seconds = once(lambda: Reference().action("sqs:SendMessage"))
    yield Figure(
        "policy reference, first action in a process", cold_seconds, yardstick, yardstick_seconds, "under 0.1 s"
    )
    decisions()
    seconds = median_seconds(decisions, times=5) / (ROUNDS * len(ACTIONS))
    yield Figure("one policy decision of the portal's role", seconds, yardstick, yardstick_seconds, "under 0.3 ms")


def _arn(action: str) -> str:
    """An ARN of the first resource type of the action."""
    pattern = REFERENCE.action(action).resource_arn_patterns[0]
    for field, value in (("Partition", "aws"), ("Region", "eu-central-1"), ("Account", ACCOUNT_ID)):
        pattern = pattern.replace(f"${{{field}}}", value)
    return pattern.replace("${", "").replace("}", "")
