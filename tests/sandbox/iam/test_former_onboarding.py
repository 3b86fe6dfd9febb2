"""Under the onboarding template as it was, the sandbox finds both calls that AWS would have refused;
under today's template the same environment is torn down, with its former role too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from provisioning.aws import onboarding
from provisioning.aws.client import LiveAws
from provisioning.aws.errors import AccessDenied
from provisioning.aws.interface import AccountAccess, StackSpec
from provisioning.outgoing import OWN_MACHINE
from tests.aws.support import OpenLimiter
from tests.fixtures.sandbox import REGION, Sandbox
from tests.sandbox.iam.roles import Place
from tests.sandbox.template import ref, resource, sub, template_of

# The roles decide here, not the engine.
pytestmark = [pytest.mark.sandbox, pytest.mark.usefixtures("every_call")]
FORMER = Path(__file__).resolve().parents[2] / "rights" / "former"
EXTERNAL_ID = "an-external-id-of-a-test"
TAGS = {
    "portal:team": "payments",
    "portal:environment": "orders-dev",
    "portal:environment-id": "7c0f4f2e-0000-4000-8000-000000000001",
}


def autoscaled() -> dict[str, Any]:
    """What both findings need: a service with autoscaling, and a launch template."""
    container = {"Name": "api", "Image": "public.ecr.aws/x/x:1", "Essential": True}
    target = {
        "ServiceNamespace": "ecs",
        "ScalableDimension": "ecs:service:DesiredCount",
        "ResourceId": sub("service/${Cluster}/${Service.Name}"),
        "MinCapacity": 2,
        "MaxCapacity": 4,
    }
    service = {"Cluster": ref("Cluster"), "TaskDefinition": ref("Task"), "DesiredCount": 2, "ServiceName": "api"}
    return template_of(
        {
            "Cluster": resource("ECS::Cluster", {"ClusterName": sub("${AWS::StackName}")}),
            "Task": resource("ECS::TaskDefinition", {"Family": "orders", "ContainerDefinitions": [container]}),
            "Service": resource("ECS::Service", service),
            "Target": resource("ApplicationAutoScaling::ScalableTarget", target),
            "Hosts": resource("EC2::LaunchTemplate", {"LaunchTemplateData": {"InstanceType": "t4g.small"}}),
        }
    )


@dataclass
class Account:
    """A simulated account, onboarded by one of the templates; `aws` acts as its role/portal."""

    place: Place
    aws: LiveAws

    def onboard(self, body: str, **parameters: str) -> None:
        wanted = {
            "PortalPrincipalArn": f"arn:aws:iam::{self.place.account}:user/portal",
            "ExternalId": EXTERNAL_ID,
            **parameters,
        }
        given = [{"ParameterKey": key, "ParameterValue": text} for key, text in wanted.items()]
        made = self.place.sandbox.create("portal-onboarding", body, account=self.place.account, Parameters=given)
        assert made == "CREATE_COMPLETE"

    def attach_policy_of_aws(self, role: str, name: str) -> None:
        """The sandbox has no documents of AWS's own policies."""
        document = json.loads((FORMER / f"{name}.json").read_text())["PolicyVersion"]["Document"]
        iam = self.place.root("iam")
        iam.put_role_policy(RoleName=role, PolicyName=name, PolicyDocument=json.dumps(document))

    def create(self, name: str) -> str:
        """As an earlier version of the portal did. Returns the stack's id."""
        made = self.place.sandbox.create(
            name,
            autoscaled(),
            account=self.place.account,
            RoleARN=f"arn:aws:iam::{self.place.account}:role/portal-stacks",
            Tags=[{"Key": key, "Value": text} for key, text in TAGS.items()],
        )
        assert made == "CREATE_COMPLETE", self.place.failures(name)
        return str(self.place.sandbox.stack(name, account=self.place.account)["StackId"])

    def physical_id(self, stack: str, logical_id: str) -> str:
        listed = self.place.root("cloudformation").describe_stack_resource(
            StackName=stack, LogicalResourceId=logical_id
        )
        return str(listed["StackResourceDetail"]["PhysicalResourceId"])


