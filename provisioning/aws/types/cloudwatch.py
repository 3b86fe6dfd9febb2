"""CloudWatch."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, one_call

TYPES: Final = (
    AwsType(
        "AWS::CloudWatch::Alarm",
        exists="cloudwatch.has_alarm",
        arn=ArnForm("cloudwatch", r"alarm:(.+)"),
        taggable=True,
        durations=one_call(create=4, delete=4),
    ),
    AwsType(
        "AWS::CloudWatch::CompositeAlarm",
        exists="cloudwatch.has_alarm",
        taggable=True,
        durations=one_call(create=4, delete=4),
    ),
    AwsType(
        "AWS::CloudWatch::Dashboard",
        exists="cloudwatch.has_dashboard",
        taggable=True,
        durations=one_call(create=4, delete=4),
    ),
)
