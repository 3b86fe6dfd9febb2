"""Valkey on ElastiCache, serverless or on nodes; TLS and encryption at rest in both.

A user gets `CACHE_URL` (rediss://) and the way in on the cache's port.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field
from troposphere import GetAtt, Sub, elasticache

from provisioning.components import base, security
from provisioning.components.build import Build, Kept
from provisioning.components.graph import Node
from provisioning.components.names import logical_id
from provisioning.components.network import subnet_refs

PORT = 6379
_NAME_LIMIT = 40


class Serverless(base.Part):
    mode: Literal["serverless"]
    max_gb: int = Field(default=10, ge=1, le=5000)


class Nodes(base.Part):
    mode: Literal["nodes"]
    node_type: str = Field(pattern=r"^cache\.[a-z0-9]+\.[a-z0-9]+$")
    nodes: int = Field(ge=2, le=6)


class ValkeySettings(base.Settings):
    capacity: Annotated[Serverless | Nodes, Field(discriminator="mode")]
    version: str = Field(default="8.0", pattern=r"^\d+\.\d+$")
    backup_days: int = Field(default=1, ge=1, le=35)
    keep_data: bool = False


class Valkey(base.Component):
    kind = "valkey"
    title = "Valkey"
    summary = "ElastiCache for Valkey: cache, sessions and task queues"
    Settings = ValkeySettings
    guarded = True
    attributes = {"endpoint": "Host name to write to", "port": "Port", "url": "rediss:// address"}

    def build(self, node: Node, build: Build) -> None:
        settings = base.settings_of(node, ValkeySettings)
        security.group(node, build, ingress=security.from_users(node, build))
        if isinstance(settings.capacity, Serverless):
            self._serverless(node, build, settings, settings.capacity)
        else:
            self._nodes(node, build, settings, settings.capacity)

    def _serverless(self, node: Node, build: Build, settings: ValkeySettings, capacity: Serverless) -> None:
        resource = elasticache.ServerlessCache(
            logical_id(node.address),
            ServerlessCacheName=build.physical(node.name, limit=_NAME_LIMIT),
            Description=f"{build.name} {node.name}",
            Engine="valkey",
            MajorEngineVersion=settings.version.split(".", maxsplit=1)[0],
            CacheUsageLimits=elasticache.CacheUsageLimits(
                DataStorage=elasticache.DataStorage(Maximum=capacity.max_gb, Unit="GB")
            ),
            SnapshotRetentionLimit=settings.backup_days,
            SecurityGroupIds=[security.group_id(node.address)],
            SubnetIds=subnet_refs(build, "data", needed_by=node),
        )
        build.keep(resource, policy=None, why="")
        if settings.keep_data:
            # CloudFormation's Snapshot policy does not cover this type; the cache takes its last snapshot itself. The
            # request is in its name: an earlier environment of this name may have left its own.
            request = build.design.environment.request_id[:8]
            resource.FinalSnapshotName = build.physical(f"{node.name}-final-{request}", limit=_NAME_LIMIT)
            build.kept.append(
                Kept(resource.title, resource.resource_type, "Snapshot", f"the last contents of {node.name}")
            )
        build.add(node, resource, "Serverless cache")

    def _nodes(self, node: Node, build: Build, settings: ValkeySettings, capacity: Nodes) -> None:
        subnets = build.add(
            node,
            elasticache.SubnetGroup(
                logical_id(node.address, "Subnets"),
                Description="Data subnets",
                SubnetIds=subnet_refs(build, "data", needed_by=node),
            ),
            "Cache's subnets",
        )
        resource = elasticache.ReplicationGroup(
            logical_id(node.address),
            ReplicationGroupId=build.physical(node.name, limit=_NAME_LIMIT),
            ReplicationGroupDescription=f"{build.name} {node.name}",
            Engine="valkey",
            EngineVersion=settings.version,
            CacheNodeType=capacity.node_type,
            NumCacheClusters=capacity.nodes,
            AutomaticFailoverEnabled=True,
            MultiAZEnabled=True,
            TransitEncryptionEnabled=True,
            TransitEncryptionMode="required",
            AtRestEncryptionEnabled=True,
            AutoMinorVersionUpgrade=True,
            SnapshotRetentionLimit=settings.backup_days,
            CacheSubnetGroupName=subnets,
            SecurityGroupIds=[security.group_id(node.address)],
        )
        build.keep(resource, policy="Snapshot" if settings.keep_data else None, why=f"the last contents of {node.name}")
        build.add(node, resource, "Cache")

    def boxes(self, node: Node) -> list[base.Box]:
        capacity = base.settings_of(node, ValkeySettings).capacity
        fact = "serverless" if isinstance(capacity, Serverless) else f"{capacity.nodes} × {capacity.node_type}"
        return [base.Box("data", node.name, "Valkey", fact)]

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        prefix = self._endpoint(node)
        match name:
            case "endpoint":
                return GetAtt(logical_id(node.address), f"{prefix}.Address")
            case "port":
                return GetAtt(logical_id(node.address), f"{prefix}.Port")
            case "url":
                resource = logical_id(node.address)
                return Sub(f"rediss://${{{resource}.{prefix}.Address}}:${{{resource}.{prefix}.Port}}")
        return super().attribute(node, name, build)

    def grant(self, node: Node, build: Build) -> base.Grant:
        return base.Grant(
            label=f"{PORT} TLS", ports=(PORT,), variables={"CACHE_URL": self.attribute(node, "url", build)}
        )

    @staticmethod
    def _endpoint(node: Node) -> str:
        serverless = isinstance(base.settings_of(node, ValkeySettings).capacity, Serverless)
        return "Endpoint" if serverless else "PrimaryEndPoint"
