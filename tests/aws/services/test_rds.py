"""RDS, against moto as a second opinion."""

from __future__ import annotations

import uuid

import pytest

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients


@pytest.fixture
def database(by_hand: Clients) -> str:
    name = f"db-{uuid.uuid4().hex[:20]}"
    by_hand.rds.create_db_instance(
        DBInstanceIdentifier=name,
        DBInstanceClass="db.t4g.medium",
        Engine="postgres",
        AllocatedStorage=50,
        MasterUsername="portal",
        MasterUserPassword="only-for-tests",
        DeletionProtection=True,
    )
    return name


def test_a_database_loses_its_protection_and_is_gone_when_deleted(
    on_moto: LiveAws, by_hand: Clients, database: str
) -> None:
    assert on_moto.exists("AWS::RDS::DBInstance", database)
    assert on_moto.lift_protection("AWS::RDS::DBInstance", database) is True
    assert on_moto.lift_protection("AWS::RDS::DBInstance", database) is True
    by_hand.rds.delete_db_instance(DBInstanceIdentifier=database, FinalDBSnapshotIdentifier=f"{database}-final")
    assert on_moto.exists("AWS::RDS::DBInstance", database) is False
    assert on_moto.exists("AWS::RDS::DBSnapshot", f"{database}-final")
    assert on_moto.exists("AWS::RDS::DBSnapshot", "none") is False
