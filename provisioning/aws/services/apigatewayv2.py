"""API Gateway (HTTP and WebSocket APIs): existence checks."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def has_api(aws: Clients, api_id: str) -> bool:
    return bool(aws.client("apigatewayv2").get_api(ApiId=api_id)["ApiId"])
