"""Secrets Manager: existence checks and recovery windows. The portal never reads a secret's value."""

from __future__ import annotations

from datetime import datetime

from provisioning.aws.account_reads import SecretState
from provisioning.aws.errors import NotFound
from provisioning.aws.sessions import Clients


def has_secret(aws: Clients, secret_id: str) -> bool:
    """A secret with a deletion date counts as gone: nobody can use it, only its recovery window is
    running.
    """
    return aws.secretsmanager.describe_secret(SecretId=secret_id).get("DeletedDate") is None


def restorable_until(aws: Clients, secret_id: str) -> datetime | None:
    """When the recovery window of a deleted secret ends."""
    return aws.secretsmanager.describe_secret(SecretId=secret_id).get("DeletedDate")


def has_attachment(aws: Clients, secret_id: str) -> bool | None:
    """An attachment has no existence of its own: it is known to be gone only if its secret is."""
    try:
        return None if has_secret(aws, secret_id) else False
    except NotFound:
        return False


def secret_state(aws: Clients, name_or_arn: str) -> SecretState | None:
    """Secrets Manager still describes a secret whose recovery window is running, and its name is
    still taken.
    """
    try:
        answer = aws.secretsmanager.describe_secret(SecretId=name_or_arn)
    except NotFound:
        return None
    return SecretState(answer["ARN"], answer.get("DeletedDate"))
