"""AWS Backup: empties vaults, because a vault with recovery points cannot be deleted; existence
checks.
"""

from __future__ import annotations

from typing import Final

from provisioning.aws.errors import NotFound, WrongStatus
from provisioning.aws.interface import EmptyingProgress
from provisioning.aws.sessions import Clients

# A recovery point in one of these states is being created or deleted: another call changes nothing.
_IN_TRANSITION: Final = frozenset({"CREATING", "DELETING"})


def empty_vault(aws: Clients, vault: str, *, limit: int) -> EmptyingProgress:
    """Requests the deletion of at most `limit` recovery points. AWS deletes them some time later;
    until then the vault is not empty. Never bypasses a vault lock: AWS's refusal is raised.
    """
    if not has_vault(aws, vault):
        return EmptyingProgress(deleted=0, empty=True)
    points = aws.client("backup").list_recovery_points_by_backup_vault(BackupVaultName=vault, MaxResults=limit)
    deleted = 0
    for point in points["RecoveryPoints"]:
        if point["Status"] in _IN_TRANSITION:
            continue
        try:
            aws.client("backup").delete_recovery_point(
                BackupVaultName=vault, RecoveryPointArn=point["RecoveryPointArn"]
            )
        except NotFound:
            continue
        except WrongStatus:
            continue  # it is being copied or restored: the next round tries again
        deleted += 1
    return EmptyingProgress(deleted=deleted, empty=not points["RecoveryPoints"])


def has_vault(aws: Clients, vault: str) -> bool:
    """Lists all vaults: DescribeBackupVault answers "access denied" for a vault that does not
    exist.
    """
    pages = aws.client("backup").get_paginator("list_backup_vaults").paginate()
    return any(listed["BackupVaultName"] == vault for page in pages for listed in page["BackupVaultList"])


def has_plan(aws: Clients, plan: str) -> bool:
    """AWS Backup still returns a deleted plan, with its deletion date."""
    return aws.client("backup").get_backup_plan(BackupPlanId=plan).get("DeletionDate") is None


def has_selection(aws: Clients, physical_id: str) -> bool | None:
    """The id joins the selection and its plan with an underscore, or with a bar in newer handlers,
    in either order.
    """
    parts = physical_id.replace("|", "_").split("_")
    if len(parts) != 2:  # noqa: PLR2004 - the selection and its plan
        return None
    for selection, plan in (parts, parts[::-1]):
        try:
            answer = aws.client("backup").get_backup_selection(BackupPlanId=plan, SelectionId=selection)
        except NotFound:
            continue
        return bool(answer["SelectionId"])
    return False
