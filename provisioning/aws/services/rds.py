"""RDS: deletion protection; existence checks of databases and of the snapshots that outlive them;
quotas and offers.
"""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.aws.account_reads import Usage
from provisioning.aws.sessions import Clients


def lift_instance_protection(aws: Clients, identifier: str) -> None:
    aws.rds.modify_db_instance(DBInstanceIdentifier=identifier, DeletionProtection=False, ApplyImmediately=True)


def lift_cluster_protection(aws: Clients, identifier: str) -> None:
    aws.rds.modify_db_cluster(DBClusterIdentifier=identifier, DeletionProtection=False, ApplyImmediately=True)


def has_cluster(aws: Clients, name: str) -> bool:
    return bool(aws.rds.describe_db_clusters(DBClusterIdentifier=name)["DBClusters"])


def has_cluster_parameter_group(aws: Clients, name: str) -> bool:
    answer = aws.rds.describe_db_cluster_parameter_groups(DBClusterParameterGroupName=name)
    return bool(answer["DBClusterParameterGroups"])


def has_cluster_snapshot(aws: Clients, name: str) -> bool:
    answer = aws.rds.describe_db_cluster_snapshots(DBClusterSnapshotIdentifier=_snapshot_name(name))
    return bool(answer["DBClusterSnapshots"])


def has_instance(aws: Clients, name: str) -> bool:
    return bool(aws.rds.describe_db_instances(DBInstanceIdentifier=name)["DBInstances"])


def has_parameter_group(aws: Clients, name: str) -> bool:
    return bool(aws.rds.describe_db_parameter_groups(DBParameterGroupName=name)["DBParameterGroups"])


def has_snapshot(aws: Clients, name: str) -> bool:
    return bool(aws.rds.describe_db_snapshots(DBSnapshotIdentifier=_snapshot_name(name))["DBSnapshots"])


def has_subnet_group(aws: Clients, name: str) -> bool:
    return bool(aws.rds.describe_db_subnet_groups(DBSubnetGroupName=name)["DBSubnetGroups"])


def _snapshot_name(physical_id: str) -> str:
    """Returns the name, or the last part of the ARN. A name may contain a colon, as in
    "rds:shop-2026-11-21".
    """
    return physical_id.split(":", 6)[6] if physical_id.startswith("arn:") else physical_id


def usage(aws: Clients) -> Mapping[str, Usage]:
    """Returns RDS's counts and quotas by its own names, such as DBInstances."""
    quotas = aws.rds.describe_account_attributes()["AccountQuotas"]
    return {
        entry["AccountQuotaName"]: Usage(used=entry["Used"], limit=entry["Max"])
        for entry in quotas
        if "AccountQuotaName" in entry and "Used" in entry and "Max" in entry
    }


def zones_on_offer(aws: Clients, engine: str, version: str, instance_class: str) -> frozenset[str]:
    pages = aws.rds.get_paginator("describe_orderable_db_instance_options").paginate(
        Engine=engine, EngineVersion=version, DBInstanceClass=instance_class
    )
    return frozenset(
        zone["Name"]
        for page in pages
        for option in page["OrderableDBInstanceOptions"]
        for zone in option.get("AvailabilityZones", [])
        if "Name" in zone
    )
