"""Key Management Service, against moto as a second opinion."""

from __future__ import annotations

import uuid

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients


def test_a_key_that_waits_for_its_deletion_is_gone_and_its_alias_too(on_moto: LiveAws, by_hand: Clients) -> None:
    key = by_hand.kms.create_key()["KeyMetadata"]["KeyId"]
    alias = f"alias/{uuid.uuid4()}"
    by_hand.kms.create_alias(AliasName=alias, TargetKeyId=key)
    assert on_moto.exists("AWS::KMS::Key", key)
    assert on_moto.exists("AWS::KMS::Alias", alias)
    by_hand.kms.delete_alias(AliasName=alias)
    by_hand.kms.schedule_key_deletion(KeyId=key)
    assert on_moto.exists("AWS::KMS::Key", key) is False
    assert on_moto.exists("AWS::KMS::Alias", alias) is False
