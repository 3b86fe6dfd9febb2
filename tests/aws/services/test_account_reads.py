"""What is read about an account, against moto as a second opinion where moto has the call."""

from __future__ import annotations

import json
import uuid

import pytest

from provisioning.aws import NotFound
from provisioning.aws.client import LiveAws
from provisioning.aws.sessions import Clients
from tests.aws.wire import Wire, json_error, json_ok

REGION = "eu-north-1"


def test_service_quotas_returns_awss_defaults(on_moto: LiveAws) -> None:
    assert on_moto.reads.quota("vpc", "L-F678F1CE") == 5


def test_awss_default_is_in_force_where_no_quota_was_applied(aws: LiveAws, wire: Wire) -> None:
    """moto lacks the second call."""
    wire.on("GetServiceQuota", json_error("NoSuchResourceException"))
    wire.on("GetAWSDefaultServiceQuota", json_ok(Quota={"Value": 20.0}), json_error("NoSuchResourceException"))
    assert aws.reads.quota("cloudfront", "L-CF0D4FC5") == 20
    with pytest.raises(NotFound):
        aws.reads.quota("cloudfront", "L-CF0D4FC5")


def test_what_counts_against_the_quotas_of_a_network(on_moto: LiveAws, by_hand: Clients, subnet: str) -> None:
    before = (
        len(on_moto.reads.vpcs()),
        on_moto.reads.count_addresses(),
        on_moto.reads.count_internet_gateways(),
        on_moto.reads.count_network_interfaces(),
        on_moto.reads.nat_gateways_by_zone().get(f"{REGION}a", 0),
    )
    vpc_id = by_hand.ec2.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"]
    allocation = by_hand.ec2.allocate_address(Domain="vpc")["AllocationId"]
    by_hand.ec2.create_internet_gateway()
    by_hand.ec2.create_network_interface(SubnetId=subnet)
    gateway = by_hand.ec2.create_nat_gateway(SubnetId=subnet, AllocationId=allocation)["NatGateway"]["NatGatewayId"]
    after = (
        len(on_moto.reads.vpcs()),
        on_moto.reads.count_addresses(),
        on_moto.reads.count_internet_gateways(),
        on_moto.reads.nat_gateways_by_zone().get(f"{REGION}a", 0),
    )
    assert after == (before[0] + 1, before[1] + 1, before[2] + 1, before[4] + 1)
    assert on_moto.reads.count_network_interfaces() > before[3]
    (vpc,) = [vpc for vpc in on_moto.reads.vpcs() if vpc.vpc_id == vpc_id]
    assert vpc.cidr_blocks == ("10.9.0.0/16",)
    assert not vpc.is_connected
    other = by_hand.ec2.create_vpc(CidrBlock="10.10.0.0/16")["Vpc"]["VpcId"]
    by_hand.ec2.create_vpc_peering_connection(VpcId=vpc_id, PeerVpcId=other)
    assert next(vpc for vpc in on_moto.reads.vpcs() if vpc.vpc_id == other).is_connected
    by_hand.ec2.delete_nat_gateway(NatGatewayId=gateway)
    assert on_moto.reads.nat_gateways_by_zone().get(f"{REGION}a", 0) == before[4]


def test_zones_and_what_they_offer(on_moto: LiveAws) -> None:
    zones = on_moto.reads.zones()
    assert [zone.name for zone in zones] == [f"{REGION}a", f"{REGION}b", f"{REGION}c"]
    assert zones[0].zone_id == "eun1-az1"
    assert zones[0].is_available
    assert zones[0].has_default_subnet
    assert on_moto.reads.instance_type_zones("m7g.large") <= {zone.name for zone in zones}
    assert on_moto.reads.instance_type_zones("zz9.plural") == frozenset()


def test_iam_reports_its_counts_with_their_quotas(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    before = on_moto.reads.iam_usage()["Roles"]
    by_hand.iam.create_role(RoleName=name, AssumeRolePolicyDocument="{}")
    after = on_moto.reads.iam_usage()["Roles"]
    assert (after.used, after.limit) == (before.used + 1, before.limit)
    assert before.limit >= 1000


def test_an_account_without_distributions(on_moto: LiveAws) -> None:
    assert on_moto.reads.distributions() == []


def test_a_hosted_zone_with_its_name_servers_and_records(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    route53 = by_hand.client("route53")
    zone_id = route53.create_hosted_zone(Name=f"{name}.example", CallerReference=name)["HostedZone"]["Id"]
    zone_id = zone_id.rpartition("/")[2]
    zone = on_moto.reads.hosted_zone(zone_id)
    assert zone is not None
    assert zone.name == f"{name}.example"
    assert not zone.is_private
    assert zone.name_servers
    change = {
        "Action": "CREATE",
        "ResourceRecordSet": {
            "Name": f"api.{name}.example",
            "Type": "A",
            "TTL": 60,
            "ResourceRecords": [{"Value": "192.0.2.1"}],
        },
    }
    route53.change_resource_record_sets(HostedZoneId=zone_id, ChangeBatch={"Changes": [change]})
    assert on_moto.reads.has_record(zone_id, f"api.{name}.example.", "A")
    assert not on_moto.reads.has_record(zone_id, f"api.{name}.example.", "AAAA")
    assert on_moto.reads.hosted_zone("Z00000000000000000000") is None


def test_a_certificate_with_all_its_names(on_moto: LiveAws, by_hand: Clients) -> None:
    arn = by_hand.client("acm").request_certificate(
        DomainName="shop.example", SubjectAlternativeNames=["*.shop.example"], ValidationMethod="DNS"
    )["CertificateArn"]
    certificate = on_moto.reads.certificate(arn)
    assert certificate is not None
    assert certificate.status == "PENDING_VALIDATION"
    assert set(certificate.names) == {"shop.example", "*.shop.example"}
    assert on_moto.reads.certificate(f"arn:aws:acm:{REGION}:123456789012:certificate/{uuid.uuid4()}") is None


def test_the_recovery_window_of_a_secret(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    assert on_moto.reads.secret(name) is None
    by_hand.secretsmanager.create_secret(Name=name, SecretString="x")
    state = on_moto.reads.secret(name)
    assert state is not None
    assert state.deleted_at is None
    by_hand.secretsmanager.delete_secret(SecretId=name, RecoveryWindowInDays=7)
    state = on_moto.reads.secret(name)
    assert state is not None
    assert state.deleted_at is not None


def test_an_image_by_tag_and_by_digest(on_moto: LiveAws, by_hand: Clients, name: str) -> None:
    ecr = by_hand.client("ecr")
    registry_id = "123456789012"
    assert on_moto.reads.image_exists(name, "1.0", registry_id=registry_id) is None
    ecr.create_repository(repositoryName=name)
    assert on_moto.reads.image_exists(name, "1.0", registry_id=registry_id) is False
    manifest = {"schemaVersion": 2, "mediaType": "application/vnd.docker.distribution.manifest.v2+json", "layers": []}
    image = ecr.put_image(repositoryName=name, imageManifest=json.dumps(manifest), imageTag="1.0")["image"]
    assert on_moto.reads.image_exists(name, "1.0", registry_id=registry_id) is True
    assert on_moto.reads.image_exists(name, image["imageId"]["imageDigest"], registry_id=registry_id) is True
    assert on_moto.reads.image_exists(name, f"sha256:{'0' * 64}", registry_id=registry_id) is False
