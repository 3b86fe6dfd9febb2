"""API Gateway (HTTP and WebSocket APIs)."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import AwsType, one_call

TYPES: Final = (
    AwsType(
        "AWS::ApiGatewayV2::Api",
        exists="apigatewayv2.has_api",
        taggable=True,
        durations=one_call(create=4, delete=4),
    ),
    AwsType("AWS::ApiGatewayV2::Integration", durations=one_call(create=4, delete=4)),
    AwsType("AWS::ApiGatewayV2::Route", durations=one_call(create=4, delete=4)),
    AwsType(
        "AWS::ApiGatewayV2::Stage",
        taggable=True,
        durations=one_call(create=4, delete=4),
    ),
)
