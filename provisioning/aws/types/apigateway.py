"""API Gateway (REST APIs)."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import AwsType, one_call

TYPES: Final = (
    AwsType("AWS::ApiGateway::Deployment", durations=one_call(create=4, delete=4)),
    AwsType("AWS::ApiGateway::Method", durations=one_call(create=4, delete=4)),
    AwsType("AWS::ApiGateway::Resource", durations=one_call(create=4, delete=4)),
    AwsType(
        "AWS::ApiGateway::RestApi",
        taggable=True,
        durations=one_call(create=4, delete=4),
    ),
    AwsType(
        "AWS::ApiGateway::Stage",
        taggable=True,
        durations=one_call(create=4, delete=4),
    ),
)
