"""File systems, asked for."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.aws.probe import Probe
from provisioning.aws.sessions import Clients

_GONE = "deleted"


def _has_file_system(aws: Clients, physical_id: str) -> bool:
    return any(
        found["LifeCycleState"] != _GONE
        for found in aws.efs.describe_file_systems(FileSystemId=physical_id)["FileSystems"]
    )


def _has_mount_target(aws: Clients, physical_id: str) -> bool:
    return any(
        found["LifeCycleState"] != _GONE
        for found in aws.efs.describe_mount_targets(MountTargetId=physical_id)["MountTargets"]
    )


def _has_access_point(aws: Clients, physical_id: str) -> bool:
    points = aws.efs.describe_access_points(AccessPointId=physical_id)["AccessPoints"]
    return any(point.get("LifeCycleState") != _GONE for point in points)


EXISTENCE: Mapping[str, Probe] = {
    "AWS::EFS::AccessPoint": _has_access_point,
    "AWS::EFS::FileSystem": _has_file_system,
    "AWS::EFS::MountTarget": _has_mount_target,
}
