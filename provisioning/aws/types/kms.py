"""Key Management Service."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import ArnForm, AwsType, Source, lasts

TYPES: Final = (
    AwsType(
        "AWS::KMS::Alias",
        exists="kms.has_alias",
        durations=(
            lasts(create=60, delete=4, low=5, high=90, source=Source.ASSUMED, reference="waits for propagation"),
        ),
    ),
    AwsType(
        "AWS::KMS::Key",
        exists="kms.has_key",
        recovery_window="kms.restorable_until",
        arn=ArnForm("kms", r"key/(.+)"),
        taggable=True,
        teardown_note="AWS deletes it after its waiting period. Data that it encrypted is unreadable from the start.",
        durations=(
            lasts(create=120, delete=5, low=30, high=180, source=Source.ASSUMED, reference="waits for propagation"),
        ),
    ),
)
