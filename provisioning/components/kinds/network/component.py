"""A VPC with public, private and data subnets. The data tier has no route to the internet in either
direction.

The subnets are listed in the blueprint, or derived by dividing the address range into equal parts
for the three tiers.
"""

from __future__ import annotations

from ipaddress import IPv4Network
from typing import Any

from troposphere import GetAtt, GetAZs, Ref, Select, Sub, Tags, ec2
from typing_extensions import override

from provisioning.components.kinds.network.settings import NetworkSettings
from provisioning.components.kit import iam
from provisioning.components.kit.alarms import alarm
from provisioning.components.kit.build import Build
from provisioning.components.kit.component import Component
from provisioning.components.kit.logs import log_group
from provisioning.components.kit.subnets import TIERS, TierName
from provisioning.components.kit.values import Box, DashboardWidget, Family, Section, settings_of
from provisioning.components.kit.widgets import metric_widgets
from provisioning.design.graph import Node
from provisioning.design.names import logical_id

# A NAT gateway starts at 5 Gbps and scales to 100: four fifths of the start, in bytes per five minutes.
# https://docs.aws.amazon.com/vpc/latest/userguide/nat-gateway-basics.html
_NAT_BYTES = 5 * 10**9 // 8 * 300 * 4 // 5


class Network(Component):
    kind = "network"
    title = "Network"
    summary = "VPC with public, private and data subnets, NAT gateways and flow logs"
    family = Family.NETWORK
    schema = NetworkSettings
    attributes = {"vpc_id": "Id of the VPC", "cidr": "Address range of the VPC"}

    def build(self, node: Node, build: Build) -> None:
        settings = settings_of(node, NetworkSettings)
        vpc = build.add(
            node,
            ec2.VPC(
                logical_id(node.address, "Vpc"),
                CidrBlock=str(settings.cidr),
                EnableDnsHostnames=True,
                EnableDnsSupport=True,
                Tags=Tags(Name=build.names.prefix),
            ),
            "VPC",
        )
        attachment = _internet_gateway(node, build, vpc)
        for tier in TIERS:
            _subnets(node, build, tier, getattr(settings.subnets, tier), vpc)
        _public_routes(node, build, settings, vpc, attachment)
        private_tables = _private_routes(node, build, settings, vpc, attachment)
        # A table without routes for the data tier, because the VPC's main table would apply otherwise.
        _route_table(node, build, "data", range(1, settings.azs + 1), vpc)
        build.add(
            node,
            ec2.VPCEndpoint(
                logical_id(node.address, "S3Endpoint"),
                VpcId=vpc,
                ServiceName=Sub("com.amazonaws.${AWS::Region}.s3"),
                RouteTableIds=private_tables,
            ),
            "S3 endpoint",
        )
        if settings.flow_log_days:
            _flow_log(node, build, vpc, settings.flow_log_days)

    def boxes(self, node: Node) -> list[Box]:
        settings = settings_of(node, NetworkSettings)
        nat = "one" if settings.nat == "single" else f"{settings.azs}, one per zone"
        return [Box("public", "NAT gateway", "", nat, egress=True)]

    @override
    def alarms(self, node: Node, build: Build) -> None:
        for suffix in _nat_suffixes(settings_of(node, NetworkSettings)):
            for key, says, metric, above in (
                ("Bytes", "carries over 4 Gbps", "BytesOutToDestination", _NAT_BYTES),
                ("Ports", "has no port left for a destination", "ErrorPortAllocation", 0),
            ):
                alarm(
                    node,
                    build,
                    key=f"Nat{suffix}{key}",
                    description=f"{node.address} {says}",
                    metric=("AWS/NATGateway", metric, _nat_dimensions(node, suffix)),
                    statistic="Sum",
                    above=above,
                )

    @override
    def widgets(self, node: Node, build: Build) -> list[DashboardWidget]:
        metrics = {"BytesOutToDestination": "Sum", "ActiveConnectionCount": "Maximum", "ErrorPortAllocation": "Sum"}
        suffixes = _nat_suffixes(settings_of(node, NetworkSettings))
        return metric_widgets(
            Section.NAT, "AWS/NATGateway", metrics, [_nat_dimensions(node, suffix) for suffix in suffixes]
        )

    def attribute(self, node: Node, name: str, build: Build) -> Any:
        if name == "vpc_id":
            return Ref(logical_id(node.address, "Vpc"))
        if name == "cidr":
            return str(settings_of(node, NetworkSettings).cidr)
        return super().attribute(node, name, build)


def _nat_suffixes(settings: NetworkSettings) -> list[str]:
    """Return the suffixes of the NAT gateways' logical ids: none for a single gateway, else one per
    zone.
    """
    return [""] if settings.nat == "single" else [str(zone) for zone in range(1, settings.azs + 1)]


def _nat_dimensions(node: Node, suffix: str) -> dict[str, Any]:
    return {"NatGatewayId": Ref(logical_id(node.address, f"Nat{suffix}"))}


