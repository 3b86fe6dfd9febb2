"""Alarms that every environment with an alarm topic has, by type of resource: they need nothing but the resource.

What a component knows better (the size of its storage, its queue) stands in the component.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from troposphere import BaseAWSObject, GetAtt, Ref, Sub

from provisioning.components.kit.alarms import alarm
from provisioning.components.kit.build import Build
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

_MIB = 1024**2
# A NAT gateway starts at 5 Gbps and scales to 100: four fifths of the start, in bytes of five minutes.
# https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html
_NAT_BYTES = 5 * 10**9 // 8 * 300 * 4 // 5


@dataclass(frozen=True, slots=True)
class Rule:
    """One alarm: its key, what it says, the metric, and its bound."""

    key: str
    says: str
    metric: str
    statistic: str
    above: int | None = None
    below: int | None = None
    missing: str = "notBreaching"
    namespace: str = ""


@dataclass(frozen=True, slots=True)
class Watched:
    """A type of resource: the namespace of its metrics, its dimensions, its rules. Several dimensions, several alarms."""

    namespace: str
    dimensions: Callable[[BaseAWSObject], list[Mapping[str, Any]]]
    rules: tuple[Rule, ...]


def _service(resource: BaseAWSObject) -> list[Mapping[str, Any]]:
    return [{"ClusterName": resource.properties["Cluster"], "ServiceName": GetAtt(resource.title, "Name")}]


def _cache_nodes(resource: BaseAWSObject) -> list[Mapping[str, Any]]:
    nodes = int(resource.properties["NumCacheClusters"])
    return [{"CacheClusterId": Sub(f"${{{resource.title}}}-{node:03}")} for node in range(1, nodes + 1)]


def _by(name: str) -> Callable[[BaseAWSObject], list[Mapping[str, Any]]]:
    return lambda resource: [{name: Ref(resource.title)}]


WATCHED: Mapping[str, Watched] = {
    "AWS::ECS::Service": Watched(
        "AWS/ECS",
        _service,
        (
            Rule("CpuHigh", "{} is above 90 % CPU", "CPUUtilization", "Average", above=90),
            Rule("MemoryHigh", "{} is above 90 % of its memory", "MemoryUtilization", "Average", above=90),
            Rule(
                "NoTask",
                "{} has no running task",
                "RunningTaskCount",
                "Maximum",
                below=1,
                missing="breaching",
                namespace="ECS/ContainerInsights",
            ),
        ),
    ),
    "AWS::RDS::DBInstance": Watched(
        "AWS/RDS",
        _by("DBInstanceIdentifier"),
        (
            Rule("MemoryLow", "{} has under 128 MiB of memory", "FreeableMemory", "Minimum", below=128 * _MIB),
            Rule("DiskQueue", "{} waits for its disk", "DiskQueueDepth", "Average", above=64),
        ),
    ),
    "AWS::ElastiCache::ReplicationGroup": Watched(
        "AWS/ElastiCache",
        _cache_nodes,
        (
            Rule("CpuHigh", "{} is above 90 % CPU", "EngineCPUUtilization", "Average", above=90),
            Rule(
                "MemoryHigh",
                "{} is above 90 % of its memory",
                "DatabaseMemoryUsagePercentage",
                "Maximum",
                above=90,
            ),
        ),
    ),
    "AWS::ElastiCache::ServerlessCache": Watched(
        "AWS/ElastiCache",
        _by("clusterName"),
        (Rule("Throttled", "{} refuses commands", "ThrottledCmds", "Sum", above=0),),
    ),
    "AWS::EC2::NatGateway": Watched(
        "AWS/NATGateway",
        _by("NatGatewayId"),
        (
            Rule("Bytes", "{} carries over 4 Gbps", "BytesOutToDestination", "Sum", above=_NAT_BYTES),
            Rule("Ports", "{} has no port left for a destination", "ErrorPortAllocation", "Sum", above=0),
        ),
    ),
}


def add(build: Build) -> None:
    """Add the alarms of all resources that the main stack has by now."""
    addresses = {added.logical_id: added.address for added in build.resources}
    for resource in list(build.main.template.resources.values()):
        watched = WATCHED.get(resource.resource_type)
        if watched is None:
            continue
        node = build.node(addresses[resource.title])
        for rule in _rules(watched, node, build):
            _add(build, node, resource, watched, rule)


def _rules(watched: Watched, node: Node, build: Build) -> Iterable[Rule]:
    """Without Container Insights nobody counts running tasks; a service that may go down to none is no news."""
    for rule in watched.rules:
        if rule.namespace == "ECS/ContainerInsights":
            home = build.only("cluster", needed_by=node)
            tasks = getattr(node.settings, "tasks", None)
            if not getattr(home.settings, "container_insights", False) or getattr(tasks, "min", 1) == 0:
                continue
        yield rule


def _add(build: Build, node: Node, resource: BaseAWSObject, watched: Watched, rule: Rule) -> None:
    sets = watched.dimensions(resource)
    for number, dimensions in enumerate(sets, start=1):
        # The node's own address names the alarm; what the resource is called beyond it tells several apart.
        part = _beyond(resource.title, node)
        which = str(number) if len(sets) > 1 else ""
        alarm(
            node,
            build,
            key=f"{part}{rule.key}{which}",
            description=rule.says.format(f"{node.address}{which and ' node ' + which}"),
            metric=(rule.namespace or watched.namespace, rule.metric, dimensions),
            statistic=rule.statistic,
            missing=rule.missing,
            above=rule.above,
            below=rule.below,
        )


def _beyond(title: str, node: Node) -> str:

    return title.removeprefix(logical_id(node.address))
