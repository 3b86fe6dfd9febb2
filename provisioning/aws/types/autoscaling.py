"""EC2 Auto Scaling."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, Source, lasts, one_call

TYPES: Final = (
    AwsType(
        "AWS::AutoScaling::AutoScalingGroup",
        exists="autoscaling.has_group",
        arn=ArnForm("autoscaling", r"autoScalingGroup:[^:]+:autoScalingGroupName/(.+)"),
        taggable=True,
        quiesce="autoscaling.stop_group",
        durations=(
            lasts(
                create=60,
                delete=120,
                low=20,
                high=180,
                source=Source.ASSUMED,
                reference="its instances start; a deletion terminates them first",
            ),
        ),
    ),
    AwsType(
        "AWS::AutoScaling::LifecycleHook",
        why_unchecked="Its id names no group. It is deleted with its group.",
        durations=one_call(create=4, delete=4),
    ),
    AwsType(
        "AWS::AutoScaling::ScalingPolicy",
        exists="autoscaling.has_policy",
        durations=one_call(create=4, delete=4),
    ),
    AwsType("AWS::AutoScaling::ScheduledAction", durations=one_call(create=4, delete=4)),
)
