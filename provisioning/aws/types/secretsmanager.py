"""Secrets Manager."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, Source, lasts, one_call

TYPES: Final = (
    AwsType(
        "AWS::SecretsManager::RotationSchedule",
        durations=(
            lasts(create=10, delete=5, low=5, high=60, source=Source.ASSUMED, reference="invokes a function once"),
        ),
    ),
    AwsType(
        "AWS::SecretsManager::Secret",
        exists="secretsmanager.has_secret",
        recovery_window="secretsmanager.restorable_until",
        arn=ArnForm("secretsmanager", r"secret:.+"),
        taggable=True,
        # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/aws-attribute-deletionpolicy.html
        teardown_note="CloudFormation deletes it at once, without a recovery window.",
        durations=one_call(create=5, delete=4),
    ),
    AwsType(
        "AWS::SecretsManager::SecretTargetAttachment",
        exists="secretsmanager.has_attachment",
        durations=one_call(create=5, delete=4),
    ),
)
