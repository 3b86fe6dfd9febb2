"""Every check passes on an account where all is well, says why when it cannot ask, and blocks or
warns when its one fault is there.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

import pytest

from provisioning.aws import AccessDenied, Throttled, Unreachable
from provisioning.aws.account_reads import (
    Certificate,
    Distribution,
    EdgePolicyKind,
    FunctionConcurrency,
    HostedZone,
    SecretState,
    SendingAccount,
    Usage,
    Vpc,
)
from provisioning.design.names import generation_of
from provisioning.lifecycle.preflight.check import World
from provisioning.lifecycle.preflight.name_servers import DnsUnavailable
from provisioning.lifecycle.preflight.registry import CHECKS
from provisioning.lifecycle.preflight.report import CheckResult, Outcome, PreflightReport
from provisioning.lifecycle.preflight.subject import subject_of
from provisioning.lifecycle.preflight.survey import Survey
from tests.lifecycle.preflight.everything import (
    ACCOUNT,
    CERTIFICATE,
    DOMAIN,
    EDGE_CERTIFICATE,
    PROVIDER,
    RESOURCES,
    ZONE,
    alias,
    exists,
    onboarded,
    ready_desk,
    resource,
)
from tests.lifecycle.preflight.support import ENVIRONMENT_ID, REGION, Desk, plan_of, planned
from tests.scripted_aws.cloud import Place

BLOCKING, WARNING = Outcome.BLOCKING, Outcome.WARNING
EDGE = "us-east-1"
Resources = dict[str, dict[str, Any]]
Fault = Callable[[Desk, Resources], object]


def report_on(desk: Desk, resources: Resources | None = None) -> PreflightReport:
    return desk.check(plan_of(planned({"Resources": RESOURCES if resources is None else resources})))


def of(report: PreflightReport, check: str) -> list[CheckResult]:
    return [result for result in report.results if result.check == check]


def test_every_check_passes_on_an_account_where_all_is_well() -> None:
    report = report_on(ready_desk())
    assert {result.check for result in report.results} == {check.key for check in CHECKS}
    assert [result for result in report.results if result.outcome is not Outcome.PASSED] == []
    assert all(result.sentence.endswith(".") for result in report.results)


def gone(kind: str, name: str) -> Fault:
    return lambda desk, _resources: desk.cloud.living.pop((Place(ACCOUNT, REGION), kind, name))


def script(change: Callable[[Any], object], region: str = REGION) -> Fault:
    return lambda desk, _resources: change(desk.script(region))


def put(name: str, value: object, region: str = REGION) -> Fault:
    return lambda desk, _resources: setattr(desk.script(region), name, value)


def edit(logical_id: str, **properties: Any) -> Fault:
    return lambda _desk, resources: resources[logical_id]["Properties"].update(properties)


def quota(service: str, code: str, region: str = REGION, *, limit: int = 0) -> Fault:
    return script(lambda account: account.quotas.update({(service, code): limit}), region)


SOON = datetime(2026, 12, 4, tzinfo=UTC)

FAULTS: list[tuple[str, str, Fault, Outcome, str]] = [
    # check, what is wrong, the fault, the outcome, and words of the sentence or the remedy
    ("onboarding.version", "old", lambda desk, _r: onboarded(desk, "1"), BLOCKING, "has version 1"),
    ("onboarding.stack_role", "missing", gone("AWS::IAM::Role", "portal-stacks-payments"), BLOCKING, "onboarding-team.yaml"),
    ("onboarding.github", "missing", gone("AWS::IAM::OIDCProvider", PROVIDER), WARNING, "no identity provider"),
    ("quotas.vpcs", "used up", quota("vpc", "L-F678F1CE"), BLOCKING, "request a quota of at least 1"),
    ("quotas.addresses", "used up", put("addresses", 5), BLOCKING, "5 of 5 are in use"),
    ("quotas.nat_gateways", "used up in the zone", put("nat_gateways", Counter({f"{REGION}a": 5})), BLOCKING, "5 of 5 are in use in eu-north-1a"),
    ("quotas.internet_gateways", "used up", put("internet_gateways", 5), BLOCKING, "Delete 1 internet gateway"),
    ("quotas.interfaces", "used up", put("interfaces", 4999), BLOCKING, "4999 of 5000"),
    ("quotas.iam", "used up", script(lambda account: account.iam.update(Roles=Usage(1000, 1000))), BLOCKING, "1000 of 1000"),
    ("quotas.databases", "used up", script(lambda account: account.databases.update(DBInstances=Usage(40, 40))), BLOCKING, "40 of 40"),
    ("quotas.functions", "too low", put("functions", FunctionConcurrency(100, 100)), BLOCKING, "0 can be reserved"),
    ("quotas.distributions", "used up", quota("cloudfront", "L-24B04930", EDGE), BLOCKING, "0 of 0"),
    ("quotas.cache_policies", "used up", put("edge_policies", Counter({EdgePolicyKind.CACHE: 20}), EDGE), BLOCKING, "20 of 20"),
    ("quotas.response_headers_policies", "used up", put("edge_policies", Counter({EdgePolicyKind.RESPONSE_HEADERS: 20}), EDGE), BLOCKING, "20 of 20"),
    ("names.resources", "taken", lambda desk, _r: exists(desk, "AWS::S3::Bucket", "a-name-of-my-own"), BLOCKING, "is in use"),
    ("names.records", "taken", script(lambda account: account.records.add((ZONE, f"api.{DOMAIN}", "A"))), BLOCKING, "already has the record"),
    ("names.aliases", "taken", put("distributions", [Distribution("E1", (f"WWW.{DOMAIN}",))], EDGE), BLOCKING, "E1"),
    ("secrets.names", "in its recovery window", script(lambda account: account.secrets.update({"app/key": SecretState("arn", SOON)})), BLOCKING, "until its recovery window ends on 04 December 2026"),
    ("secrets.names", "taken", script(lambda account: account.secrets.update({"app/key": SecretState("arn", None)})), BLOCKING, "exists already"),
    ("secrets.existing", "missing", script(lambda account: account.secrets.clear()), BLOCKING, "does not exist"),
    ("secrets.existing", "deleted", script(lambda account: account.secrets.update({"payments/token": SecretState("arn", SOON)})), BLOCKING, "restore-secret"),
    ("network.ranges", "outside", edit("PublicB", CidrBlock="10.1.0.0/20"), BLOCKING, "outside the VPC"),
    ("network.ranges", "overlapping", edit("PublicB", CidrBlock="10.0.0.0/24"), BLOCKING, "overlap"),
    ("network.ranges", "too large", edit("Vpc", CidrBlock="10.0.0.0/8"), BLOCKING, "AWS accepts /16 to /28"),
    ("network.ranges", "connected", put("vpcs", [Vpc("vpc-1", ("10.0.0.0/8",), is_connected=True)]), WARNING, "can never be connected"),
    ("zones.enough", "too few", script(lambda account: account.zones.__setitem__(slice(None), [account.zones[0], *(replace(zone, has_default_subnet=False) for zone in account.zones[1:])])), BLOCKING, "create-default-subnet"),
    ("zones.enough", "closed", edit("PublicB", AvailabilityZone="eu-north-1x"), BLOCKING, "eu-north-1x is not available"),
    ("zones.instances", "not in the zone", script(lambda account: account.unoffered[f"{REGION}b"].add("m7g.large")), BLOCKING, "in eu-north-1b, which the plan uses"),
    ("zones.databases", "one zone for two", script(lambda account: account.unoffered[f"{REGION}a"].add("db.t4g.small")), BLOCKING, "the database's subnets"),
    ("zones.caches", "not in the region", script(lambda account: account.unoffered[""].add("cache.t4g.micro")), BLOCKING, "does not offer cache.t4g.micro"),
    ("zones.caches", "no such version", edit("Cache", EngineVersion="5.0"), BLOCKING, "redis 5.0"),
    ("zones.brokers", "not in the zone", script(lambda account: account.unoffered[f"{REGION}a"].add("mq.m7g.large")), BLOCKING, "does not offer mq.m7g.large"),
    ("zones.brokers", "no such version", edit("Broker", EngineVersion="2.8"), BLOCKING, "It offers 3.13, 4.2"),
    ("domains.zones", "missing", script(lambda account: account.hosted_zones.clear()), BLOCKING, "has no hosted zone"),
    ("domains.zones", "private", script(lambda account: account.hosted_zones.update({ZONE: HostedZone(DOMAIN, is_private=True, name_servers=())})), BLOCKING, "never be validated"),
    ("domains.zones", "of another domain", script(lambda account: account.hosted_zones.update({ZONE: HostedZone("other.example", is_private=False, name_servers=())})), BLOCKING, "is not in it"),
    ("domains.delegation", "missing", lambda desk, _r: desk.delegations.clear(), BLOCKING, "not delegated"),
    ("domains.delegation", "elsewhere", lambda desk, _r: desk.delegations.update({DOMAIN: ["ns.registrar.example"]}), BLOCKING, "other name servers"),
    ("domains.delegation", "in part", lambda desk, _r: desk.delegations.update({DOMAIN: ["ns-1.awsdns-1.com", "ns.registrar.example"]}), WARNING, "some lookups fail"),
    ("certificates", "pending", script(lambda account: account.certificates.update({CERTIFICATE: Certificate("PENDING_VALIDATION", (f"*.{DOMAIN}",))})), BLOCKING, "pending validation, not issued"),
    ("certificates", "in the wrong region", lambda _d, resources: resources["Edge"]["Properties"]["DistributionConfig"]["ViewerCertificate"].update(AcmCertificateArn=CERTIFICATE), BLOCKING, "must be in us-east-1"),
    ("certificates", "for another name", script(lambda account: account.certificates.update({EDGE_CERTIFICATE: Certificate("ISSUED", (f"*.www.{DOMAIN}",))}), EDGE), BLOCKING, f"not www.{DOMAIN}"),
    ("certificates", "missing", script(lambda account: account.certificates.clear()), BLOCKING, "does not exist"),
    ("service_roles", "ECS", gone("AWS::IAM::Role", "AWSServiceRoleForECS"), BLOCKING, "create-service-linked-role --aws-service-name ecs.amazonaws.com"),
    ("service_roles", "RDS", gone("AWS::IAM::Role", "AWSServiceRoleForRDS"), WARNING, "AWSServiceRoleForRDS"),
    ("mail.sending", "in the sandbox", put("sending", SendingAccount(in_sandbox=True, is_enabled=True)), WARNING, "Request production access"),
    ("mail.sending", "paused", put("sending", SendingAccount(in_sandbox=False, is_enabled=False)), WARNING, "paused"),
    ("images", "no repository", script(lambda account: account.images.clear()), BLOCKING, "ecr create-repository"),
    ("images", "no tag", script(lambda account: account.images.update({f"{ACCOUNT}/payments/api": {"0.9"}})), BLOCKING, "has no image 1.0"),
]  # fmt: skip


@pytest.mark.parametrize(
    ("check", "fault", "outcome", "words"),
    [pytest.param(check, fault, outcome, words, id=f"{check}-{what}") for check, what, fault, outcome, words in FAULTS],
)
def test_a_fault_is_found_with_its_fix(check: str, fault: Fault, outcome: Outcome, words: str) -> None:
    desk, resources = ready_desk(), copy.deepcopy(RESOURCES)
    fault(desk, resources)
    found = [result for result in of(report_on(desk, resources), check) if result.outcome is not Outcome.PASSED]
    assert [result.outcome for result in found] == [outcome] * len(found)
    assert found
    assert any(words in f"{result.sentence} {result.remedy}" for result in found), found
    assert all(result.remedy.endswith(".") for result in found)


def test_a_stack_of_another_environment_has_the_name() -> None:
    desk = ready_desk()
    onboarded(desk, "2")
    stack = desk.cloud.stacks[-1]
    desk.cloud.stacks.append(replace(stack, spec=replace(stack.spec, name="payments-orders-dev-7k2mx")))
    (result,) = of(report_on(desk), "names.stacks")
    assert result.outcome is BLOCKING
    assert "exists in eu-north-1 already" in result.sentence


def test_every_fault_has_a_check_and_every_check_a_fault() -> None:
    assert {check for check, *_ in FAULTS} | {"names.stacks"} == {check.key for check in CHECKS}


READS = {check.key: read for check in CHECKS for read in check.reads[-1:]}


@pytest.mark.parametrize("check", READS)
def test_a_read_that_aws_refuses_is_reported_as_not_checked(check: str) -> None:
    desk = ready_desk()
    for read in next(entry.reads for entry in CHECKS if entry.key == check):
        error = AccessDenied("no", operation=f"aws:{read}", code="AccessDenied")
        desk.cloud.faults.once(read, error, times=100)
    results = of(report_on(desk), check)
    assert {result.outcome for result in results} == {Outcome.NOT_CHECKED}
    assert all("refused the portal" in result.sentence or "S3 does not say" in result.sentence for result in results)
    assert all("⟦" not in result.sentence and result.remedy for result in results)


def test_the_reads_of_a_check_are_those_that_it_declares() -> None:
    """Each check alone, on a fresh account: what it asks is what its record says."""
    for check in CHECKS:
        desk = ready_desk()
        desk.cloud.faults.calls.clear()
        plan = plan_of(planned({"Resources": RESOURCES}))
        subject = subject_of(plan, stack_role_arn=desk.stack_role_arn)
        for question in check.questions(subject):
            question.ask(World(Survey(partial(desk.connect, question.region)), desk.name_servers))
        assert set(desk.cloud.faults.calls) == set(check.reads), check.key


def test_an_account_that_cannot_be_reached_gives_a_report_all_the_same() -> None:
    def connect(_region: str) -> Any:
        raise Unreachable("no route")

    desk = ready_desk()
    desk.connect = connect  # type: ignore[method-assign]
    report = report_on(desk)
    assert {result.outcome for result in report.results} == {Outcome.NOT_CHECKED}
    assert all("could not be reached" in result.sentence for result in report.results)


def test_a_throttled_read_is_asked_again_and_then_reported() -> None:
    desk = ready_desk()
    throttled = Throttled("Rate exceeded", operation="ec2:DescribeAddresses", retry_after=0.001)
    desk.cloud.faults.once("count_addresses", throttled, times=2)
    assert of(report_on(desk), "quotas.addresses")[0].outcome is Outcome.PASSED
    desk = ready_desk()
    desk.cloud.faults.once("count_addresses", throttled, times=3)
    (result,) = of(report_on(desk), "quotas.addresses")
    assert result.outcome is Outcome.NOT_CHECKED
    assert "Check again in a minute" in result.remedy


def test_the_public_dns_may_be_out_of_reach() -> None:
    def no_dns(_domain: str) -> frozenset[str]:
        raise DnsUnavailable("The portal could not look up shop.example in the public DNS.", "Check by hand.")

    desk = ready_desk()
    desk.name_servers = no_dns  # type: ignore[method-assign]
    (result,) = of(report_on(desk), "domains.delegation")
    assert result.outcome is Outcome.NOT_CHECKED
    assert result.remedy == "Check by hand."


def test_a_defect_of_one_check_hides_no_other(caplog: pytest.LogCaptureFixture) -> None:
    desk = ready_desk()
    desk.cloud.faults.once("vpcs", ZeroDivisionError())
    report = report_on(desk)
    assert any("portal made an error" in result.sentence for result in report.results)
    assert any(result.outcome is Outcome.PASSED for result in report.results)
    assert "failed" in caplog.text


def test_public_images_are_not_checked_and_examples_are_named() -> None:
    resources = {"Task": resource("ECS::TaskDefinition", ContainerDefinitions=[{"Image": "docker.io/acme/api:1"}])}
    plan = plan_of(planned({"Resources": resources}))
    (result,) = of(ready_desk().check(plan), "images")
    assert result.outcome is Outcome.NOT_CHECKED
    assert "does not ask public registries" in result.sentence
    (result,) = of(ready_desk().check(plan, examples=["docker.io/acme/api:1"]), "images")
    assert "is the blueprint's example image" in result.sentence


def test_a_name_with_the_environments_generation_needs_no_question() -> None:
    """Nobody else can have it, so AWS is not asked."""
    name = f"pt-payments--{generation_of(ENVIRONMENT_ID)}-media"
    assert ready_desk().results({"Bucket": resource("S3::Bucket", BucketName=name)}, "names.resources") == []


def test_a_private_zone_is_right_for_what_only_the_vpc_uses() -> None:
    resources = copy.deepcopy({name: RESOURCES[name] for name in ("Vpc", "PublicA", "Balancer")})
    resources["Balancer"]["Properties"]["Scheme"] = "internal"
    resources["Record"] = alias(f"api.{DOMAIN}", "Balancer")
    desk = ready_desk()
    desk.script().hosted_zones[ZONE] = HostedZone(DOMAIN, is_private=True, name_servers=())
    report = report_on(desk, resources)
    assert [result.outcome for result in of(report, "domains.zones")] == [Outcome.PASSED]
    assert of(report, "domains.delegation") == []


def test_a_report_survives_its_storage() -> None:
    report = report_on(ready_desk())
    assert PreflightReport.from_json(report.as_json()) == report
    with pytest.raises(ValueError, match="version 99"):
        PreflightReport.from_json({**report.as_json(), "version": 99})
    with pytest.raises(ValueError, match="cannot be read"):
        PreflightReport.from_json({"version": 1, "results": []})
