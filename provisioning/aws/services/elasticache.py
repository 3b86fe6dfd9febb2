"""ElastiCache: existence checks of caches and of the snapshots that outlive them; offers."""

from __future__ import annotations

from provisioning.aws.errors import NotFound
from provisioning.aws.sessions import Clients


def has_parameter_group(aws: Clients, name: str) -> bool:
    answer = aws.elasticache.describe_cache_parameter_groups(CacheParameterGroupName=name)
    return bool(answer["CacheParameterGroups"])


def has_replication_group(aws: Clients, name: str) -> bool:
    return bool(aws.elasticache.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"])


def has_serverless_cache(aws: Clients, name: str) -> bool:
    return bool(aws.elasticache.describe_serverless_caches(ServerlessCacheName=name)["ServerlessCaches"])


def has_serverless_snapshot(aws: Clients, name: str) -> bool:
    answer = aws.elasticache.describe_serverless_cache_snapshots(ServerlessCacheSnapshotName=name)
    return bool(answer["ServerlessCacheSnapshots"])


def has_snapshot(aws: Clients, name: str) -> bool:
    return bool(aws.elasticache.describe_snapshots(SnapshotName=name)["Snapshots"])


def has_subnet_group(aws: Clients, name: str) -> bool:
    return bool(aws.elasticache.describe_cache_subnet_groups(CacheSubnetGroupName=name)["CacheSubnetGroups"])


def has_user(aws: Clients, user_id: str) -> bool:
    return bool(aws.elasticache.describe_users(UserId=user_id)["Users"])


def has_user_group(aws: Clients, group_id: str) -> bool:
    return bool(aws.elasticache.describe_user_groups(UserGroupId=group_id)["UserGroups"])


def offers_node_type(aws: Clients, node_type: str) -> bool:
    """ElastiCache has no call that lists node types. A type on offer can be reserved, so its
    reservations are asked for.
    """
    try:
        answer = aws.elasticache.describe_reserved_cache_nodes_offerings(CacheNodeType=node_type, MaxRecords=20)
    except NotFound:
        return False
    return bool(answer["ReservedCacheNodesOfferings"])


def offers_engine(aws: Clients, engine: str, version: str) -> bool:
    """Whether there is a version of the engine that is `version`, or begins with it, as in 7.1."""
    pages = aws.elasticache.get_paginator("describe_cache_engine_versions").paginate(Engine=engine)
    known = {entry["EngineVersion"] for page in pages for entry in page["CacheEngineVersions"]}
    return version in known or any(name.startswith(f"{version}.") for name in known)
