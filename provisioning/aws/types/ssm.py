"""Systems Manager parameters."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import AwsType, one_call

TYPES: Final = (
    AwsType(
        "AWS::SSM::Parameter",
        exists="ssm.has_parameter",
        taggable=True,
        durations=one_call(create=4, delete=3),
    ),
)
