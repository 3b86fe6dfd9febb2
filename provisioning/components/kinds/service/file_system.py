"""Files that survive a task: an encrypted EFS file system in the private subnets, mounted by one
service with IAM and TLS.
"""

from __future__ import annotations

from typing import Any

from troposphere import GetAtt, Ref, Tags, ec2, ecs, efs

from provisioning.components.kit import iam, security
from provisioning.components.kit.build import Build
from provisioning.components.kit.subnets import subnet_ids
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

NFS_PORT = 2049
# The user id that owns the files. The access point enforces it, whatever user the container runs as.
_OWNER = 1000


def add(node: Node, build: Build, *, keep_data: bool) -> None:
    """Add the file system, its mount targets, its access point, and egress from the service to it."""
    service_group = build.security_group(node)
    files_group = security.group(node, build, ingress=[security.admit(NFS_PORT, service_group)], suffix="Files")
    build.add(
        node,
        ec2.SecurityGroupEgress(
            logical_id(node.address, "ToFiles"),
            GroupId=service_group,
            IpProtocol="tcp",
            FromPort=NFS_PORT,
            ToPort=NFS_PORT,
            DestinationSecurityGroupId=GetAtt(files_group.title, "GroupId"),
        ),
        "Egress to the files",
    )
    files = efs.FileSystem(
        logical_id(node.address, "Files"),
        Encrypted=True,
        ThroughputMode="elastic",
        BackupPolicy=efs.BackupPolicy(Status="ENABLED" if keep_data else "DISABLED"),
        FileSystemTags=Tags({"Name": build.physical(node.name, limit=255), **build.tags()}),
    )
    build.retain(files, policy="Retain" if keep_data else None, why=f"the files of {node.name}")
    build.add(node, files, "File system")
    for zone, subnet in enumerate(subnet_ids(build, "private", needed_by=node), start=1):
        target = efs.MountTarget(
            logical_id(node.address, f"Mount{zone}"),
            FileSystemId=Ref(files.title),
            SubnetId=Ref(subnet),
            SecurityGroups=[GetAtt(files_group.title, "GroupId")],
        )
        build.add(node, target, f"Mount target {zone}")
    point = efs.AccessPoint(
        logical_id(node.address, "Access"),
        FileSystemId=Ref(files.title),
        PosixUser=efs.PosixUser(Uid=str(_OWNER), Gid=str(_OWNER)),
        RootDirectory=efs.RootDirectory(
            Path=f"/{node.name}",
            CreationInfo=efs.CreationInfo(OwnerUid=str(_OWNER), OwnerGid=str(_OWNER), Permissions="0750"),
        ),
    )
    build.add(node, point, "Access point")


def mount_targets(node: Node, build: Build) -> list[str]:
    """Return the logical ids of what must exist before a task can mount its files."""
    zones = len(subnet_ids(build, "private", needed_by=node))
    return [logical_id(node.address, f"Mount{zone}") for zone in range(1, zones + 1)]


def volume(node: Node) -> ecs.Volume:
    return ecs.Volume(
        Name=node.name,
        EFSVolumeConfiguration=ecs.EFSVolumeConfiguration(
            FilesystemId=Ref(logical_id(node.address, "Files")),
            TransitEncryption="ENABLED",
            AuthorizationConfig=ecs.AuthorizationConfig(
                AccessPointId=Ref(logical_id(node.address, "Access")), IAM="ENABLED"
            ),
        ),
    )


def statement(node: Node) -> dict[str, Any]:
    point = GetAtt(logical_id(node.address, "Access"), "Arn")
    return iam.allow(
        ["elasticfilesystem:ClientMount", "elasticfilesystem:ClientWrite"],
        GetAtt(logical_id(node.address, "Files"), "Arn"),
        {"StringEquals": {"elasticfilesystem:AccessPointArn": point}},
    )
