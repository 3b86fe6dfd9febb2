"""EC2: instances, networks and the network interfaces that block their deletion; existence checks
by id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from provisioning.aws.errors import NotFound, WrongStatus
from provisioning.aws.sessions import Clients

FILTER_VALUES: Final = 200
"""The most values that one filter of a Describe call accepts (EC2, API reference)."""
_NAT_GATEWAY_GONE: Final = frozenset({"deleted", "failed"})
_ENDPOINT_GONE: Final = "deleted"
_INSTANCE_GONE: Final = "terminated"


def release_network_interfaces(aws: Clients, used_by: Mapping[str, Sequence[str]]) -> list[str]:
    """Deletes detached network interfaces and returns their ids. The keys of `used_by` are filters
    of DescribeNetworkInterfaces ("group-id", "subnet-id"), the values physical ids.
    """
    detached: set[str] = set()
    for name, values in used_by.items():
        for start in range(0, len(values), FILTER_VALUES):
            filters = [
                {"Name": name, "Values": list(values[start : start + FILTER_VALUES])},
                {"Name": "status", "Values": ["available"]},
            ]
            pages = aws.ec2.get_paginator("describe_network_interfaces").paginate(Filters=filters)  # type: ignore[arg-type]  # a list of plain dicts
            detached |= {interface["NetworkInterfaceId"] for page in pages for interface in page["NetworkInterfaces"]}
    released = []
    for interface_id in sorted(detached):
        try:
            aws.ec2.delete_network_interface(NetworkInterfaceId=interface_id)
        except NotFound:
            continue
        except WrongStatus:
            continue  # it was attached again in the meantime, so it is in use
        released.append(interface_id)
    return released


def lift_instance_protection(aws: Clients, instance_id: str) -> None:
    aws.ec2.modify_instance_attribute(InstanceId=instance_id, DisableApiTermination={"Value": False})


def has_address(aws: Clients, physical_id: str) -> bool:
    """The id is the public IP, or "IP|eipalloc-…" in newer handlers."""
    allocation = next((part for part in physical_id.split("|") if part.startswith("eipalloc-")), None)
    if allocation:
        return bool(aws.ec2.describe_addresses(AllocationIds=[allocation])["Addresses"])
    return bool(aws.ec2.describe_addresses(PublicIps=[physical_id])["Addresses"])


def has_flow_log(aws: Clients, flow_log_id: str) -> bool:
    return bool(aws.ec2.describe_flow_logs(FlowLogIds=[flow_log_id])["FlowLogs"])


def has_instance(aws: Clients, instance_id: str) -> bool:
    reservations = aws.ec2.describe_instances(InstanceIds=[instance_id])["Reservations"]
    return any(
        instance["State"]["Name"] != _INSTANCE_GONE
        for reservation in reservations
        for instance in reservation["Instances"]
    )


def has_internet_gateway(aws: Clients, gateway_id: str) -> bool:
    return bool(aws.ec2.describe_internet_gateways(InternetGatewayIds=[gateway_id])["InternetGateways"])


def has_gateway_attachment(aws: Clients, physical_id: str) -> bool | None:
    """Only ids of the form "IGW|vpc-…" can be checked."""
    kind, _, vpc_id = physical_id.partition("|")
    if kind != "IGW":
        return None
    gateways = aws.ec2.describe_internet_gateways(Filters=[{"Name": "attachment.vpc-id", "Values": [vpc_id]}])
    return bool(gateways["InternetGateways"])


def has_launch_template(aws: Clients, template_id: str) -> bool:
    return bool(aws.ec2.describe_launch_templates(LaunchTemplateIds=[template_id])["LaunchTemplates"])


def has_nat_gateway(aws: Clients, gateway_id: str) -> bool:
    return any(
        gateway["State"] not in _NAT_GATEWAY_GONE
        for gateway in aws.ec2.describe_nat_gateways(NatGatewayIds=[gateway_id])["NatGateways"]
    )


def has_network_interface(aws: Clients, interface_id: str) -> bool:
    return bool(aws.ec2.describe_network_interfaces(NetworkInterfaceIds=[interface_id])["NetworkInterfaces"])


def has_route(aws: Clients, physical_id: str) -> bool | None:
    """Only ids of the form "rtb-…|destination" can be checked."""
    table_id, _, destination = physical_id.partition("|")
    if not destination:
        return None
    tables = aws.ec2.describe_route_tables(RouteTableIds=[table_id])["RouteTables"]
    destinations = ("DestinationCidrBlock", "DestinationIpv6CidrBlock", "DestinationPrefixListId")
    return any(
        destination in (route.get(name) for name in destinations) for table in tables for route in table["Routes"]
    )


def has_route_table(aws: Clients, table_id: str) -> bool:
    return bool(aws.ec2.describe_route_tables(RouteTableIds=[table_id])["RouteTables"])


def has_route_table_association(aws: Clients, association_id: str) -> bool:
    filters = [{"Name": "association.route-table-association-id", "Values": [association_id]}]
    return bool(aws.ec2.describe_route_tables(Filters=filters)["RouteTables"])  # type: ignore[arg-type]  # a list of plain dicts


def has_security_group(aws: Clients, group_id: str) -> bool:
    return bool(aws.ec2.describe_security_groups(GroupIds=[group_id])["SecurityGroups"])


def has_security_group_rule(aws: Clients, physical_id: str) -> bool | None:
    """Only ids of the form "sgr-…" can be checked."""
    if not physical_id.startswith("sgr-"):
        return None
    return bool(aws.ec2.describe_security_group_rules(SecurityGroupRuleIds=[physical_id])["SecurityGroupRules"])


def has_subnet(aws: Clients, subnet_id: str) -> bool:
    return bool(aws.ec2.describe_subnets(SubnetIds=[subnet_id])["Subnets"])


def has_volume(aws: Clients, volume_id: str) -> bool:
    return bool(aws.ec2.describe_volumes(VolumeIds=[volume_id])["Volumes"])


def has_vpc(aws: Clients, vpc_id: str) -> bool:
    return bool(aws.ec2.describe_vpcs(VpcIds=[vpc_id])["Vpcs"])


def has_vpc_endpoint(aws: Clients, endpoint_id: str) -> bool:
    """EC2 returns these states in lower case, although its own enum is capitalized."""
    endpoints = aws.ec2.describe_vpc_endpoints(VpcEndpointIds=[endpoint_id])["VpcEndpoints"]
    return any(endpoint["State"].lower() != _ENDPOINT_GONE for endpoint in endpoints)
