"""The tags that a service refuses when CloudFormation creates or changes a resource."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

MAX_TAGS: Final = 50
# https://docs.aws.amazon.com/Route53/latest/APIReference/API_ChangeTagsForResource.html
FEWER: Final = {"AWS::Route53::HostedZone": 10, "AWS::Route53::HealthCheck": 10}
# Quoted in serverless/serverless#7885.
DUPLICATE: Final = "Duplicate tag keys found. Please note that Tag keys are case insensitive."


def refusal(resource_type: str, tags: Mapping[str, str]) -> str:
    """The reason why the resource fails; empty if it does not. The sentence about a number of tags is
    not AWS's.
    """
    most = FEWER.get(resource_type, MAX_TAGS)
    if len(tags) > most:
        return _returned(f"{resource_type} has at most {most} tags, and {len(tags)} are given.")
    if resource_type.startswith("AWS::IAM::") and len({key.lower() for key in tags}) < len(tags):
        return _returned(DUPLICATE)
    return ""


def _returned(message: str) -> str:
    return f'Resource handler returned message: "{message}" (HandlerErrorCode: InvalidRequest)'
