"""Durations that the forecast uses: those of the records in `aws/types`, and of what is no
resource.

Gathered in November 2026. Each one names its source; most are assumptions, because AWS publishes
few.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from provisioning.aws.types import aws_type
from provisioning.aws.types.record import Duration, Source, lasts, one_call

STACK: Final = "CloudFormation stack"
"""What a stack takes besides its resources."""
SIGNALS: Final = "CreationPolicy"
"""What waiting for signals adds to a resource."""
TASK: Final = "ECS task after creation"
"""One post-deployment task."""

NOT_RESOURCES: Final[Mapping[str, Duration]] = {
    STACK: lasts(
        create=13,
        delete=8,
        low=5,
        high=30,
        source=Source.TIMED,
        reference="https://stedi.com (February 2023): CloudFormation takes 13 s more than the calls themselves",
    ),
    SIGNALS: lasts(
        create=180,
        delete=0,
        low=90,
        high=600,
        source=Source.ASSUMED,
        reference="an instance boots, installs software and signals, after its resource is created",
    ),
    TASK: lasts(
        create=60,
        delete=0,
        low=30,
        high=180,
        source=Source.ASSUMED,
        reference="the image is pulled, the container starts, runs and stops",
    ),
}
(UNKNOWN_TYPE,) = one_call(create=5, delete=4, low=2, high=10)
"""The assumption for a type whose record has no duration, or that has no record."""


def durations_of(name: str) -> tuple[Duration, ...]:
    """Returns all durations of a resource type, or the one of STACK, SIGNALS or TASK; empty if none
    is known.
    """
    return (NOT_RESOURCES[name],) if name in NOT_RESOURCES else aws_type(name).durations


def duration_of(resource_type: str, properties: Mapping[str, Any]) -> Duration:
    """Returns the duration of a resource with these properties: the first one whose `when` is met."""
    for duration in aws_type(resource_type).durations:
        name, _, value = duration.when.partition("=")
        if not name or (name in properties and (not value or str(properties[name]).lower() == value.lower())):
            return duration
    return UNKNOWN_TYPE
