"""Key Management Service: existence checks."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from provisioning.aws.sessions import Clients

_GONE: Final = frozenset({"PendingDeletion", "PendingReplicaDeletion"})


def has_key(aws: Clients, key_id: str) -> bool:
    """A key that is pending deletion can encrypt nothing and costs nothing, so it counts as gone."""
    return aws.kms.describe_key(KeyId=key_id)["KeyMetadata"].get("KeyState") not in _GONE


def restorable_until(aws: Clients, key_id: str) -> datetime | None:
    """When the waiting period of a key that is pending deletion ends."""
    return aws.kms.describe_key(KeyId=key_id)["KeyMetadata"].get("DeletionDate")


def has_alias(aws: Clients, name: str) -> bool:
    """Lists all aliases: DescribeKey by alias answers for the key, which may be another key by now."""
    pages = aws.kms.get_paginator("list_aliases").paginate()
    return any(alias.get("AliasName") == name for page in pages for alias in page["Aliases"])
