"""DynamoDB: deletion protection; existence checks."""

from __future__ import annotations

from provisioning.aws.sessions import Clients


def lift_table_protection(aws: Clients, name: str) -> None:
    aws.client("dynamodb").update_table(TableName=name, DeletionProtectionEnabled=False)


def has_table(aws: Clients, name: str) -> bool:
    return bool(aws.client("dynamodb").describe_table(TableName=name)["Table"])
