"""CloudFormation's own resources."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import AwsType, Source, lasts, one_call

TYPES: Final = (
    AwsType(
        "AWS::CloudFormation::WaitCondition",
        durations=(
            lasts(
                create=180,
                delete=1,
                low=90,
                high=600,
                source=Source.ASSUMED,
                reference="until the signals arrive, as with a creation policy",
            ),
        ),
    ),
    AwsType("AWS::CloudFormation::WaitConditionHandle", durations=one_call(create=2, delete=1, low=1, high=4)),
)
