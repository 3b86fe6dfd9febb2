"""Simple Notification Service."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, one_call

TYPES: Final = (
    AwsType(
        "AWS::SNS::Subscription",
        exists="sns.has_subscription",
        durations=one_call(create=5, delete=4),
    ),
    AwsType(
        "AWS::SNS::Topic",
        exists="sns.has_topic",
        arn=ArnForm("sns", r"[^:]+"),
        taggable=True,
        durations=one_call(create=8, delete=4),
    ),
    AwsType(
        "AWS::SNS::TopicPolicy",
        why_unchecked="Its id is generated and names no topic. It is deleted with its topic.",
        durations=one_call(create=5, delete=4),
    ),
)
