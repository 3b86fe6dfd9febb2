"""Cognito user pools: existence checks."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def has_user_pool(aws: Clients, pool_id: str) -> bool:
    return bool(aws.client("cognito-idp").describe_user_pool(UserPoolId=pool_id)["UserPool"])
