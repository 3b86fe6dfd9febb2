"""CloudWatch Logs."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, one_call

TYPES: Final = (
    AwsType(
        "AWS::Logs::LogGroup",
        exists="logs.has_group",
        arn=ArnForm("logs", r"log-group:([^:]+)(?::\*)?"),
        taggable=True,
        may_return=True,
        durations=one_call(create=5, delete=4),
    ),
    AwsType("AWS::Logs::LogStream", durations=one_call(create=5, delete=4)),
    AwsType("AWS::Logs::MetricFilter", durations=one_call(create=5, delete=4)),
    AwsType("AWS::Logs::ResourcePolicy", durations=one_call(create=5, delete=4)),
    AwsType(
        "AWS::Logs::SubscriptionFilter",
        why_unchecked="Its id names no log group. It is deleted with its group.",
        durations=one_call(create=5, delete=4),
    ),
)
