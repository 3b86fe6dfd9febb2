"""Caches, asked for, with the snapshots that outlive them."""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.aws.probe import Probe

EXISTENCE: Mapping[str, Probe] = {
    "AWS::ElastiCache::ParameterGroup": lambda aws, name: bool(
        aws.elasticache.describe_cache_parameter_groups(CacheParameterGroupName=name)["CacheParameterGroups"]
    ),
    "AWS::ElastiCache::ReplicationGroup": lambda aws, name: bool(
        aws.elasticache.describe_replication_groups(ReplicationGroupId=name)["ReplicationGroups"]
    ),
    "AWS::ElastiCache::ServerlessCache": lambda aws, name: bool(
        aws.elasticache.describe_serverless_caches(ServerlessCacheName=name)["ServerlessCaches"]
    ),
    "AWS::ElastiCache::ServerlessCacheSnapshot": lambda aws, name: bool(
        aws.elasticache.describe_serverless_cache_snapshots(ServerlessCacheSnapshotName=name)[
            "ServerlessCacheSnapshots"
        ]
    ),
    "AWS::ElastiCache::Snapshot": lambda aws, name: bool(
        aws.elasticache.describe_snapshots(SnapshotName=name)["Snapshots"]
    ),
    "AWS::ElastiCache::SubnetGroup": lambda aws, name: bool(
        aws.elasticache.describe_cache_subnet_groups(CacheSubnetGroupName=name)["CacheSubnetGroups"]
    ),
    "AWS::ElastiCache::User": lambda aws, name: bool(aws.elasticache.describe_users(UserId=name)["Users"]),
    "AWS::ElastiCache::UserGroup": lambda aws, name: bool(
        aws.elasticache.describe_user_groups(UserGroupId=name)["UserGroups"]
    ),
}