def _internet_gateway(node: Node, build: Build, vpc: Ref) -> str:
    gateway = build.add(node, ec2.InternetGateway(logical_id(node.address, "Internet")), "Internet gateway")
    attachment_id = logical_id(node.address, "InternetAttachment")
    attachment = ec2.VPCGatewayAttachment(attachment_id, VpcId=vpc, InternetGatewayId=gateway)
    build.add(node, attachment, "Internet gateway attachment")
    return attachment_id


def _subnets(node: Node, build: Build, tier: TierName, ranges: tuple[IPv4Network, ...], vpc: Ref) -> None:
    for zone, cidr in enumerate(ranges, start=1):
        build.add(
            node,
            ec2.Subnet(
                logical_id(node.address, f"{tier.capitalize()}{zone}"),
                VpcId=vpc,
                CidrBlock=str(cidr),
                AvailabilityZone=Select(zone - 1, GetAZs("")),
                Tags=Tags(Name=f"{build.names.prefix}-{tier}-{zone}"),
            ),
            f"{tier.capitalize()} subnet {zone}",
        )


def _route_table(node: Node, build: Build, tier: TierName, zones: range, vpc: Ref, *, suffix: str = "") -> Ref:
    """Add a route table and associate the subnets of these zones with it."""
    name = f"{tier.capitalize()}Routes{suffix}"
    table = build.add(
        node,
        ec2.RouteTable(
            logical_id(node.address, name),
            VpcId=vpc,
            Tags=Tags(Name=f"{build.names.prefix}-{tier}{suffix and '-' + suffix}"),
        ),
        f"{tier.capitalize()} route table{suffix and ' ' + suffix}",
    )
    for zone in zones:
        subnet = logical_id(node.address, f"{tier.capitalize()}{zone}")
        build.add(
            node,
            ec2.SubnetRouteTableAssociation(subnet + "Routes", SubnetId=Ref(subnet), RouteTableId=table),
            f"Routes of {tier} subnet {zone}",
        )
    return table


def _public_routes(node: Node, build: Build, settings: NetworkSettings, vpc: Ref, attachment: str) -> None:
    table = _route_table(node, build, "public", range(1, settings.azs + 1), vpc)
    route = ec2.Route(
        logical_id(node.address, "PublicDefault"),
        RouteTableId=table,
        DestinationCidrBlock="0.0.0.0/0",
        GatewayId=Ref(logical_id(node.address, "Internet")),
        DependsOn=attachment,
    )
    build.add(node, route, "Public route to the internet")


def _private_routes(node: Node, build: Build, settings: NetworkSettings, vpc: Ref, attachment: str) -> list[Ref]:
    """Add one NAT gateway and route table for all zones, or one of each per zone. Returns the route
    tables.
    """
    zones = range(1, settings.azs + 1)
    groups = [("", zones)] if settings.nat == "single" else [(str(zone), range(zone, zone + 1)) for zone in zones]
    tables = []
    for suffix, group in groups:
        address = ec2.EIP(logical_id(node.address, f"NatAddress{suffix}"), Domain="vpc", DependsOn=attachment)
        build.add(node, address, "NAT gateway address")
        gateway = build.add(
            node,
            ec2.NatGateway(
                logical_id(node.address, f"Nat{suffix}"),
                AllocationId=GetAtt(address.title, "AllocationId"),
                SubnetId=Ref(logical_id(node.address, f"Public{group.start}")),
                Tags=Tags(Name=f"{build.names.prefix}-nat{suffix and '-' + suffix}"),
            ),
            "NAT gateway",
        )
        table = _route_table(node, build, "private", group, vpc, suffix=suffix)
        build.add(
            node,
            ec2.Route(
                logical_id(node.address, f"PrivateDefault{suffix}"),
                RouteTableId=table,
                DestinationCidrBlock="0.0.0.0/0",
                NatGatewayId=gateway,
            ),
            "Private route to the internet",
        )
        tables.append(table)
    return tables


def _flow_log(node: Node, build: Build, vpc: Ref, days: int) -> None:
    log_group(node, build, name=build.names.log_group(f"{node.name}/flow"), days=days, suffix="Flow")
    arn = GetAtt(logical_id(node.address, "FlowLogs"), "Arn")
    role = iam.role(
        logical_id(node.address, "FlowLogRole"),
        build,
        trust=iam.trusts("vpc-flow-logs.amazonaws.com"),
        statements=[iam.allow(["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"], arn)],
    )
    build.add(node, role, "Flow log role")
    build.add(
        node,
        ec2.FlowLog(
            logical_id(node.address, "FlowLog"),
            ResourceType="VPC",
            ResourceId=vpc,
            TrafficType="ALL",
            LogDestinationType="cloud-watch-logs",
            LogDestination=arn,
            DeliverLogsPermissionArn=GetAtt(role.title, "Arn"),
        ),
        "Flow log",
    )
