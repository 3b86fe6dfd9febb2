"""Secrets Manager: existence checks. The portal never reads a secret's value."""

from __future__ import annotations

from provisioning.aws.errors import NotFound
from provisioning.aws.sessions import Clients


def has_secret(aws: Clients, secret_id: str) -> bool:
    """A secret with a deletion date counts as gone: nobody can use it, only its recovery window is
    running.
    """
    return aws.secretsmanager.describe_secret(SecretId=secret_id).get("DeletedDate") is None


def has_attachment(aws: Clients, secret_id: str) -> bool | None:
    """An attachment has no existence of its own: it is known to be gone only if its secret is."""
    try:
        return None if has_secret(aws, secret_id) else False
    except NotFound:
        return False
