"""Cognito user pools."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import AwsType

TYPES: Final = (
    AwsType(
        "AWS::Cognito::UserPool",
        exists="cognito_idp.has_user_pool",
        taggable=True,
    ),
)
