"""Elastic Container Registry."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import AwsType, one_call

TYPES: Final = (
    AwsType(
        "AWS::ECR::Repository",
        exists="ecr.has_repository",
        taggable=True,
        durations=one_call(create=4, delete=4),
    ),
)