@pytest.fixture
def account(place: Place) -> Iterator[Account]:
    access = AccountAccess(
        account_id=place.account,
        region=REGION,
        endpoint_url=place.sandbox.url,
        endpoint_rules=OWN_MACHINE,
        role_arn=onboarding.portal_role_arn(place.account),
        external_id=EXTERNAL_ID,
        stack_role_arn=f"arn:aws:iam::{place.account}:role/portal-stacks",
    )
    aws = LiveAws(access, limiter=OpenLimiter())
    yield Account(place, aws)
    aws.close()


@pytest.fixture
def former(account: Account) -> Account:
    account.onboard((FORMER / "onboarding.yaml").read_text("utf-8"))
    account.attach_policy_of_aws("portal", "ViewOnlyAccess")
    account.attach_policy_of_aws("portal-stacks", "PowerUserAccess")
    return account


def test_the_teardown_of_an_autoscaled_environment_was_refused(former: Account) -> None:
    """CloudFormation does not tag scalable targets, so the condition on their tag never held."""
    former.create("orders-dev-main")
    with pytest.raises(AccessDenied, match="application-autoscaling:RegisterScalableTarget"):
        former.aws.quiesce("AWS::ECS::Service", former.physical_id("orders-dev-main", "Service"))
    refusal = former.place.denials()[0]
    assert "aws:ResourceTag/portal:environment-id" in refusal["explanation"]


def test_a_launch_template_could_not_be_looked_up(former: Account) -> None:
    former.create("orders-dev-main")
    with pytest.raises(AccessDenied, match="ec2:DescribeLaunchTemplates"):
        former.aws.exists("AWS::EC2::LaunchTemplate", former.physical_id("orders-dev-main", "Hosts"))


def test_the_former_template_let_the_portal_delete_any_stack(former: Account) -> None:
    """The portal's role was one step away from administrator: its own foundation was open to it."""
    former.aws.delete_stack("portal-onboarding", token="thief")
    assert former.place.sandbox.stack("portal-onboarding", account=former.place.account)["StackStatus"].startswith(
        "DELETE"
    )


@pytest.fixture
def renewed(account: Account) -> Account:
    """Today's template, with what environments from before it need."""
    account.onboard(onboarding.TEMPLATE.read_text("utf-8"), FormerEnvironments="true")
    account.attach_policy_of_aws("portal-stacks", "PowerUserAccess")
    return account


def test_a_former_environment_is_torn_down_with_its_former_role(renewed: Account) -> None:
    stack_id = renewed.create("orders-dev-main")
    assert renewed.aws.exists("AWS::EC2::LaunchTemplate", renewed.physical_id("orders-dev-main", "Hosts"))
    assert renewed.aws.quiesce("AWS::ECS::Service", renewed.physical_id("orders-dev-main", "Service"))
    renewed.aws.delete_stack(stack_id, token="teardown")
    assert renewed.place.sandbox.wait_stack(stack_id, account=renewed.place.account) == "DELETE_COMPLETE"
    assert renewed.place.denials() == []


def test_nothing_new_is_created_with_the_former_role(renewed: Account) -> None:
    spec = StackSpec(name="orders-dev-main", body=json.dumps(autoscaled()), tags=TAGS)
    with pytest.raises(AccessDenied, match="cloudformation:CreateStack"):
        renewed.aws.create_stack(spec, token="late")


def test_the_portal_cannot_delete_its_own_foundation_or_a_stack_of_others(renewed: Account, sandbox: Sandbox) -> None:
    queue = template_of({"Queue": resource("SQS::Queue", {"QueueName": "payroll"})})
    assert sandbox.create("payroll", queue, account=renewed.place.account) == "CREATE_COMPLETE"
    for name in ("portal-onboarding", "payroll"):
        with pytest.raises(AccessDenied, match="cloudformation:DeleteStack"):
            renewed.aws.delete_stack(name, token="thief")
