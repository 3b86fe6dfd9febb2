"""A CloudWatch dashboard of what the environment really has: its alarms first, then a graph for each thing measured.

It is written from the main stack's resources once all of them are there, so that nothing has to be listed by hand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from troposphere import AWSHelperFn, GetAtt, Ref, Sub, cloudwatch

from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.values import Box, Settings
from provisioning.design.graph import Node
from provisioning.design.names import logical_id, short

_COLUMNS = 3
_WIDE, _HIGH = 8, 6
_PERIOD_SECONDS = 60
_ALARM_TYPES = ("AWS::CloudWatch::Alarm", "AWS::CloudWatch::CompositeAlarm")
_ALARMS_IN_A_WIDGET = 100


@dataclass(frozen=True, slots=True)
class Measured:
    """What AWS measures of one type: the namespace, a resource's dimensions as Sub text, (metric, statistic) to show."""

    title: str
    namespace: str
    dimensions: Mapping[str, str]
    metrics: tuple[tuple[str, str], ...]


# `@` stands for the resource's logical id. The lists of metrics:
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/aws-services-cloudwatch-metrics.html
MEASURED: Mapping[str, Measured] = {
    "AWS::ElasticLoadBalancingV2::LoadBalancer": Measured(
        "Load balancer",
        "AWS/ApplicationELB",
        {"LoadBalancer": "${@.LoadBalancerFullName}"},
        (("RequestCount", "Sum"), ("TargetResponseTime", "p95"), ("HTTPCode_ELB_5XX_Count", "Sum")),
    ),
    "AWS::Lambda::Function": Measured(
        "Functions",
        "AWS/Lambda",
        {"FunctionName": "${@}"},
        (("Invocations", "Sum"), ("Errors", "Sum"), ("Throttles", "Sum"), ("Duration", "p95")),
    ),
    "AWS::ECS::Service": Measured(
        "Services",
        "AWS/ECS",
        {"ClusterName": "${@cluster}", "ServiceName": "${@.Name}"},
        (("CPUUtilization", "Average"), ("MemoryUtilization", "Average")),
    ),
    "AWS::SQS::Queue": Measured(
        "Queues",
        "AWS/SQS",
        {"QueueName": "${@.QueueName}"},
        (("ApproximateNumberOfMessagesVisible", "Maximum"), ("ApproximateAgeOfOldestMessage", "Maximum")),
    ),
    "AWS::EC2::Instance": Measured("Hosts", "AWS/EC2", {"InstanceId": "${@}"}, (("CPUUtilization", "Average"),)),
    "AWS::AmazonMQ::Broker": Measured(
        "Broker",
        "AWS/AmazonMQ",
        {"Broker": "@name"},
        (("MessageCount", "Maximum"), ("SystemCpuUtilization", "Average")),
    ),
    "AWS::RDS::DBInstance": Measured(
        "Database",
        "AWS/RDS",
        {"DBInstanceIdentifier": "${@}"},
        (("CPUUtilization", "Average"), ("DatabaseConnections", "Maximum"), ("FreeStorageSpace", "Minimum")),
    ),
    "AWS::ElastiCache::ReplicationGroup": Measured(
        "Cache",
        "AWS/ElastiCache",
        {"CacheClusterId": "${@}-001"},
        (("EngineCPUUtilization", "Average"), ("DatabaseMemoryUsagePercentage", "Maximum"), ("Evictions", "Sum")),
    ),
    "AWS::ElastiCache::ServerlessCache": Measured(
        "Cache",
        "AWS/ElastiCache",
        {"clusterName": "${@}"},
        (("BytesUsedForCache", "Maximum"), ("ElastiCacheProcessingUnits", "Sum")),
    ),
    "AWS::EC2::NatGateway": Measured(
        "NAT",
        "AWS/NATGateway",
        {"NatGatewayId": "${@}"},
        (("BytesOutToDestination", "Sum"), ("ActiveConnectionCount", "Maximum"), ("ErrorPortAllocation", "Sum")),
    ),
}


class DashboardSettings(Settings):
    pass


