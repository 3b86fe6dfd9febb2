"""Networks and what is in them: asked for by id, and freed of network interfaces that nobody uses any more."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from provisioning.aws.errors import NotFound, WrongStatus
from provisioning.aws.probe import Probe
from provisioning.aws.sessions import Clients

FILTER_VALUES: Final = 200
"""The most values that one filter of a Describe call takes (EC2, API reference)."""
_NAT_GONE: Final = frozenset({"deleted", "failed"})
_ENDPOINT_GONE: Final = frozenset({"deleted"})
_INSTANCE_GONE: Final = "terminated"


def release_network_interfaces(aws: Clients, *, security_groups: Sequence[str], subnets: Sequence[str]) -> list[str]:
    """Delete interfaces of these groups or subnets that are attached to nothing; returns the ids that went."""
    found: set[str] = set()
    for name, values in (("group-id", security_groups), ("subnet-id", subnets)):
        for start in range(0, len(values), FILTER_VALUES):
            found |= _detached(aws, name, values[start : start + FILTER_VALUES])
    released = []
    for interface_id in sorted(found):
        try:
            aws.ec2.delete_network_interface(NetworkInterfaceId=interface_id)
        except NotFound:
            continue
        except WrongStatus:
            continue  # attached again in between: it is in use after all
        released.append(interface_id)
    return released


def _detached(aws: Clients, filter_name: str, values: Sequence[str]) -> set[str]:
    pages = aws.ec2.get_paginator("describe_network_interfaces").paginate(
        Filters=[{"Name": filter_name, "Values": list(values)}, {"Name": "status", "Values": ["available"]}]
    )
    return {interface["NetworkInterfaceId"] for page in pages for interface in page["NetworkInterfaces"]}


def lift_instance_protection(aws: Clients, instance_id: str) -> None:
    aws.ec2.modify_instance_attribute(InstanceId=instance_id, DisableApiTermination={"Value": False})


def _address(aws: Clients, physical_id: str) -> bool:
    """CloudFormation gives the public IP, newer handlers "IP|eipalloc-…"."""
    allocation = next((part for part in physical_id.split("|") if part.startswith("eipalloc-")), None)
    if allocation:
        return bool(aws.ec2.describe_addresses(AllocationIds=[allocation])["Addresses"])
    return bool(aws.ec2.describe_addresses(PublicIps=[physical_id])["Addresses"])


def _attachment(aws: Clients, physical_id: str) -> bool | None:
    """As in "IGW|vpc-…"; other forms cannot be asked for."""
    kind, _, vpc_id = physical_id.partition("|")
    if kind != "IGW":
        return None
    return bool(
        aws.ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc_id]}])[
            "InternetGateways"
        ]
    )


def _route(aws: Clients, physical_id: str) -> bool | None:
    """As in "rtb-…|destination"; other forms cannot be asked for."""
    table_id, _, destination = physical_id.partition("|")
    if not destination:
        return None
    tables = aws.ec2.describe_route_tables(RouteTableIds=[table_id])["RouteTables"]
    destinations = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
    return any(
        destination in (route.get(name) for name in destinations) for table in tables for route in table["Routes"]
    )


def _association(aws: Clients, physical_id: str) -> bool:
    filters = [{"Name": "association.route-table-association-id", "Values": [physical_id]}]
    return bool(aws.ec2.describe_route_tables(Filters=filters)["RouteTables"])  # type: ignore[arg-type]  # a list of plain dicts


def _group_rule(aws: Clients, physical_id: str) -> bool | None:
    if not physical_id.startswith("sgr-"):
        return None
    return bool(aws.ec2.describe_security_group_rules(SecurityGroupRuleIds=[physical_id])["SecurityGroupRules"])


def _nat_gateway(aws: Clients, physical_id: str) -> bool:
    return any(
        gateway["State"] not in _NAT_GONE
        for gateway in aws.ec2.describe_nat_gateways(NatGatewayIds=[physical_id])["NatGateways"]
    )


def _endpoint(aws: Clients, physical_id: str) -> bool:
    # EC2 spells these states in small letters although its own enum has capitals.
    endpoints = aws.ec2.describe_vpc_endpoints(VpcEndpointIds=[physical_id])["VpcEndpoints"]
    return any(endpoint["State"].lower() not in _ENDPOINT_GONE for endpoint in endpoints)


def _instance(aws: Clients, physical_id: str) -> bool:
    reservations = aws.ec2.describe_instances(InstanceIds=[physical_id])["Reservations"]
    return any(
        instance["State"]["Name"] != _INSTANCE_GONE
        for reservation in reservations
        for instance in reservation["Instances"]
    )


EXISTENCE: Mapping[str, Probe] = {
    "AWS::EC2::EIP": _address,
    "AWS::EC2::FlowLog": lambda aws, flow_log: bool(aws.ec2.describe_flow_logs(FlowLogIds=[flow_log])["FlowLogs"]),
    "AWS::EC2::Instance": _instance,
    "AWS::EC2::InternetGateway": lambda aws, gateway: bool(
        aws.ec2.describe_internet_gateways(InternetGatewayIds=[gateway])["InternetGateways"]
    ),
    "AWS::EC2::LaunchTemplate": lambda aws, template: bool(
        aws.ec2.describe_launch_templates(LaunchTemplateIds=[template])["LaunchTemplates"]
    ),
    "AWS::EC2::NatGateway": _nat_gateway,
    "AWS::EC2::NetworkInterface": lambda aws, interface: bool(
        aws.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface])["NetworkInterfaces"]
    ),
    "AWS::EC2::Route": _route,
    "AWS::EC2::RouteTable": lambda aws, table: bool(
        aws.ec2.describe_route_tables(RouteTableIds=[table])["RouteTables"]
    ),
    "AWS::EC2::SecurityGroup": lambda aws, group: bool(
        aws.ec2.describe_security_groups(GroupIds=[group])["SecurityGroups"]
    ),
    "AWS::EC2::SecurityGroupEgress": _group_rule,
    "AWS::EC2::SecurityGroupIngress": _group_rule,
    "AWS::EC2::Subnet": lambda aws, subnet: bool(aws.ec2.describe_subnets(SubnetIds=[subnet])["Subnets"]),
    "AWS::EC2::SubnetRouteTableAssociation": _association,
    "AWS::EC2::VPC": lambda aws, vpc: bool(aws.ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"]),
    "AWS::EC2::VPCEndpoint": _endpoint,
    "AWS::EC2::VPCGatewayAttachment": _attachment,
    "AWS::EC2::Volume": lambda aws, volume: bool(aws.ec2.describe_volumes(VolumeIds=[volume])["Volumes"]),
}
