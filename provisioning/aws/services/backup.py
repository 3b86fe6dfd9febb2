"""Backup vaults: emptied in bounded rounds, since one that holds recovery points cannot be deleted, and asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from provisioning.aws.errors import NotFound, WrongStatus
from provisioning.aws.interface import BucketProgress
from provisioning.aws.probe import Probe
from provisioning.aws.sessions import Clients

# It goes by itself, or is not there yet: asking again changes nothing.
_IN_BETWEEN: Final = frozenset({"CREATING", "DELETING"})


def empty_vault(aws: Clients, vault: str, *, limit: int) -> BucketProgress:
    """Delete at most `limit` recovery points. A lock on the vault is never bypassed: AWS's refusal is raised.

    The points go some time after they were asked to: until then the vault is not empty, though nothing was deleted.
    """
    if not _has_vault(aws, vault):
        return BucketProgress(deleted=0, empty=True)
    points = aws.client("backup").list_recovery_points_by_backup_vault(BackupVaultName=vault, MaxResults=limit)
    deleted = 0
    for point in points["RecoveryPoints"]:
        if point["Status"] in _IN_BETWEEN:
            continue
        try:
            aws.client("backup").delete_recovery_point(
                BackupVaultName=vault, RecoveryPointArn=point["RecoveryPointArn"]
            )
        except NotFound:
            continue
        except WrongStatus:
            continue  # it is being copied or restored: the next round asks again
        deleted += 1
    return BucketProgress(deleted=deleted, empty=not points["RecoveryPoints"])


def _has_vault(aws: Clients, vault: str) -> bool:
    """Of all vaults: AWS Backup answers "access denied" to the question for one that is not there."""
    pages = aws.client("backup").get_paginator("list_backup_vaults").paginate()
    return any(found["BackupVaultName"] == vault for page in pages for found in page["BackupVaultList"])


def _has_plan(aws: Clients, plan: str) -> bool:
    """A deleted plan is still told of, with the date of its deletion."""
    return aws.client("backup").get_backup_plan(BackupPlanId=plan).get("DeletionDate") is None


def _has_selection(aws: Clients, physical_id: str) -> bool | None:
    """CloudFormation joins selection and plan by an underscore, newer handlers by a bar, in either order."""
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


EXISTENCE: Mapping[str, Probe] = {
    "AWS::Backup::BackupPlan": _has_plan,
    "AWS::Backup::BackupSelection": _has_selection,
    "AWS::Backup::BackupVault": _has_vault,
}
