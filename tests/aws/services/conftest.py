"""Networks that several of these tests need."""

from __future__ import annotations

import pytest

from provisioning.aws.sessions import Clients

REGION = "eu-north-1"


@pytest.fixture
def vpc(by_hand: Clients) -> str:
    return by_hand.ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]


@pytest.fixture
def subnet(by_hand: Clients, vpc: str) -> str:
    return by_hand.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20", AvailabilityZone=f"{REGION}a")["Subnet"][
        "SubnetId"
    ]


@pytest.fixture
def subnets(by_hand: Clients, vpc: str, subnet: str) -> list[str]:
    other = by_hand.ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.16.0/20", AvailabilityZone=f"{REGION}b")["Subnet"][
        "SubnetId"
    ]
    return [subnet, other]
