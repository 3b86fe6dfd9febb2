"""Secrets Manager, against moto as a second opinion."""

from __future__ import annotations

import uuid

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients


def test_a_secret_in_its_recovery_window_is_gone(on_moto: LiveAws, by_hand: Clients) -> None:
    arn = by_hand.secretsmanager.create_secret(Name=f"s-{uuid.uuid4()}", SecretString="x")["ARN"]
    assert on_moto.exists("AWS::SecretsManager::Secret", arn)
    assert on_moto.exists("AWS::SecretsManager::SecretTargetAttachment", arn) is None
    by_hand.secretsmanager.delete_secret(SecretId=arn, RecoveryWindowInDays=7)
    assert on_moto.exists("AWS::SecretsManager::Secret", arn) is False
    assert on_moto.exists("AWS::SecretsManager::SecretTargetAttachment", arn) is False
