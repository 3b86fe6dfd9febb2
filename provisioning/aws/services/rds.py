"""Databases: protection lifted, and asked for, with the snapshots that outlive them."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.aws.probe import Probe
from provisioning.aws.sessions import Clients


def lift_instance_protection(aws: Clients, identifier: str) -> None:
    aws.rds.modify_db_instance(DBInstanceIdentifier=identifier, DeletionProtection=False, ApplyImmediately=True)


def lift_cluster_protection(aws: Clients, identifier: str) -> None:
    aws.rds.modify_db_cluster(DBClusterIdentifier=identifier, DeletionProtection=False, ApplyImmediately=True)


def _snapshot_name(physical_id: str) -> str:
    """The name, or the last part of the ARN; a name may have a colon itself, as in "rds:shop-2026-11-21"."""
    return physical_id.split(":", 6)[6] if physical_id.startswith("arn:") else physical_id


EXISTENCE: Mapping[str, Probe] = {
    "AWS::RDS::DBCluster": lambda aws, name: bool(aws.rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"]),
    "AWS::RDS::DBClusterParameterGroup": lambda aws, name: bool(
        aws.rds.describe_db_cluster_parameter_groups(DBClusterParameterGroupName=name)["DBClusterParameterGroups"]
    ),
    # Not a type of CloudFormation: the name under which a receipt lists what DeletionPolicy Snapshot left.
    "AWS::RDS::DBClusterSnapshot": lambda aws, name: bool(
        aws.rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=_snapshot_name(name))["DBClusterSnapshots"]
    ),
    "AWS::RDS::DBInstance": lambda aws, name: bool(
        aws.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    ),
    "AWS::RDS::DBParameterGroup": lambda aws, name: bool(
        aws.rds.describe_db_parameter_groups(DBParameterGroupName=name)["DBParameterGroups"]
    ),
    "AWS::RDS::DBSnapshot": lambda aws, name: bool(
        aws.rds.describe_db_snapshots(DBSnapshotIdentifier=_snapshot_name(name))["DBSnapshots"]
    ),
    "AWS::RDS::DBSubnetGroup": lambda aws, name: bool(
        aws.rds.describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"]
    ),
}
