"""DynamoDB."""

from __future__ import annotations

from typing import Final

from provisioning.aws.types.record import AwsType, Protection, Source, lasts

TYPES: Final = (
    AwsType(
        "AWS::DynamoDB::Table",
        exists="dynamodb.has_table",
        taggable=True,
        protection=Protection("DeletionProtectionEnabled", lift="dynamodb.lift_table_protection"),
        durations=(
            lasts(create=20, delete=20, low=8, high=40, source=Source.ASSUMED, reference="until the table is active"),
        ),
    ),
)
