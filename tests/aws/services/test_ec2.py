"""EC2, against moto as a second opinion."""

from __future__ import annotations

import uuid

import pytest

from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients


@pytest.fixture
def group(by_hand: Clients, vpc: str) -> str:
    return by_hand.ec2.create_security_group(GroupName=f"g-{uuid.uuid4()}", Description="x", VpcId=vpc)["GroupId"]


def test_a_network_is_there_and_then_gone(on_moto: LiveAws, by_hand: Clients, vpc: str, subnet: str) -> None:
    assert on_moto.exists("AWS::EC2::VPC", vpc)
    assert on_moto.exists("AWS::EC2::Subnet", subnet)
    by_hand.ec2.delete_subnet(SubnetId=subnet)
    by_hand.ec2.delete_vpc(VpcId=vpc)
    assert on_moto.exists("AWS::EC2::Subnet", subnet) is False
    assert on_moto.exists("AWS::EC2::VPC", vpc) is False


def test_an_address_is_found_by_ip_and_by_allocation(on_moto: LiveAws, by_hand: Clients) -> None:
    made = by_hand.ec2.allocate_address(Domain="vpc")
    assert on_moto.exists("AWS::EC2::EIP", made["PublicIp"])
    assert on_moto.exists("AWS::EC2::EIP", f"{made['PublicIp']}|{made['AllocationId']}")
    by_hand.ec2.release_address(AllocationId=made["AllocationId"])
    assert on_moto.exists("AWS::EC2::EIP", made["PublicIp"]) is False
    assert on_moto.exists("AWS::EC2::EIP", f"{made['PublicIp']}|{made['AllocationId']}") is False


def test_a_deleted_nat_gateway_that_ec2_still_lists_is_gone(on_moto: LiveAws, by_hand: Clients, subnet: str) -> None:
    allocation = by_hand.ec2.allocate_address(Domain="vpc")["AllocationId"]
    gateway = by_hand.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=allocation)["NatGateway"]["NatGatewayId"]
    assert on_moto.exists("AWS::EC2::NatGateway", gateway)
    by_hand.ec2.delete_nat_gateway(NatGatewayId=gateway)
    assert on_moto.exists("AWS::EC2::NatGateway", gateway) is False


def test_a_route_and_its_association_are_found_in_their_table(
    on_moto: LiveAws, by_hand: Clients, vpc: str, subnet: str
) -> None:
    gateway = by_hand.ec2.create_internet_gateway()["InternetGateway"]["InternetGatewayId"]
    by_hand.ec2.attach_internet_gateway(InternetGatewayId=gateway, VpcId=vpc)
    table = by_hand.ec2.create_route_table(VpcId=vpc)["RouteTable"]["RouteTableId"]
    by_hand.ec2.create_route(RouteTableId=table, DestinationCidrBlock="0.0.0.0/0", GatewayId=gateway)
    association = by_hand.ec2.associate_route_table(RouteTableId=table, SubnetId=subnet)["AssociationId"]
    assert on_moto.exists("AWS::EC2::InternetGateway", gateway)
    assert on_moto.exists("AWS::EC2::VPCGatewayAttachment", f"IGW|{vpc}")
    assert on_moto.exists("AWS::EC2::Route", f"{table}|0.0.0.0/0")
    assert on_moto.exists("AWS::EC2::Route", f"{table}|10.9.0.0/16") is False
    assert on_moto.exists("AWS::EC2::SubnetRouteTableAssociation", association)
    by_hand.ec2.disassociate_route_table(AssociationId=association)
    assert on_moto.exists("AWS::EC2::SubnetRouteTableAssociation", association) is False
    assert on_moto.exists("AWS::EC2::Route", "shop-Route-1ABCDEF") is None


def test_a_security_group_and_its_rule(on_moto: LiveAws, by_hand: Clients, group: str) -> None:
    rule = by_hand.ec2.authorize_security_group_ingress(
        GroupId=group,
        IpPermissions=[{"IpProtocol": "tcp", "FromPort": 80, "ToPort": 80, "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
    )["SecurityGroupRules"][0]["SecurityGroupRuleId"]
    assert on_moto.exists("AWS::EC2::SecurityGroupIngress", rule)
    assert on_moto.exists("AWS::EC2::SecurityGroupIngress", "ApiIngress") is None
    by_hand.ec2.delete_security_group(GroupId=group)
    assert on_moto.exists("AWS::EC2::SecurityGroup", group) is False


def test_only_detached_interfaces_of_the_named_groups_and_subnets_are_released(
    on_moto: LiveAws, by_hand: Clients, vpc: str, subnet: str, group: str
) -> None:
    elsewhere = by_hand.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.32.0/20")["Subnet"]["SubnetId"]
    ours = by_hand.ec2.create_network_interface(SubnetId=elsewhere, Groups=[group])["NetworkInterface"][
        "NetworkInterfaceId"
    ]
    beside = by_hand.ec2.create_network_interface(SubnetId=subnet)["NetworkInterface"]["NetworkInterfaceId"]
    foreign = by_hand.ec2.create_network_interface(SubnetId=elsewhere)["NetworkInterface"]["NetworkInterfaceId"]
    assert on_moto.release_network_interfaces({}) == []
    assert sorted(on_moto.release_network_interfaces({"group-id": [group], "subnet-id": [subnet]})) == sorted(
        [ours, beside]
    )
    assert on_moto.exists("AWS::EC2::NetworkInterface", foreign)
    assert on_moto.exists("AWS::EC2::NetworkInterface", ours) is False
    assert on_moto.release_network_interfaces({"group-id": [group], "subnet-id": [subnet]}) == []


def test_an_interface_in_use_is_left_alone(on_moto: LiveAws, by_hand: Clients, subnet: str, group: str) -> None:
    image = by_hand.ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"]
    by_hand.ec2.run_instances(
        ImageId=image, MinCount=1, MaxCount=1, SubnetId=subnet, SecurityGroupIds=[group], InstanceType="t4g.micro"
    )
    assert on_moto.release_network_interfaces({"group-id": [group], "subnet-id": [subnet]}) == []
