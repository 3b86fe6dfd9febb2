"""AWS Backup, against moto as a second opinion."""

from __future__ import annotations

import pytest
from botocore.stub import Stubber

from provisioning.aws import AccessDenied, EmptyingProgress
from provisioning.aws.client import LiveAws
from provisioning.aws.services.backup import empty_vault
from provisioning.aws.sessions import Clients

STATUSES = ("COMPLETED", "DELETING", "EXPIRED", "CREATING")


def test_a_backup_vault_and_plan(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    backup = by_hand.client("backup")
    backup.create_backup_vault(BackupVaultName=name)
    rule = {"RuleName": "daily", "TargetBackupVaultName": name}
    plan = backup.create_backup_plan(BackupPlan={"BackupPlanName": name, "Rules": [rule]})["BackupPlanId"]
    assert on_moto.exists("AWS::Backup::BackupVault", name)
    assert on_moto.exists("AWS::Backup::BackupPlan", plan)
    backup.delete_backup_plan(BackupPlanId=plan)
    backup.delete_backup_vault(BackupVaultName=name)
    assert on_moto.exists("AWS::Backup::BackupPlan", plan) is False
    assert on_moto.exists("AWS::Backup::BackupVault", name) is False
    assert on_moto.empty("AWS::Backup::BackupVault", name, limit=100) == EmptyingProgress(deleted=0, empty=True)


def test_a_vault_is_emptied_of_what_can_go(by_hand: Clients) -> None:
    """The next round asks again for what was being copied; what is on its way out is waited for."""
    client = by_hand.client("backup")
    points = [{"RecoveryPointArn": f"arn:{number}", "Status": status} for number, status in enumerate(STATUSES)]
    with Stubber(client) as stub:
        stub.add_response("list_backup_vaults", {"BackupVaultList": [{"BackupVaultName": "v"}]})
        listed = {"BackupVaultName": "v", "MaxResults": 1000}
        stub.add_response("list_recovery_points_by_backup_vault", {"RecoveryPoints": points}, listed)
        stub.add_response("delete_recovery_point", {}, {"BackupVaultName": "v", "RecoveryPointArn": "arn:0"})
        stub.add_client_error("delete_recovery_point", "InvalidResourceStateException", "It is being copied", 400)
        assert empty_vault(by_hand, "v", limit=1000) == EmptyingProgress(deleted=1, empty=False)
        stub.assert_no_pending_responses()


def test_a_locked_vault_is_never_forced(by_hand: Clients) -> None:
    with Stubber(by_hand.client("backup")) as stub:
        stub.add_response("list_backup_vaults", {"BackupVaultList": [{"BackupVaultName": "v"}]})
        stub.add_response(
            "list_recovery_points_by_backup_vault",
            {"RecoveryPoints": [{"RecoveryPointArn": "arn:0", "Status": "COMPLETED"}]},
        )
        stub.add_client_error("delete_recovery_point", "AccessDeniedException", "Backup vault is locked", 400)
        with pytest.raises(AccessDenied, match="locked"):
            empty_vault(by_hand, "v", limit=1000)
