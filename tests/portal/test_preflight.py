"""The account checks on the pages, against the sandbox: each of its faults appears with its fix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import unescape
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from django.utils import timezone

from provisioning.aws.client import close_all
from provisioning.aws.onboarding import artefact_bucket
from provisioning.blueprint import example_inputs
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.preflight.recent import RECENT
from provisioning.lifecycle.preflight.report import PreflightReport
from provisioning.lifecycle.services.requests import request_environment
from provisioning.models import Account, AccountTeam, Request
from tests.fixtures.sandbox import Sandbox
from tests.portal.conftest import People

pytestmark = pytest.mark.sandbox
REGION = "eu-central-1"
EDGE = "us-east-1"
ZONE = "Z0123456789ABCDEFGHIJ"
_numbers = iter(range(300_000_000_001, 300_000_001_000))


@dataclass
class Desk:
    """A request for amply in prod, in a simulated account of its own."""

    sandbox: Sandbox
    account: Account
    request: Request
    bob: Client
    olivia: Client

    def condition(self, region: str = REGION, **conditions: Any) -> None:
        answer = self.sandbox.control(
            "POST", "account", {"account": self.account.account_id, "region": region, **conditions}
        )
        assert "error" not in answer, answer

    def deny(self, call: str, reason: str = "AccessDenied") -> None:
        self.sandbox.fault(op="call", stack=self.account.account_id, target=call, reason=reason, times=None)

    def client(self, service: str, region: str = REGION) -> Any:
        return self.sandbox.client(service, region, self.account.account_id)

    def check_again(self) -> str:
        """What olivia reads under Account checks after she has requested it."""
        answer = self.olivia.post(f"/requests/{self.request.pk}/check/", follow=True)
        assert answer.status_code == 200
        return section(answer.content.decode())


def section(page: str) -> str:
    """The text of the account checks, without markup."""
    found = re.search(r'<section class="card" id="preflight".*?</section>', page, re.DOTALL)
    assert found, page
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", found[0])).split())


@pytest.fixture
def desk(sandbox: Sandbox, people: People) -> Iterator[Desk]:
    account_id = str(next(_numbers))
    account = Account.objects.create(
        name=f"sandbox-{account_id[-4:]}",
        account_id=account_id,
        regions=[REGION, EDGE, "eu-west-1"],
        sizes=["dev", "staging", "prod"],
        endpoint_url=sandbox.url,
        artefact_bucket=artefact_bucket(account_id, REGION),
        is_sandbox=True,
    )
    AccountTeam.objects.create(
        account=account,
        team=people.payments,
        stack_role_arn=f"arn:aws:iam::{account_id}:role/portal/stacks/portal-stacks-payments",
        hosted_zones=[ZONE],
        certificates=[str(catalogue().get("carbon-connect").variables["certificate_arn"].example)],
    )
    blueprint = catalogue().get("amply")
    request = request_environment(
        actor=people.bob,
        team=people.payments,
        name="orders",
        blueprint=blueprint,
        size="prod",
        inputs=example_inputs(blueprint, "prod", {})[0],
        account=account,
        region=REGION,
    )
    desk = Desk(sandbox, account, request, people.client("bob"), people.client("olivia"))
    desk.condition(hosted_zones={ZONE: "example.com"})
    yield desk
    sandbox.clear_faults()
    close_all()


def taken_record(desk: Desk) -> None:
    record = {"Name": "api.amply.example.com", "Type": "A", "TTL": 60, "ResourceRecords": [{"Value": "192.0.2.1"}]}
    desk.client("route53").change_resource_record_sets(
        HostedZoneId=ZONE, ChangeBatch={"Changes": [{"Action": "CREATE", "ResourceRecordSet": record}]}
    )


def connected_networks(desk: Desk) -> None:
    ec2 = desk.client("ec2")
    mine, theirs = (ec2.create_vpc(CidrBlock=block)["Vpc"]["VpcId"] for block in ("10.0.0.0/16", "10.9.0.0/16"))
    ec2.create_vpc_peering_connection(VpcId=mine, PeerVpcId=theirs)


LOWERED = {
    "vpc/L-F678F1CE": 1,
    "ec2/L-0263D0A3": 1,
    "vpc/L-A4707A72": 1,
    "vpc/L-FE5A380F": 0,
    "vpc/L-DF5E4CA3": 3,
    "iam/Roles": 2,
    "rds/DBInstances": 0,
}


def test_every_fault_of_the_account_appears_on_the_plans_page(desk: Desk) -> None:
    """All at once, because planning and checking take a second each."""
    desk.condition(quotas=LOWERED, mail_sandbox=True, undelegated=["example.com"])
    desk.condition(not_offered={"db.t3.small": [], "cache.t3.micro": []})
    desk.condition(EDGE, quotas={"cloudfront/L-CF0D4FC5": 2, "cloudfront/L-7D134442": 0, "cloudfront/L-24B04930": 0})
    desk.condition(EDGE, undelegated=["example.com"])
    taken_record(desk)
    connected_networks(desk)
    text = desk.check_again()
    for words in (
        "There is no stack portal-onboarding in eu-central-1",
        "The plan adds 1 VPC; 3 of 1 are in use in eu-central-1.",
        "request a quota of at least 4 in Service Quotas (vpc, L-F678F1CE).",
        "The plan adds 2 Elastic IP addresses; 0 of 1 are in use",
        "The plan adds 1 internet gateway; 1 of 1 are in use",
        "0 of 0 are in use in eu-central-1a",
        "network interfaces that nobody needs",
        "roles that nobody needs",
        "The plan adds 1 database instance; 0 of 0 are in use",
        "The plan adds 1 distribution; 0 of 0 are in use",
        "The plan adds 1 cache policy; 0 of 0 are in use",
        "The plan adds 3 response headers policies; 0 of 2 are in use",
        "already has the record api.amply.example.com (A)",
        "can never be connected to that one",
        "RDS does not offer db.t3.small with postgres 17.9 in eu-central-1.",
        "ElastiCache does not offer cache.t3.micro in eu-central-1.",
        "Nobody answers for example.com in the public DNS: the zone is not delegated.",
        "The account has no service-linked role AWSServiceRoleForECS",
        "SES is in its sandbox in eu-central-1",
    ):
        assert words in text, words


def test_a_read_that_aws_refuses_or_throttles_says_so(desk: Desk) -> None:
    desk.deny("ec2:DescribeVpcs")
    desk.deny("rds:DescribeAccountAttributes", "Throttling")
    text = desk.check_again()
    assert "AWS refused the portal this read (ec2:DescribeVpcs)" in text
    assert "update its stack portal-onboarding" in text
    assert "allows no further call right now (rds:DescribeAccountAttributes)" in text


def test_the_page_shows_the_report_and_its_age(desk: Desk) -> None:
    before = section(desk.olivia.get(f"/requests/{desk.request.pk}/").content.decode())
    assert "not checked yet" in before
    assert "Check now" in before
    text = desk.check_again()
    assert "checked" in text
    assert "Check again" in text
    assert "The plan adds 1 VPC; 1 of 5 are in use in eu-central-1." in text  # the account's default VPC
    assert "does not ask public registries" in text
    assert section(desk.bob.get(f"/requests/{desk.request.pk}/").content.decode()) != before


def test_an_approver_confirms_a_plan_that_aws_would_refuse(desk: Desk) -> None:
    desk.condition(quotas={"vpc/L-F678F1CE": 1})
    desk.check_again()
    page = desk.olivia.get(f"/requests/{desk.request.pk}/").content.decode()
    assert "Start nevertheless, although AWS would refuse it" in page
    decision = {"digest": desk.request.plan.digest, "note": ""}
    refused = desk.olivia.post(f"/requests/{desk.request.pk}/approve/", decision)
    assert refused.status_code == 422
    assert "AWS would refuse this plan as the account is now." in refused.content.decode()
    accepted = desk.olivia.post(f"/requests/{desk.request.pk}/approve/", {**decision, "accept_findings": "on"})
    assert accepted.status_code == 302
    desk.request.refresh_from_db()
    assert desk.request.state == "approved"


def forget_reports() -> None:
    """Another web process, which has no report on the plan, answers from now on."""
    for _ in range(1_000):
        RECENT.put(uuid4(), "", PreflightReport(timezone.now(), ()))


def test_the_form_loads_the_checks_after_its_preview(desk: Desk, people: People) -> None:
    form = people.form("shop-dev", place=f"{desk.account.pk}/eu-central-1")
    preview = desk.bob.post("/catalogue/carbon-connect/request/preview/", form).content.decode()
    assert 'hx-post="/catalogue/carbon-connect/request/preflight/"' in preview
    desk.condition(quotas={"vpc/L-F678F1CE": 1})
    checks = desk.bob.post("/catalogue/carbon-connect/request/preflight/", form)
    assert "AWS would refuse" in section(checks.content.decode())
    signed = re.search(r'name="preflight" value="([^"]+)"', checks.content.decode())
    assert signed
    form["preflight"] = signed[1]
    forget_reports()
    digest = re.search(r'name="expected_digest" value="([0-9a-f]{64})"', preview)
    assert digest
    sent = desk.bob.post("/catalogue/carbon-connect/request/", {**form, "expected_digest": digest[1]})
    assert sent.status_code == 422
    assert "AWS would refuse this plan as the account is now." in sent.content.decode()
    assert 'name="accept_findings"' in sent.content.decode()
    other_plan = people.form("other-dev", place=form["place"], preflight=signed[1])
    other = desk.bob.post("/catalogue/carbon-connect/request/preview/", other_plan).content.decode()
    assert "checking…" in section(other)
    accepted = {**form, "expected_digest": digest[1], "accept_findings": "1"}
    assert desk.bob.post("/catalogue/carbon-connect/request/", accepted).status_code == 302


def test_a_form_that_is_not_complete_is_not_checked(people: People) -> None:
    answer = people.client("bob").post("/catalogue/carbon-connect/request/preflight/", people.form(""))
    assert answer.status_code == 204


def test_outsiders_and_readers_check_nothing(desk: Desk, people: People) -> None:
    assert people.client("charlie").post(f"/requests/{desk.request.pk}/check/").status_code == 404
    assert desk.olivia.get(f"/requests/{desk.request.pk}/check/").status_code == 405
    desk.request.plan.refresh_from_db()
    assert desk.request.plan.preflight == {}
