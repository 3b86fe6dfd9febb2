"""How many calls the portal makes at most, per account, region and family of calls.

AWS publishes few of its rates and counts the other tools of an account against the same ones. These
figures stay well below what is known:
- CloudFormation: 5 CreateStack calls within one second were throttled (Sceptre/sceptre#910);
  DescribeStacks is reported at 5 per second, which cannot be raised (aws/aws-sam-cli#2671). So that
  no reading holds up another one, there are three families of it: the status of stacks, which
  decides how operations continue; the events of stacks that somebody is viewing; and the rest.
- STS: 600 per second for an account and region, shared by everything in it (IAM's quotas page).
- EC2: Describe calls refill at 20 per second up to 100, changes at 5 per second up to 50 (EC2's
  developer guide, "Request throttling").
- S3: 3,500 writes per second and prefix (S3's user guide, "Optimizing performance").
- SQS: nearly unlimited for a standard queue (SQS's developer guide, "Message quotas").
- Everything else: no figure is known; a few calls per second have never been refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Rate:
    """Allows `burst` calls at once, then `per_second`."""

    per_second: float
    burst: float


ANY_READ: Final = "read"
ANY_CHANGE: Final = "change"

DEFAULT_RATES: Final[Mapping[str, Rate]] = {
    "cloudformation.change": Rate(1, 2),
    "cloudformation.status.read": Rate(2.5, 10),
    "cloudformation.events.read": Rate(0.5, 5),
    "cloudformation.read": Rate(2, 10),
    "sqs.read": Rate(20, 100),
    "sts.read": Rate(20, 50),
    "ec2.read": Rate(10, 50),
    "ec2.change": Rate(2, 20),
    "s3.read": Rate(50, 100),
    "s3.change": Rate(50, 100),
    ANY_READ: Rate(5, 20),
    ANY_CHANGE: Rate(2, 10),
}

_READING: Final = (
    "Describe",
    "Get",
    "List",
    "Head",
    "BatchGet",
    "Lookup",
    "Search",
    "AssumeRole",
)
_CHANGES_NOTHING: Final = frozenset({"DetectStackDrift", "ReceiveMessage", "DeleteMessageBatch"})
"""Calls with another name that change no resource. The messages are copies of events in the
portal's own queue; onboarding allows these calls on no other.
"""
_OWN_FAMILY: Final[Mapping[str, str]] = {
    "DescribeStacks": "cloudformation.status",
    "ListStacks": "cloudformation.status",
    "DescribeStackEvents": "cloudformation.events",
}


def changes_something(operation: str) -> bool:
    """Whether an API operation, by botocore's name, may change the account."""
    return not operation.startswith(_READING) and operation not in _CHANGES_NOTHING


def family_of(service: str, operation: str) -> str:
    """Returns the family whose rate a call counts against, such as "ec2.read"."""
    group = _OWN_FAMILY.get(operation, service)
    return f"{group}.{ANY_CHANGE if changes_something(operation) else ANY_READ}"


def rate_for(rates: Mapping[str, Rate], family: str) -> Rate:
    return rates.get(family) or rates[family.rpartition(".")[2]]


def scaled(rates: Mapping[str, Rate], factor: float) -> dict[str, Rate]:
    """Returns the table with rates `factor` times as high, for an account that nobody else uses,
    such as the sandbox.
    """
    return {family: Rate(rate.per_second * factor, rate.burst * factor) for family, rate in rates.items()}
