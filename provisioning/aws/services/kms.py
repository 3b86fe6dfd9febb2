"""Keys, asked for."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.aws.probe import Probe
from provisioning.aws.sessions import Clients

_GONE = frozenset({"PendingDeletion", "PendingReplicaDeletion"})


def _has_key(aws: Clients, key_id: str) -> bool:
    """A key that waits for its deletion can encrypt nothing and costs nothing: gone."""
    return aws.kms.describe_key(KeyId=key_id)["KeyMetadata"].get("KeyState") not in _GONE


def _has_alias(aws: Clients, name: str) -> bool:
    """Of all aliases, since DescribeKey by an alias speaks of the key, which may be another one by now."""
    pages = aws.kms.get_paginator("list_aliases").paginate()
    return any(alias.get("AliasName") == name for page in pages for alias in page["Aliases"])


EXISTENCE: Mapping[str, Probe] = {"AWS::KMS::Alias": _has_alias, "AWS::KMS::Key": _has_key}
