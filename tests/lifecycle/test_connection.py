"""An administrator tests the connection to an account that its own administrator has onboarded, in the
sandbox, which enforces the account's policies.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from io import StringIO
from itertools import count
from threading import Event
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from provisioning.aws import (
    AccessDenied,
    Aws,
    AwsError,
    CredentialsExpired,
    Throttled,
    ValidationFailed,
    WrongAccount,
    onboarding,
)
from provisioning.aws.account_reads import LiveRole, PolicyText
from provisioning.errors import WrongState
from provisioning.lifecycle.connection.report import ConnectionReport, Finding, Outcome
from provisioning.lifecycle.services.accounts import read_outputs
from provisioning.lifecycle.services.test_connection import check_connection, connection_after
from provisioning.models import Account, AccountTeam, AuditEvent, Connection, Membership, Role, Team, User
from tests.fixtures.sandbox import Sandbox
from tests.fixtures.world import World
from tests.scripted_aws.cloud import Place

pytestmark = pytest.mark.sandbox

REGION, FURTHER_REGION = "eu-north-1", "eu-west-1"
ZONE, OTHER_ZONE = "Z0123456789ABCDEFGHIJ", "Z9876543210ABCDEFGHIJ"
_accounts = count(640_000_000_001)


@dataclass
class Onboarded:
    sandbox: Sandbox
    account: Account
    payments: AccountTeam
    olivia: User

    def deploy(self, *, template: str = "", region: str = REGION, **parameters: str) -> None:
        given = {
            "PortalPrincipalArn": f"arn:aws:iam::{self.account.account_id}:user/portal",
            "ExternalId": self.account.external_id,
            "FirstRegion": str(region == REGION).lower(),
            **parameters,
        }
        self._create(onboarding.STACK, template or onboarding.TEMPLATE.read_text(encoding="utf-8"), region, given)

    def deploy_team(self, **parameters: str) -> None:
        text = onboarding.TEAM_TEMPLATE.read_text(encoding="utf-8")
        self._create(onboarding.team_stack("payments"), text, REGION, {"Team": "payments", **parameters})

    def _create(self, name: str, template: str, region: str, parameters: dict[str, str]) -> None:
        listed = [{"ParameterKey": key, "ParameterValue": value} for key, value in parameters.items()]
        status = self.sandbox.create(name, template, region=region, account=self.account.account_id, Parameters=listed)
        assert status == "CREATE_COMPLETE", self.sandbox.events(name, region=region, account=self.account.account_id)

    def iam(self) -> Any:
        return self.sandbox.client("iam", REGION, self.account.account_id)

    def test(self) -> ConnectionReport:
        return check_connection(actor=self.olivia, account=self.account, budget_seconds=120)


@pytest.fixture
def onboarded(db: None, sandbox: Sandbox) -> Onboarded:
    """An account that the portal knows. Nothing is deployed in it yet."""
    account_id = str(next(_accounts))
    account = Account.objects.create(
        name=f"dev-{account_id}",
        account_id=account_id,
        regions=[REGION],
        sizes=["dev"],
        role_arn=onboarding.portal_role_arn(account_id),
        endpoint_url=sandbox.url,
        artefact_bucket=onboarding.artefact_bucket(account_id, REGION),
        is_sandbox=True,
    )
    team = Team.objects.create(slug="payments", name="Payments")
    Membership.objects.create(team=team, user=User.objects.create(username="alice"), role=Role.OWNER)
    entry = AccountTeam.objects.create(
        account=account, team=team, stack_role_arn=onboarding.stack_role_arn(account_id, "payments")
    )
    olivia = User.objects.create(username="olivia", is_superuser=True)
    return Onboarded(sandbox, account, entry, olivia)


def of(report: ConnectionReport, outcome: Outcome) -> list[Finding]:
    return [one for one in report.findings if one.outcome is outcome]


def sentences(report: ConnectionReport, outcome: Outcome) -> str:
    return "\n".join(f"{one.sentence} {one.remedy}" for one in of(report, outcome))


def test_an_account_as_this_portals_templates_set_it_up_lacks_nothing(onboarded: Onboarded) -> None:
    onboarded.account.regions = [REGION, FURTHER_REGION]
    onboarded.deploy()
    onboarded.deploy(region=FURTHER_REGION)
    onboarded.deploy_team(HostedZones=f"arn:aws:route53:::hostedzone/{ZONE}")
    onboarded.payments.hosted_zones = [ZONE]
    onboarded.payments.save()
    report = onboarded.test()
    assert sentences(report, Outcome.MISSING) == ""
    assert sentences(report, Outcome.NOTE) == ""
    (unknown,) = of(report, Outcome.UNKNOWN)
    assert "Service control policies" in unknown.sentence
    assert "role/portal grants every call that the portal makes." in [one.sentence for one in report.findings]
    assert report.passed
    event = AuditEvent.objects.get()
    assert (event.action, event.actor) == ("account:test", onboarded.olivia)
    assert event.detail == {"account": onboarded.account.name, "passed": True, "missing": 0, "unknown": 1}


def test_what_an_older_onboarding_lacks_is_named_with_the_stack_to_update(onboarded: Onboarded) -> None:
    template = onboarding.TEMPLATE.read_text(encoding="utf-8")
    weakened = template.replace('"ec2:DescribeLaunchTemplates", ', "").replace(
        'OnboardingVersion: {Value: "2"', 'OnboardingVersion: {Value: "1"'
    )
    assert weakened.count("ec2:DescribeLaunchTemplates") < template.count("ec2:DescribeLaunchTemplates")
    onboarded.deploy(template=weakened)
    report = onboarded.test()
    missing = sentences(report, Outcome.MISSING)
    assert f"The stack portal-onboarding in {REGION} has version 1, and this portal needs version 2." in missing
    assert "The stack role portal-stacks-payments of Payments does not exist." in missing
    assert f"administrator of account {onboarded.account.account_id}" in missing
    assert "the stack portal-onboarding-payments with this portal's onboarding-team.yaml" in missing
    findings = [one for one in of(report, Outcome.MISSING) if "DescribeLaunchTemplates" in one.sentence]
    assert {one.sentence for one in findings} == {
        f"role/portal lacks permissions for {purpose}: ec2:DescribeLaunchTemplates."
        for purpose in ("verifying that a resource is gone", "detecting drift")
    }
    assert {one.details for one in findings} == {
        ("ec2:DescribeLaunchTemplates on * is not allowed: no identity-based policy allows it.",)
    }
    assert not report.passed


def test_a_region_without_onboarding_is_named(onboarded: Onboarded) -> None:
    onboarded.account.regions = [REGION, FURTHER_REGION]
    onboarded.deploy()
    missing = sentences(onboarded.test(), Outcome.MISSING)
    bucket = onboarding.artefact_bucket(onboarded.account.account_id, FURTHER_REGION)
    assert f"There is no stack portal-onboarding in {FURTHER_REGION}." in missing
    assert f"There is no artefact bucket {bucket} in {FURTHER_REGION}." in missing


def test_a_role_that_was_changed_by_hand_is_named(onboarded: Onboarded) -> None:
    onboarded.deploy()
    onboarded.deploy_team(HostedZones=f"arn:aws:route53:::hostedzone/{ZONE}")
    secrets = onboarded.sandbox.client("secretsmanager", REGION, onboarded.account.account_id)
    secret_arn = secrets.create_secret(Name="pagerduty", SecretString="x")["ARN"]
    onboarded.payments.secrets = ["pagerduty", "elsewhere"]
    onboarded.payments.hosted_zones = [ZONE, OTHER_ZONE]
    onboarded.payments.save()
    iam, name = onboarded.iam(), onboarding.stack_role_name("payments")
    everything = {"Sid": "Everything", "Effect": "Allow", "Action": "*", "Resource": "*"}
    iam.put_role_policy(
        RoleName=name,
        PolicyName="handmade",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [everything]}),
    )
    fences = next(
        one["PolicyArn"]
        for one in iam.list_attached_role_policies(RoleName=name)["AttachedPolicies"]
        if "fences" in one["PolicyName"]
    )
    iam.detach_role_policy(RoleName=name, PolicyArn=fences)
    iam.untag_role(RoleName=name, TagKeys=["portal:team"])
    report = onboarded.test()
    missing = sentences(report, Outcome.MISSING)
    title = f"The stack role {name} of Payments"
    assert f"{title} lacks prohibitions of this portal's template: " in missing
    assert f"{title} lacks the tag portal:team=payments." in missing
    assert (
        f"{title} may not use arn:aws:route53:::hostedzone/{OTHER_ZONE}, which the portal offers the team." in missing
    )
    assert ZONE not in missing.replace(OTHER_ZONE, "")
    assert f"{title} may not use {secret_arn}, which the portal offers the team." in missing
    assert f"{title} has statements that are not in this portal's template: handmade/Everything." in sentences(
        report, Outcome.NOTE
    )


def test_a_weakened_role_of_the_portal_is_named(onboarded: Onboarded) -> None:
    template = onboarding.TEMPLATE.read_text(encoding="utf-8")
    prohibition = "- Sid: NeverItsOwnFoundation\n                Effect: Deny"
    assert template.count(prohibition) == 1
    onboarded.deploy(template=template.replace(prohibition, prohibition.replace("Deny", "Allow")))
    report = onboarded.test()
    missing = sentences(report, Outcome.MISSING)
    assert "role/portal lacks prohibitions of this portal's template: NeverItsOwnFoundation." in missing
    assert (
        "role/portal has statements that are not in this portal's template: stacks/NeverItsOwnFoundation."
        in sentences(report, Outcome.NOTE)
    )


def test_what_the_administrator_lists_is_no_difference(onboarded: Onboarded) -> None:
    onboarded.deploy(
        AdoptedStacks=f"arn:aws:cloudformation:{REGION}:{onboarded.account.account_id}:stack/shop/0a1b2c3d",
        FormerEnvironments="true",
        FormerBuckets="arn:aws:s3:::shop-dev-*",
    )
    onboarded.deploy_team(
        HostedZones=f"arn:aws:route53:::hostedzone/{ZONE}",
        Domains="pay.example.com,*.pay.example.com",
        Secrets=f"arn:aws:secretsmanager:{REGION}:{onboarded.account.account_id}:secret:pagerduty-AbCdEf",
    )
    report = onboarded.test()
    assert sentences(report, Outcome.MISSING) == ""
    assert sentences(report, Outcome.NOTE) == ""


@pytest.mark.parametrize(
    ("role", "policy_name", "sid"),
    [
        ("portal-stacks-payments", "secrets-of-the-team", "SecretsThatTheTeamBrings"),
        ("portal-stacks-payments", "zones-of-the-team", "RecordsOfTheTeamsZones"),
        ("portal", "adopted-stacks", "ChangeAdoptedStacksAsATeam"),
        ("portal", "former-environments", "DeleteStacksOfFormerEnvironments"),
    ],
)
def test_a_condition_dropped_from_what_the_administrator_lists_is_named(
    onboarded: Onboarded, role: str, policy_name: str, sid: str
) -> None:
    onboarded.deploy(
        AdoptedStacks=f"arn:aws:cloudformation:{REGION}:{onboarded.account.account_id}:stack/shop/0a1b2c3d",
        FormerEnvironments="true",
    )
    onboarded.deploy_team(
        HostedZones=f"arn:aws:route53:::hostedzone/{ZONE}",
        Secrets=f"arn:aws:secretsmanager:{REGION}:{onboarded.account.account_id}:secret:pagerduty-AbCdEf",
    )
    document = onboarded.iam().get_role_policy(RoleName=role, PolicyName=policy_name)["PolicyDocument"]
    (statement,) = (one for one in document["Statement"] if one["Sid"] == sid)
    del statement["Condition"]
    onboarded.iam().put_role_policy(RoleName=role, PolicyName=policy_name, PolicyDocument=json.dumps(document))
    notes = sentences(onboarded.test(), Outcome.NOTE)
    assert f"has statements that are not in this portal's template: {policy_name}/{sid}." in notes


@pytest.mark.parametrize(
    "condition",
    [
        {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::{account_id}:user/portal"}},
        {"StringLike": {"sts:ExternalId": "*"}},
        {"StringEqualsIfExists": {"sts:ExternalId": "{external_id}"}},
    ],
)
def test_a_role_that_demands_no_external_id_is_named(
    onboarded: Onboarded, condition: dict[str, dict[str, str]]
) -> None:
    onboarded.deploy()
    trust = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole", "Condition": condition}
    document = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
    for field in ("account_id", "external_id"):
        document = document.replace(f"{{{field}}}", getattr(onboarded.account, field))
    onboarded.iam().update_assume_role_policy(RoleName="portal", PolicyDocument=document)
    missing = sentences(onboarded.test(), Outcome.MISSING)
    assert "role/portal can be assumed without the account's External ID." in missing


@pytest.mark.parametrize(
    ("changes", "sentence", "remedy"),
    [
        ({"external_id": "another-external-id"}, "AWS does not let the portal assume arn:aws:iam::", "External ID of dev-"),
        ({"role_arn": "arn:aws:iam::{account_id}:role/gone"}, "AWS does not let the portal assume", "PortalRoleArn"),
        ({"endpoint_url": "http://127.0.0.1:9"}, "The portal cannot reach http://127.0.0.1:9", "Check the network"),
        ({"regions": []}, "has no regions.", "Enter the regions"),
    ],
)  # fmt: skip
def test_an_account_that_cannot_be_reached_gives_a_sentence(
    onboarded: Onboarded, changes: dict[str, Any], sentence: str, remedy: str
) -> None:
    account_id = onboarded.account.account_id
    if "external_id" in changes:
        onboarded.deploy()
    for field, value in changes.items():
        filled = value.format(account_id=account_id) if isinstance(value, str) else value
        setattr(onboarded.account, field, filled)
    (finding,) = onboarded.test().findings
    assert finding.outcome is Outcome.MISSING
    assert sentence in finding.sentence
    assert remedy in finding.remedy
    event = AuditEvent.objects.get()
    assert event.detail["passed"] is False
    assert onboarded.account.external_id not in json.dumps(event.detail)


def test_an_account_without_a_role_is_not_called_safe(onboarded: Onboarded) -> None:
    onboarded.account.role_arn = ""
    report = onboarded.test()
    assert f"{onboarded.account.name} has no role" in sentences(report, Outcome.UNKNOWN)


class TestScripted:
    """What neither the sandbox nor a test account does on demand."""

    @pytest.fixture
    def dev(self, world: World) -> World:
        world.account.role_arn = onboarding.portal_role_arn(world.account.account_id)
        return world

    @pytest.mark.parametrize(
        ("error", "sentence"),
        [
            (WrongAccount("The credentials belong to account 2"), "is not in the account. The credentials belong to account 2."),
            (CredentialsExpired("The token has expired"), "The portal has no valid credentials of its own"),
            (Throttled("Rate exceeded"), "AWS limits the portal's calls at the moment: Rate exceeded"),
            (ValidationFailed("1 validation error", operation="sts:AssumeRole"), "AWS does not accept arn:aws:iam::"),
            (AccessDenied("Denied", operation="sts:GetCallerIdentity"), "The portal cannot use arn:aws:iam::"),
        ],
    )  # fmt: skip
    def test_every_error_is_a_sentence(self, dev: World, error: AwsError, sentence: str) -> None:
        dev.cloud.faults.once("verify", error)
        (finding,) = check_connection(actor=None, account=dev.account, connect=dev.aws_for).findings
        assert sentence in finding.sentence

    def test_what_aws_refuses_to_show_is_unknown_and_the_rest_is_checked(self, dev: World) -> None:
        AccountTeam.objects.all().delete()
        refusal = AccessDenied("no identity-based policy allows it", operation="iam:GetRole")
        dev.cloud.faults.once("role", refusal)
        dev.cloud.faults.once("describe_stack", AccessDenied("no", operation="cloudformation:DescribeStacks"))
        dev.cloud.faults.once("exists", AccessDenied("no", operation="s3:HeadBucket"))
        report = check_connection(actor=None, account=dev.account, connect=dev.aws_for)
        unknown = sentences(report, Outcome.UNKNOWN)
        assert (
            f"The role {dev.account.role_arn} could not be checked. AWS: iam:GetRole: no identity-based policy"
            in unknown
        )
        assert f"The stack portal-onboarding in {dev.account.regions[0]} could not be checked." in unknown
        missing = sentences(report, Outcome.MISSING)
        assert "belongs to another account, or role/portal may not use it." in missing
        assert (
            "There is no permissions boundary arn:aws:iam::111111111111:policy/portal-environment-boundary" in missing
        )
        assert f"No team may use {dev.account.name} yet." in sentences(report, Outcome.NOTE)

    def test_an_account_that_does_not_answer_ends_the_test_after_its_budget(self, dev: World) -> None:
        released = Event()

        def connect(account: Account, region: str) -> Aws:
            aws = dev.aws_for(account, region)
            aws.verify = lambda: released.wait(60)  # type: ignore[method-assign, assignment, return-value]
            return aws

        report = check_connection(actor=None, account=dev.account, connect=connect, budget_seconds=0.05)
        released.set()
        (finding,) = report.findings
        assert "has not answered within 0.05 s." in finding.sentence
        assert (report.reached, report.unfinished, report.passed) == (False, True, False)

    def test_parts_that_do_not_answer_are_named_and_the_others_are_shown(self, dev: World) -> None:
        dev.account.role_arn, dev.account.regions = "", [*dev.account.regions[:1], FURTHER_REGION]
        released, other = Event(), FURTHER_REGION

        def connect(account: Account, region: str) -> Aws:
            aws = dev.aws_for(account, region)
            if region == other:
                aws.describe_stack = lambda _name: released.wait(60)  # type: ignore[method-assign, assignment, return-value]
            return aws

        report = check_connection(actor=None, account=dev.account, connect=connect, budget_seconds=2)
        released.set()
        assert f"The region {other} could not be checked: AWS has not answered within 2 s." in sentences(
            report, Outcome.UNKNOWN
        )
        assert "There is no stack portal-onboarding in eu-north-1." in sentences(report, Outcome.MISSING)
        assert connection_after(report) == Connection.INCOMPLETE

    def test_the_role_of_former_environments_must_remain(self, dev: World) -> None:
        environment = dev.request("orders").environment
        environment.stack_role_arn = former = f"arn:aws:iam::{dev.account.account_id}:role/portal-stacks"
        environment.save()
        missing = sentences(check_connection(actor=None, account=dev.account, connect=dev.aws_for), Outcome.MISSING)
        assert f"The role {former}, needed by 1 environment" in missing
        assert "FormerEnvironments=true" in missing
        script = dev.cloud.script(Place(dev.account.account_id, dev.account.regions[0]))
        script.roles["portal-stacks"] = LiveRole(former, {}, "{}", (), None)
        report = check_connection(actor=None, account=dev.account, connect=dev.aws_for)
        assert f"The role {former}, needed by 1 environment" not in sentences(report, Outcome.MISSING)

    def test_a_policy_that_is_no_policy_is_unknown(self, dev: World) -> None:
        region = dev.account.regions[0]
        arn = onboarding.environment_boundary_arn(dev.account.account_id)
        script = dev.cloud.script(Place(dev.account.account_id, region))
        script.policies[arn] = PolicyText("portal-environment-boundary", '{"Statement": [{"Effect": "Maybe"}]}', arn)
        report = check_connection(actor=None, account=dev.account, connect=dev.aws_for)
        assert "The permissions boundary could not be checked: Statement 0 of portal-environment-boundary" in sentences(
            report, Outcome.UNKNOWN
        )


class TestOutputs:
    def test_what_somebody_else_has_entered_meanwhile_is_not_replaced(self, world: World) -> None:
        def meanwhile(account: Account, region: str) -> Any:
            Account.objects.filter(pk=account.pk).update(artefact_bucket="another-bucket")
            return world.aws_for(account, region)

        ada = User.objects.create_user("ada", is_admin=True)
        with pytest.raises(WrongState, match="was changed while its outputs were read"):
            read_outputs(actor=ada, account=world.account, connect=meanwhile)
        stored = Account.objects.get(pk=world.account.pk)
        assert (stored.artefact_bucket, AuditEvent.objects.filter(action="account:read_outputs").count()) == (
            "another-bucket",
            0,
        )


class TestCommand:
    def test_it_prints_what_is_missing_and_exits_with_1(self, onboarded: Onboarded) -> None:
        onboarded.account.regions = [REGION]
        onboarded.account.external_id = "another-external-id"
        onboarded.account.save()
        onboarded.deploy(ExternalId="0123456789abcdef")
        output = StringIO()
        with pytest.raises(SystemExit) as ended:
            call_command("test_connection", onboarded.account.name, stdout=output)
        assert ended.value.code == 1
        assert output.getvalue().startswith("✗ AWS does not let the portal assume arn:aws:iam::")
        assert f"{onboarded.account.name}: 1 missing, 0 unknown." in output.getvalue()
        assert AuditEvent.objects.get().actor is None

    def test_an_unknown_account_is_wrong_use(self, onboarded: Onboarded) -> None:
        with pytest.raises(CommandError, match=f"Accounts: {onboarded.account.name}") as refused:
            call_command("test_connection", "nowhere")
        assert refused.value.returncode == 2
