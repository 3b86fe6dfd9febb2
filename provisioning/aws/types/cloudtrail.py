"""CloudTrail."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import AwsType, one_call

TYPES: Final = (
    AwsType(
        "AWS::CloudTrail::Trail",
        taggable=True,
        durations=one_call(create=8, delete=5),
    ),
)
