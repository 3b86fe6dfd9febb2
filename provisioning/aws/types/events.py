"""EventBridge."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, one_call

TYPES: Final = (
    AwsType("AWS::Events::ApiDestination", durations=one_call(create=8, delete=6)),
    AwsType("AWS::Events::Connection", durations=one_call(create=8, delete=6)),
    AwsType(
        "AWS::Events::EventBus",
        taggable=True,
        durations=one_call(create=8, delete=6),
    ),
    AwsType(
        "AWS::Events::Rule",
        exists="events.has_rule",
        arn=ArnForm("events", r"rule/.+"),
        taggable=True,
        quiesce="events.stop_rule",
        durations=one_call(create=8, delete=6),
    ),
)
