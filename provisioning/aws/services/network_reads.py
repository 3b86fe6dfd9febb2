"""EC2: counts of what a region's network quotas limit, and the zones and instance types on offer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from provisioning.aws.account_reads import Vpc, Zone
from provisioning.aws.sessions import Clients

# "This includes NAT gateways in the pending, active, or deleting state" (Service Quotas, L-FE5A380F).
_COUNTED_NAT_GATEWAYS: Final = ("pending", "available", "deleting")
_CONNECTED: Final = ("active", "pending-acceptance", "provisioning")


def vpcs(aws: Clients) -> Sequence[Vpc]:
    connected = _connected_vpcs(aws)
    return [
        Vpc(
            vpc_id=vpc["VpcId"],
            cidr_blocks=tuple(
                block["CidrBlock"]
                for block in vpc.get("CidrBlockAssociationSet", [])
                if block["CidrBlockState"]["State"] in ("associating", "associated")
            )
            or (vpc["CidrBlock"],),
            is_connected=vpc["VpcId"] in connected,
        )
        for page in aws.ec2.get_paginator("describe_vpcs").paginate()
        for vpc in page["Vpcs"]
    ]


def _connected_vpcs(aws: Clients) -> set[str]:
    peerings = aws.ec2.get_paginator("describe_vpc_peering_connections").paginate(
        Filters=[{"Name": "status-code", "Values": list(_CONNECTED)}]
    )
    sides = [
        peering[side].get("VpcId", "")
        for page in peerings
        for peering in page["VpcPeeringConnections"]
        for side in ("RequesterVpcInfo", "AccepterVpcInfo")
        if side in peering
    ]
    attachments = aws.ec2.get_paginator("describe_transit_gateway_vpc_attachments").paginate(
        Filters=[{"Name": "state", "Values": ["available", "pending", "pendingAcceptance", "modifying"]}]
    )
    attached = [
        attachment["VpcId"] for page in attachments for attachment in page.get("TransitGatewayVpcAttachments", [])
    ]
    return {*sides, *attached}


def count_addresses(aws: Clients) -> int:
    return len(aws.ec2.describe_addresses()["Addresses"])


def count_internet_gateways(aws: Clients) -> int:
    pages = aws.ec2.get_paginator("describe_internet_gateways").paginate()
    return sum(len(page["InternetGateways"]) for page in pages)


def count_network_interfaces(aws: Clients) -> int:
    pages = aws.ec2.get_paginator("describe_network_interfaces").paginate(PaginationConfig={"PageSize": 1000})
    return sum(len(page["NetworkInterfaces"]) for page in pages)


def nat_gateways_by_zone(aws: Clients) -> Mapping[str, int]:
    pages = aws.ec2.get_paginator("describe_nat_gateways").paginate(
        Filters=[{"Name": "state", "Values": list(_COUNTED_NAT_GATEWAYS)}]
    )
    subnets = Counter(gateway["SubnetId"] for page in pages for gateway in page["NatGateways"])
    if not subnets:
        return {}
    zones: Counter[str] = Counter()
    for page in aws.ec2.get_paginator("describe_subnets").paginate():
        for subnet in page["Subnets"]:
            zones[subnet["AvailabilityZone"]] += subnets.get(subnet["SubnetId"], 0)
    return {zone: count for zone, count in zones.items() if count}


def zones(aws: Clients) -> Sequence[Zone]:
    """Returns the zones of the region in the order of their names, without local and wavelength
    zones.
    """
    answer = aws.ec2.describe_availability_zones(Filters=[{"Name": "zone-type", "Values": ["availability-zone"]}])
    pages = aws.ec2.get_paginator("describe_subnets").paginate(Filters=[{"Name": "default-for-az", "Values": ["true"]}])
    with_default = {subnet["AvailabilityZone"] for page in pages for subnet in page["Subnets"]}
    return [
        Zone(
            name=zone["ZoneName"],
            zone_id=zone["ZoneId"],
            is_available=zone["State"] == "available",
            has_default_subnet=zone["ZoneName"] in with_default,
        )
        for zone in sorted(answer["AvailabilityZones"], key=lambda zone: zone["ZoneName"])
    ]


def instance_type_zones(aws: Clients, instance_type: str) -> frozenset[str]:
    pages = aws.ec2.get_paginator("describe_instance_type_offerings").paginate(
        LocationType="availability-zone", Filters=[{"Name": "instance-type", "Values": [instance_type]}]
    )
    return frozenset(offering["Location"] for page in pages for offering in page["InstanceTypeOfferings"])
