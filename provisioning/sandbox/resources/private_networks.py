"""Connections between networks: peering, VPN gateways and connections, DHCP options, egress-only
gateways, placement.
"""

from __future__ import annotations

from provisioning.sandbox.api import Properties, api
from provisioning.sandbox.private import get_account_id, get_region
from provisioning.sandbox.resources.declared import Declared, declare
from provisioning.sandbox.resources.registry import Made, original, resource_type

PEERING = "AWS::EC2::VPCPeeringConnection"
_KINDS = {
    PEERING: Declared(
        "ec2",
        "CreateVpcPeeringConnection",
        "DeleteVpcPeeringConnection",
        "VpcPeeringConnectionId",
        "VpcPeeringConnectionId",
        made="VpcPeeringConnection",
        attributes={"Id": ""},
        ec2_kind="vpc-peering-connection",
    ),
    "AWS::EC2::CustomerGateway": Declared(
        "ec2",
        "CreateCustomerGateway",
        "DeleteCustomerGateway",
        "CustomerGatewayId",
        "CustomerGatewayId",
        made="CustomerGateway",
        attributes={"CustomerGatewayId": ""},
        renamed={"IpAddress": "PublicIp"},
        ec2_kind="customer-gateway",
    ),
    "AWS::EC2::VPNGateway": Declared(
        "ec2",
        "CreateVpnGateway",
        "DeleteVpnGateway",
        "VpnGatewayId",
        "VpnGatewayId",
        made="VpnGateway",
        attributes={"VPNGatewayId": ""},
        ec2_kind="vpn-gateway",
    ),
    "AWS::EC2::VPNConnection": Declared(
        "ec2",
        "CreateVpnConnection",
        "DeleteVpnConnection",
        "VpnConnectionId",
        "VpnConnectionId",
        made="VpnConnection",
        attributes={"VpnConnectionId": ""},
        ec2_kind="vpn-connection",
    ),
    "AWS::EC2::EgressOnlyInternetGateway": Declared(
        "ec2",
        "CreateEgressOnlyInternetGateway",
        "DeleteEgressOnlyInternetGateway",
        "EgressOnlyInternetGatewayId",
        "EgressOnlyInternetGatewayId",
        made="EgressOnlyInternetGateway",
        attributes={"Id": ""},
        ec2_kind="egress-only-internet-gateway",
    ),
}


def _accepted() -> None:
    """A peering within the account is accepted automatically, as by CloudFormation; one with
    another account waits.
    """
    plain = original(PEERING, "create")

    def create(logical_id: str, properties: Properties, stack: str) -> Made:
        made: Made = plain(logical_id, properties, stack)
        own = str(properties.get("PeerOwnerId") or get_account_id()) == get_account_id()
        if own and str(properties.get("PeerRegion") or get_region()) == get_region():
            api("ec2").accept_vpc_peering_connection(VpcPeeringConnectionId=made[0])
        return made

    resource_type(PEERING, create=create)


def register() -> None:
    for name, kind in _KINDS.items():
        declare(name, kind)
    _accepted()
