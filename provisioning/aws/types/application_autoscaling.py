"""Application Auto Scaling."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import AwsType, one_call

TYPES: Final = (
    AwsType(
        "AWS::ApplicationAutoScaling::ScalableTarget",
        exists="application_autoscaling.has_scalable_target",
        taggable=True,
        durations=one_call(create=4, delete=4),
    ),
    AwsType(
        "AWS::ApplicationAutoScaling::ScalingPolicy",
        exists="application_autoscaling.has_scaling_policy",
        durations=one_call(create=4, delete=4),
    ),
)
