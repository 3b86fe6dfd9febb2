"""Elastic File System: existence checks."""

from __future__ import annotations

from typing import Final

from provisioning.aws.sessions import Clients

_GONE: Final = "deleted"


def has_file_system(aws: Clients, physical_id: str) -> bool:
    systems = aws.efs.describe_file_systems(FileSystemId=physical_id)["FileSystems"]
    return any(system["LifeCycleState"] != _GONE for system in systems)


def has_mount_target(aws: Clients, physical_id: str) -> bool:
    targets = aws.efs.describe_mount_targets(MountTargetId=physical_id)["MountTargets"]
    return any(target["LifeCycleState"] != _GONE for target in targets)


def has_access_point(aws: Clients, physical_id: str) -> bool:
    points = aws.efs.describe_access_points(AccessPointId=physical_id)["AccessPoints"]
    return any(point.get("LifeCycleState") != _GONE for point in points)
