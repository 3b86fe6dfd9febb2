"""What preflight reads about an account: answered as AWS does, from the account's own state, and
with a condition or a fault for each.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from provisioning.aws import AccessDenied, AccountAccess, AwsError, NotFound, SlotReserved, Throttled
from provisioning.aws.account_reads import AccountReads, EdgePolicyKind
from provisioning.aws.client import LiveAws
from provisioning.aws.rate_limiter import RateLimiter
from provisioning.aws.rates import DEFAULT_RATES, scaled
from provisioning.lifecycle.preflight.name_servers import sandbox_name_servers
from provisioning.outgoing import OWN_MACHINE
from tests.fixtures.sandbox import Sandbox

pytestmark = pytest.mark.sandbox
REGION = "eu-north-1"
EDGE = "us-east-1"


@pytest.fixture
def account(request: pytest.FixtureRequest) -> str:
    """An account that no other test has."""
    return f"7{abs(hash(request.node.name)) % 10**11:011d}"


@pytest.fixture
def live(sandbox: Sandbox, account: str) -> Iterator[LiveAws]:
    limiter = RateLimiter(None, rates=scaled(DEFAULT_RATES, 1000))
    aws = LiveAws(AccountAccess(account, REGION, endpoint_url=sandbox.url, endpoint_rules=OWN_MACHINE), limiter=limiter)
    yield aws
    aws.close()


@pytest.fixture
def reads(live: LiveAws) -> AccountReads:
    return live.reads


@pytest.fixture
def edge(sandbox: Sandbox, account: str) -> Iterator[AccountReads]:
    limiter = RateLimiter(None, rates=scaled(DEFAULT_RATES, 1000))
    aws = LiveAws(AccountAccess(account, EDGE, endpoint_url=sandbox.url, endpoint_rules=OWN_MACHINE), limiter=limiter)
    yield aws.reads
    aws.close()


@pytest.fixture
def condition(sandbox: Sandbox, account: str) -> Any:
    def put(region: str = REGION, **conditions: Any) -> Any:
        return sandbox.control("POST", "account", {"account": account, "region": region, **conditions})

    return put


def test_quotas_have_awss_defaults_until_they_are_lowered(
    reads: AccountReads, edge: AccountReads, condition: Any
) -> None:
    assert reads.quota("vpc", "L-F678F1CE") == 5
    assert reads.quota("ec2", "L-0263D0A3") == 5
    assert edge.quota("cloudfront", "L-CF0D4FC5") == 20  # never applied: AWS's default
    with pytest.raises(NotFound):
        reads.quota("cloudfront", "L-CF0D4FC5")  # a global quota, in us-east-1 only
    condition(quotas={"vpc/L-F678F1CE": 1, "iam/Roles": 2, "rds/DBInstances": 3, "lambda/ConcurrentExecutions": 150})
    condition(region=EDGE, quotas={"cloudfront/L-CF0D4FC5": 4})
    assert reads.quota("vpc", "L-F678F1CE") == 1
    assert edge.quota("cloudfront", "L-CF0D4FC5") == 4
    assert reads.iam_usage()["Roles"].limit == 2
    assert reads.database_usage()["DBInstances"].limit == 3
    assert reads.function_concurrency().limit == 150


def test_counts_come_from_the_account(sandbox: Sandbox, account: str, reads: AccountReads) -> None:
    ec2 = sandbox.client("ec2", REGION, account)
    assert [vpc.cidr_blocks for vpc in reads.vpcs()] == [("172.31.0.0/16",)]  # the default VPC
    vpc = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    zone = f"{REGION}b"
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.0.0.0/20", AvailabilityZone=zone)["Subnet"]["SubnetId"]
    allocation = ec2.allocate_address(Domain="vpc")["AllocationId"]
    ec2.create_nat_gateway(SubnetId=subnet, AllocationId=allocation)
    ec2.create_network_interface(SubnetId=subnet)
    sandbox.client("iam", REGION, account).create_instance_profile(InstanceProfileName="hosts")
    assert len(reads.vpcs()) == 2
    assert reads.count_addresses() == 1
    assert reads.nat_gateways_by_zone() == {zone: 1}
    assert reads.count_network_interfaces() >= 1
    usage = reads.iam_usage()["InstanceProfiles"]
    assert (usage.used, usage.limit) == (1, 1000)
    assert reads.function_concurrency().unreserved == 1000


def test_edge_policies_are_counted_without_awss_own(sandbox: Sandbox, account: str, edge: AccountReads) -> None:
    assert edge.count_edge_policies(EdgePolicyKind.RESPONSE_HEADERS) == 0
    sandbox.client("cloudfront", EDGE, account).create_response_headers_policy(
        ResponseHeadersPolicyConfig={"Name": "strict", "Comment": ""}
    )
    assert edge.count_edge_policies(EdgePolicyKind.RESPONSE_HEADERS) == 1
    assert edge.count_edge_policies(EdgePolicyKind.CACHE) == 0
    assert edge.distributions() == []


def test_types_are_on_offer_where_aws_offers_them(reads: AccountReads, edge: AccountReads, condition: Any) -> None:
    everywhere = {f"{REGION}{letter}" for letter in "abc"}
    assert reads.instance_type_zones("m7g.large") == everywhere
    assert reads.instance_type_zones("zz9.large") == frozenset()
    assert reads.database_zones("postgres", "17.9", "db.t4g.small") == everywhere
    assert reads.database_zones("postgres", "17.999", "db.t4g.small") == frozenset()
    assert reads.offers_cache_node_type("cache.t4g.micro")
    assert not reads.offers_cache_node_type("cache.zz9.micro")
    assert reads.offers_cache_engine("redis", "7.1")
    assert not reads.offers_cache_engine("redis", "99.1")
    assert reads.broker_offer("RABBITMQ", "mq.m7g.large").zones == everywhere
    old = [zone.name for zone in edge.zones() if zone.zone_id == "use1-az3"]
    assert old
    assert not edge.instance_type_zones("m7g.large") & set(old)
    condition(not_offered={"m7g.large": [f"{REGION}a"], "db.t4g.small": []})
    assert reads.instance_type_zones("m7g.large") == everywhere - {f"{REGION}a"}
    assert reads.database_zones("postgres", "17.9", "db.t4g.small") == frozenset()


def test_a_zone_is_delegated_unless_its_delegation_was_taken_away(
    live: LiveAws, reads: AccountReads, condition: Any
) -> None:
    look_up = sandbox_name_servers(live.access)
    assert look_up("shop.example") == frozenset()
    condition(hosted_zones={"Z0SHOP00000000000000": "shop.example"})
    zone = reads.hosted_zone("Z0SHOP00000000000000")
    assert zone is not None
    assert zone.name == "shop.example"
    assert look_up("shop.example") == {name.rstrip(".") for name in zone.name_servers}
    assert not reads.has_record("Z0SHOP00000000000000", "www.shop.example", "A")
    condition(undelegated=["shop.example"])
    assert look_up("shop.example") == frozenset()


def test_mail_is_in_its_sandbox_on_request(reads: AccountReads, condition: Any) -> None:
    assert not reads.sending_account().in_sandbox
    condition(mail_sandbox=True)
    assert reads.sending_account().in_sandbox


def test_the_state_of_a_certificate(sandbox: Sandbox, account: str, reads: AccountReads, condition: Any) -> None:
    arn = sandbox.client("acm", REGION, account).request_certificate(DomainName="shop.example")["CertificateArn"]
    condition(certificate_status={arn: "EXPIRED"})
    certificate = reads.certificate(arn)
    assert certificate is not None
    assert certificate.status == "EXPIRED"
    assert "shop.example" in certificate.names
    held = f"arn:aws:acm:{REGION}:123456789012:certificate/of-the-examples"
    assert reads.certificate(held) is None
    condition(certificates={held: ["*.shop.example"]})
    certificate = reads.certificate(held)
    assert certificate is not None
    assert (certificate.status, certificate.names) == ("ISSUED", ("*.shop.example",))


def test_an_image_exists_once_it_was_pushed(sandbox: Sandbox, account: str, reads: AccountReads) -> None:
    assert reads.image_exists("shop/api", "1.0", registry_id=account) is None
    ecr = sandbox.client("ecr", REGION, account)
    ecr.create_repository(repositoryName="shop/api")
    assert reads.image_exists("shop/api", "1.0", registry_id=account) is False
    ecr.put_image(repositoryName="shop/api", imageManifest='{"schemaVersion": 2}', imageTag="1.0")
    assert reads.image_exists("shop/api", "1.0", registry_id=account) is True


def test_a_recovery_window_holds_the_name(sandbox: Sandbox, account: str, reads: AccountReads) -> None:
    """AWS refuses the name by the call and by CloudFormation, with this reason."""
    secrets = sandbox.client("secretsmanager", REGION, account)
    secrets.create_secret(Name="app/key", SecretString="x")
    secrets.delete_secret(SecretId="app/key", RecoveryWindowInDays=7)
    state = reads.secret("app/key")
    assert state is not None
    assert state.deleted_at is not None
    with pytest.raises(ClientError, match="already scheduled for deletion") as refused:
        secrets.create_secret(Name="app/key", SecretString="x")
    assert refused.value.response["Error"]["Code"] == "InvalidRequestException"
    template = {"Resources": {"Key": {"Type": "AWS::SecretsManager::Secret", "Properties": {"Name": "app/key"}}}}
    assert sandbox.create("keys", template, region=REGION, account=account) == "ROLLBACK_COMPLETE"
    reasons = [
        event.get("ResourceStatusReason", "") for event in sandbox.events("keys", region=REGION, account=account)
    ]
    assert any("already scheduled for deletion" in reason for reason in reasons)
    secrets.delete_secret(SecretId="app/key", ForceDeleteWithoutRecovery=True)
    assert sandbox.create("more", template, region=REGION, account=account) == "CREATE_COMPLETE"


CALLS = {
    "servicequotas:GetServiceQuota": lambda reads: reads.quota("vpc", "L-F678F1CE"),
    "ec2:DescribeVpcs": lambda reads: reads.vpcs(),
    "ec2:DescribeInstanceTypeOfferings": lambda reads: reads.instance_type_zones("m7g.large"),
    "iam:GetAccountSummary": lambda reads: reads.iam_usage(),
    "rds:DescribeAccountAttributes": lambda reads: reads.database_usage(),
    "lambda:GetAccountSettings": lambda reads: reads.function_concurrency(),
    "cloudfront:ListDistributions": lambda reads: reads.distributions(),
    "elasticache:DescribeReservedCacheNodesOfferings": lambda reads: reads.offers_cache_node_type("cache.t4g.micro"),
    "mq:DescribeBrokerInstanceOptions": lambda reads: reads.broker_offer("RABBITMQ", "mq.m7g.large"),
    "route53:GetHostedZone": lambda reads: reads.hosted_zone("Z0SHOP00000000000000"),
    "secretsmanager:DescribeSecret": lambda reads: reads.secret("app/key"),
    "ses:GetAccount": lambda reads: reads.sending_account(),
    "ecr:DescribeImages": lambda reads: reads.image_exists("shop/api", "1.0", registry_id="111122223333"),
}


def in_turn(read: Callable[[], object]) -> None:
    """Read as soon as the rate limiter lets the call through. It slows down after a throttled one."""
    while True:
        try:
            read()
        except SlotReserved as slot:
            time.sleep(slot.retry_after or 0)
        else:
            return


@pytest.mark.parametrize("call", CALLS)
def test_a_fault_refuses_or_throttles_a_call(sandbox: Sandbox, account: str, reads: AccountReads, call: str) -> None:
    def read() -> None:
        in_turn(lambda: CALLS[call](reads))

    sandbox.fault(op="call", stack=account, target=call, reason="AccessDenied", times=1)
    with pytest.raises(AccessDenied):
        read()
    sandbox.fault(op="call", stack=account, target=f"{call.partition(':')[0]}:*", reason="Throttling", times=None)
    try:
        with pytest.raises(Throttled):
            read()
    finally:
        sandbox.clear_faults()
    try:
        read()
    except AwsError as error:
        assert not isinstance(error, (AccessDenied, Throttled))


def test_an_unknown_condition_is_refused_with_a_sentence(condition: Any) -> None:
    assert "it has quotas" in condition(weather="bad")["error"]