class Dashboard(Component):
    kind = "dashboard"
    title = "Dashboard"
    summary = "CloudWatch dashboard of the environment's alarms and of everything that is measured"
    schema = DashboardSettings
    attributes = {"name": "Name of the dashboard", "url": "Address of the dashboard in the AWS console"}

    def build(self, node: Node, build: Build) -> None:
        """Nothing yet: a dashboard shows what the others have made."""

    def finish(self, node: Node, build: Build) -> None:
        body = json.dumps({"widgets": _widgets(build)}, separators=(",", ":"), sort_keys=True)
        resource = cloudwatch.Dashboard(
            logical_id(node.address), DashboardName=_name(node, build), DashboardBody=Sub(body)
        )
        build.add(node, resource, "Dashboard")

    def boxes(self, node: Node) -> list[Box]:
        return [Box("supporting", node.name, "Dashboard", "CloudWatch")]

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        called = _name(node, build)
        if name == "name":
            return called
        if name == "url":
            return Sub(
                "https://${AWS::Region}.console.aws.amazon.com/cloudwatch/home?region=${AWS::Region}#dashboards/dashboard/"
                + called
            )
        return super().attribute(node, name, build)


def _name(node: Node, build: Build) -> str:
    return build.physical(short("dashboard", node.name), limit=255)


def _widgets(build: Build) -> list[dict[str, Any]]:
    """Alarms over the whole width, then graphs in three columns."""
    alarms = [name for kind in _ALARM_TYPES for name in _of_type(build, kind)][:_ALARMS_IN_A_WIDGET]
    shown = [*_own_graphs(build), *_measured_graphs(build)]
    top = 0
    widgets: list[dict[str, Any]] = []
    if alarms:
        top = 2 + len(alarms) // 8
        arns = [f"${{{name}.Arn}}" for name in alarms]
        properties = {"title": "Alarms", "alarms": arns}
        widgets.append({"type": "alarm", "x": 0, "y": 0, "width": 24, "height": top, "properties": properties})
    for place, (title, lines) in enumerate(shown):
        widgets.append(
            {
                "type": "metric",
                "x": place % _COLUMNS * _WIDE,
                "y": top + place // _COLUMNS * _HIGH,
                "width": _WIDE,
                "height": _HIGH,
                "properties": {
                    "title": title,
                    "region": "${AWS::Region}",
                    "period": _PERIOD_SECONDS,
                    "metrics": lines,
                },
            }
        )
    return widgets


def _of_type(build: Build, kind: str) -> list[str]:
    return [name for name, resource in build.main.template.resources.items() if resource.resource_type == kind]


def _own_graphs(build: Build) -> Iterable[tuple[str, list[Any]]]:
    for node in build.design.nodes.values():
        for graph in build.component(node).graphs(node, build):
            yield (
                graph.title,
                [
                    _line(namespace, metric, {key: _text(value) for key, value in dimensions.items()}, statistic)
                    for namespace, metric, dimensions, statistic in graph.lines
                ],
            )


def _measured_graphs(build: Build) -> Iterable[tuple[str, list[Any]]]:
    for kind, measured in MEASURED.items():
        found = [name for name in _of_type(build, kind) if _is_measured(build, name)]
        for metric, statistic in measured.metrics if found else ():
            yield (
                f"{measured.title}: {metric}",
                [_line(measured.namespace, metric, _dimensions(build, measured, name), statistic) for name in found],
            )


def _is_measured(build: Build, name: str) -> bool:
    """Network load balancers measure something else in another namespace."""
    return bool(build.main.template.resources[name].properties.get("Type") != "network")


def _dimensions(build: Build, measured: Measured, name: str) -> dict[str, str]:
    properties = build.main.template.resources[name].properties
    filled = {}
    for key, text in measured.dimensions.items():
        if text == "${@cluster}":
            filled[key] = _text(properties["Cluster"])
        elif text == "@name":
            filled[key] = _text(properties["BrokerName"])
        else:
            filled[key] = text.replace("@", name)
    return filled


def _line(namespace: str, metric: str, dimensions: Mapping[str, str], statistic: str) -> list[Any]:
    flat = [part for key, value in dimensions.items() for part in (key, value)]
    return [namespace, metric, *flat, {"stat": statistic}]


def _text(value: Any) -> str:
    """A reference as it stands inside of Sub."""
    if isinstance(value, Ref):
        return f"${{{value.data['Ref']}}}"
    if isinstance(value, GetAtt):
        return "${" + ".".join(value.data["Fn::GetAtt"]) + "}"
    if isinstance(value, AWSHelperFn):
        raise TypeError(f"a dashboard cannot show a dimension that is {value.to_dict()}")
    return str(value)
