"""DynamoDB, against moto as a second opinion."""

from __future__ import annotations

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients


def test_a_table_that_guards_itself_is_let_go(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    tables = by_hand.client("dynamodb")
    tables.create_table(
        TableName=name,
        KeySchema=[{"AttributeName": "id", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "id", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
        DeletionProtectionEnabled=True,
    )
    assert on_moto.exists("AWS::DynamoDB::Table", name)
    assert on_moto.lift_protection("AWS::DynamoDB::Table", name) is True
    tables.delete_table(TableName=name)
    assert on_moto.exists("AWS::DynamoDB::Table", name) is False
