"""What Valkey and Redis on ElastiCache have in common: serverless or on nodes, with TLS and
encryption at rest.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from troposphere import GetAtt, Ref, Sub, elasticache

from provisioning.components.kit import security
from provisioning.components.kit.alarms import alarm
from provisioning.components.kit.build import Build
from provisioning.components.kit.subnets import subnet_refs
from provisioning.components.kit.values import Block, Box, DashboardWidget, Section, Settings
from provisioning.components.kit.widgets import metric_widgets
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

PORT = 6379
NAME_LIMIT = 40


class Serverless(Block):
    mode: Literal["serverless"] = Field(description="AWS scales it and bills for what is stored and processed")
    max_gb: int = Field(default=10, ge=1, le=5000, description="Maximum gigabytes of data")


class Nodes(Block):
    mode: Literal["nodes"] = Field(description="A primary and its replicas, on nodes of one type")
    node_type: str = Field(pattern=r"^cache\.[a-z0-9]+\.[a-z0-9]+$", description="Node type, such as cache.t4g.medium")
    nodes: int = Field(
        ge=1,
        le=6,
        description="Number of nodes, primary included; with two or more, a replica in another zone can take over",
    )


class CacheSettings(Settings):
    capacity: Annotated[Serverless | Nodes, Field(discriminator="mode")] = Field(
        description="Serverless, or nodes of one type"
    )
    version: str = Field(pattern=r"^[0-9]+\.[0-9]+$", description="Version of the engine")
    backup_days: int = Field(default=1, ge=1, le=35, description="Days to keep daily backups")
    keep_data: bool = Field(default=False, description="Keep a final snapshot when the stack is deleted")


def add_serverless(
    node: Node, build: Build, settings: CacheSettings, *, engine: str, called: str, **more: Any
) -> elasticache.ServerlessCache:
    """Add a serverless cache. `more` are properties for one engine only."""
    capacity = settings.capacity
    if not isinstance(capacity, Serverless):
        raise TypeError(f"{node.address} is not serverless")
    resource = elasticache.ServerlessCache(
        logical_id(node.address),
        ServerlessCacheName=build.physical(called, limit=NAME_LIMIT),
        Description=f"{build.name} {called}",
        Engine=engine,
        MajorEngineVersion=settings.version.split(".", maxsplit=1)[0],
        CacheUsageLimits=elasticache.CacheUsageLimits(
            DataStorage=elasticache.DataStorage(Maximum=capacity.max_gb, Unit="GB")
        ),
        SnapshotRetentionLimit=settings.backup_days,
        SecurityGroupIds=[security.group_id(node.address)],
        SubnetIds=subnet_refs(build, "data", needed_by=node),
        **more,
    )
    build.retain(resource, policy=None, why="")
    if settings.keep_data:
        # CloudFormation's Snapshot policy does not cover this type: the cache itself takes a final snapshot.
        resource.FinalSnapshotName = build.physical(f"{called}-final", limit=NAME_LIMIT)
        why = f"the last contents of {node.name}"
        build.note_retained(resource.title, resource.resource_type, policy="Snapshot", why=why)
    build.add(node, resource, "Serverless cache")
    return resource


def add_nodes(
    node: Node, build: Build, settings: CacheSettings, *, engine: str, called: str, **more: Any
) -> elasticache.ReplicationGroup:
    """Add a replication group and its subnet group. `more` are properties for one engine only."""
    capacity = settings.capacity
    if not isinstance(capacity, Nodes):
        raise TypeError(f"{node.address} has no nodes")
    subnets = build.add(
        node,
        elasticache.SubnetGroup(
            logical_id(node.address, "Subnets"),
            Description="Data subnets",
            SubnetIds=subnet_refs(build, "data", needed_by=node),
        ),
        "Cache subnet group",
    )
    several = capacity.nodes > 1
    resource = elasticache.ReplicationGroup(
        logical_id(node.address),
        ReplicationGroupId=build.physical(called, limit=NAME_LIMIT),
        ReplicationGroupDescription=f"{build.name} {called}",
        Engine=engine,
        EngineVersion=settings.version,
        CacheNodeType=capacity.node_type,
        NumCacheClusters=capacity.nodes,
        AutomaticFailoverEnabled=several,
        MultiAZEnabled=several,
        TransitEncryptionEnabled=True,
        TransitEncryptionMode="required",
        AtRestEncryptionEnabled=True,
        AutoMinorVersionUpgrade=True,
        SnapshotRetentionLimit=settings.backup_days,
        CacheSubnetGroupName=subnets,
        SecurityGroupIds=[security.group_id(node.address)],
        **more,
    )
    build.retain(resource, policy="Snapshot" if settings.keep_data else None, why=f"the last contents of {node.name}")
    build.add(node, resource, "Cache")
    return resource


def box(node: Node, capacity: Serverless | Nodes, title: str) -> Box:
    fact = "serverless" if isinstance(capacity, Serverless) else f"{capacity.nodes} × {capacity.node_type}"
    return Box("data", node.name, title, fact)


def add_alarms(node: Node, build: Build, capacity: Serverless | Nodes) -> None:
    """Add the alarms on refused commands (serverless), or on CPU and memory of each node."""
    name = logical_id(node.address)
    if isinstance(capacity, Serverless):
        alarm(
            node,
            build,
            key="Throttled",
            description=f"{node.address} refuses commands",
            metric=("AWS/ElastiCache", "ThrottledCmds", {"clusterName": Ref(name)}),
            statistic="Sum",
            above=0,
        )
        return
    for key, says, metric, statistic in (
        ("CpuHigh", "CPU", "EngineCPUUtilization", "Average"),
        ("MemoryHigh", "of its memory", "DatabaseMemoryUsagePercentage", "Maximum"),
    ):
        for number in range(1, capacity.nodes + 1):
            several = capacity.nodes > 1
            alarm(
                node,
                build,
                key=f"{key}{number if several else ''}",
                description=f"{node.address}{f' node {number}' if several else ''} is above 90 % {says}",
                metric=("AWS/ElastiCache", metric, {"CacheClusterId": Sub(f"${{{name}}}-{number:03}")}),
                statistic=statistic,
                above=90,
            )


def widgets(node: Node, capacity: Serverless | Nodes) -> list[DashboardWidget]:
    """Return the widgets of a serverless cache, or of the first node."""
    name = logical_id(node.address)
    if isinstance(capacity, Serverless):
        metrics = {"BytesUsedForCache": "Maximum", "ElastiCacheProcessingUnits": "Sum"}
        return metric_widgets(Section.CACHES, "AWS/ElastiCache", metrics, [{"clusterName": Ref(name)}])
    metrics = {"EngineCPUUtilization": "Average", "DatabaseMemoryUsagePercentage": "Maximum", "Evictions": "Sum"}
    first = {"CacheClusterId": Sub(f"${{{name}}}-001")}
    return metric_widgets(Section.CACHES, "AWS/ElastiCache", metrics, [first])


def address(node: Node, capacity: Serverless | Nodes, part: str) -> GetAtt:
    """Return `Address` or `Port` of the endpoint that accepts writes."""
    return GetAtt(logical_id(node.address), f"{_endpoint(capacity)}.{part}")


def url(node: Node, capacity: Serverless | Nodes) -> Sub:
    """Return the rediss:// address, without a password."""
    resource, endpoint = logical_id(node.address), _endpoint(capacity)
    return Sub(f"rediss://${{{resource}.{endpoint}.Address}}:${{{resource}.{endpoint}.Port}}")


def _endpoint(capacity: Serverless | Nodes) -> str:
    return "Endpoint" if isinstance(capacity, Serverless) else "PrimaryEndPoint"
