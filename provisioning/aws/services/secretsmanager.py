"""Secrets, asked for; never read."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.aws.errors import NotFound
from provisioning.aws.probe import Probe
from provisioning.aws.sessions import Clients


def _has_secret(aws: Clients, secret_id: str) -> bool:
    """A secret with a date of deletion is gone for everybody who would use it; only its recovery window runs."""
    return aws.secretsmanager.describe_secret(SecretId=secret_id).get("DeletedDate") is None


def _has_attachment(aws: Clients, secret_id: str) -> bool | None:
    """An attachment is nothing by itself; it is known to be gone only when its secret is."""
    try:
        return None if _has_secret(aws, secret_id) else False
    except NotFound:
        return False


EXISTENCE: Mapping[str, Probe] = {
    "AWS::SecretsManager::Secret": _has_secret,
    "AWS::SecretsManager::SecretTargetAttachment": _has_attachment,
}
