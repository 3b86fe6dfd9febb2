"""One-off tasks, assumed roles and the tagging API."""

from __future__ import annotations

import json
import time
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from tests.fixtures.sandbox import Sandbox
from tests.sandbox.template import assumed_by, att, ref, resource, sub, template_of

pytestmark = pytest.mark.sandbox
ACCOUNT = "222200002222"


@pytest.fixture(scope="module")
def task_stack(sandbox: Sandbox) -> str:
    container = {
        "Name": "extensions",
        "Image": "public.ecr.aws/docker/library/postgres:16",
        "Essential": True,
        "Command": ["psql"],
    }
    task = {
        "Family": sub("${AWS::StackName}-extensions"),
        "Cpu": "256",
        "Memory": "512",
        "NetworkMode": "awsvpc",
        "RequiresCompatibilities": ["FARGATE"],
        "ExecutionRoleArn": att("Role", "Arn"),
        "ContainerDefinitions": [container],
    }
    template = template_of(
        {
            "Role": resource("IAM::Role", {"AssumeRolePolicyDocument": assumed_by("ecs-tasks.amazonaws.com")}),
            "Cluster": resource("ECS::Cluster", {"ClusterName": sub("${AWS::StackName}")}),
            "Extensions": resource("ECS::TaskDefinition", task),
        },
        Outputs={"Task": {"Value": ref("Extensions")}},
    )
    assert sandbox.create("tasks", template) == "CREATE_COMPLETE"
    return str(sandbox.stack("tasks")["Outputs"][0]["OutputValue"])


def run_task(sandbox: Sandbox, definition: str) -> dict[str, Any]:
    answer = sandbox.client("ecs").run_task(cluster="tasks", taskDefinition=definition, launchType="FARGATE", count=1)
    return dict(answer["tasks"][0])


def describe(sandbox: Sandbox, arn: str) -> dict[str, Any]:
    return dict(sandbox.client("ecs").describe_tasks(cluster="tasks", tasks=[arn])["tasks"][0])


def until(sandbox: Sandbox, arn: str, *statuses: str) -> dict[str, Any]:
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        task = describe(sandbox, arn)
        if task["lastStatus"] in statuses:
            return task
        time.sleep(0.02)
    pytest.fail(f"The task is {task['lastStatus']}, not {statuses}.")


def test_a_task_runs_and_ends_with_zero(sandbox: Sandbox, task_stack: str) -> None:
    started = run_task(sandbox, task_stack)
    assert started["lastStatus"] == "PROVISIONING"
    ended = until(sandbox, started["taskArn"], "STOPPED")
    assert [container["exitCode"] for container in ended["containers"]] == [0]
    assert ended["stopCode"] == "EssentialContainerExited"
    assert ended["stoppedReason"] == "Essential container in task exited"


def test_a_fault_makes_a_task_fail(sandbox: Sandbox, task_stack: str) -> None:
    sandbox.fault(
        stack="tasks", target="Extensions", op="run_task", mode="fail", reason="extension vector is not available"
    )
    ended = until(sandbox, run_task(sandbox, task_stack)["taskArn"], "STOPPED")
    assert ended["containers"][0]["exitCode"] == 1
    assert ended["containers"][0]["reason"] == "extension vector is not available"


def test_a_fault_makes_a_task_run_until_it_is_stopped(sandbox: Sandbox, task_stack: str) -> None:
    sandbox.fault(stack="tasks", target="Extensions", op="run_task", mode="hang")
    arn = run_task(sandbox, task_stack)["taskArn"]
    assert until(sandbox, arn, "RUNNING")["containers"][0]["lastStatus"] == "RUNNING"
    sandbox.client("ecs").stop_task(cluster="tasks", task=arn, reason="enough")
    stopped = until(sandbox, arn, "STOPPED")
    assert (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "enough")


def trusting(account: str, external_id: str | None) -> str:
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "sts:AssumeRole",
    }
    if external_id:
        statement["Condition"] = {"StringEquals": {"sts:ExternalId": external_id}}
    return json.dumps({"Version": "2012-10-17", "Statement": [statement]})


def test_a_role_is_assumed_with_its_external_id_only(sandbox: Sandbox) -> None:
    sandbox.client("iam", account=ACCOUNT).create_role(
        RoleName="portal", AssumeRolePolicyDocument=trusting("333300003333", "the-right-one")
    )
    sts, arn = sandbox.client("sts", account="333300003333"), f"arn:aws:iam::{ACCOUNT}:role/portal"
    for wrong in ({}, {"ExternalId": "another"}):
        with pytest.raises(ClientError, match="AccessDenied"):
            sts.assume_role(RoleArn=arn, RoleSessionName="portal", **wrong)
    given = sts.assume_role(RoleArn=arn, RoleSessionName="portal", ExternalId="the-right-one")["Credentials"]
    assumed = boto3.client(
        "sts",
        endpoint_url=sandbox.url,
        region_name="eu-north-1",
        aws_access_key_id=given["AccessKeyId"],
        aws_secret_access_key=given["SecretAccessKey"],
        aws_session_token=given["SessionToken"],
    )
    identity = assumed.get_caller_identity()
    assumed.close()
    assert identity["Account"] == ACCOUNT
    assert identity["Arn"].endswith(":assumed-role/portal/portal")


def test_another_account_or_a_missing_role_is_refused(sandbox: Sandbox) -> None:
    sandbox.client("iam", account=ACCOUNT).create_role(
        RoleName="closed", AssumeRolePolicyDocument=trusting("333300003333", None)
    )
    for account, role in (("444400004444", "closed"), ("333300003333", "missing")):
        with pytest.raises(ClientError, match="AccessDenied"):
            sandbox.client("sts", account=account).assume_role(
                RoleArn=f"arn:aws:iam::{ACCOUNT}:role/{role}", RoleSessionName="portal"
            )


def test_onboarding_makes_what_exists_once_per_account(sandbox: Sandbox) -> None:
    iam = sandbox.client("iam", account=ACCOUNT)
    provider = iam.create_open_id_connect_provider(
        Url="https://token.actions.githubusercontent.com", ClientIDList=["sts.amazonaws.com"]
    )
    assert provider["OpenIDConnectProviderArn"] in {
        item["Arn"] for item in iam.list_open_id_connect_providers()["OpenIDConnectProviderList"]
    }
    document = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "*", "Resource": "*"}]})
    arn = iam.create_policy(PolicyName="boundary", PolicyDocument=document)["Policy"]["Arn"]
    assert iam.get_policy(PolicyArn=arn)["Policy"]["PolicyName"] == "boundary"


def test_tagged_resources_are_filtered_and_paged(sandbox: Sandbox) -> None:
    account = "555500005555"
    ssm, tags = sandbox.client("ssm", account=account), sandbox.client("resourcegroupstaggingapi", account=account)
    for number in range(7):
        ssm.put_parameter(
            Name=f"/t/{number}",
            Type="String",
            Value="v",
            Tags=[{"Key": "env", "Value": "dev" if number % 2 else "prod"}],
        )
    sandbox.client("sqs", account=account).create_queue(QueueName="t", tags={"env": "prod"})
    filters = [{"Key": "env", "Values": ["prod"]}]
    pages = list(tags.get_paginator("get_resources").paginate(TagFilters=filters, ResourcesPerPage=2))
    found = [item["ResourceARN"] for page in pages for item in page["ResourceTagMappingList"]]
    assert [len(page["ResourceTagMappingList"]) for page in pages] == [2, 2, 1]
    assert len(set(found)) == 5
    only = tags.get_resources(TagFilters=filters, ResourceTypeFilters=["sqs"])["ResourceTagMappingList"]
    assert [item["ResourceARN"] for item in only] == [f"arn:aws:sqs:eu-north-1:{account}:t"]
    assert tags.get_tag_values(Key="env")["TagValues"] == ["dev", "prod"]
    assert not sandbox.client("resourcegroupstaggingapi", "eu-central-1", account).get_resources()[
        "ResourceTagMappingList"
    ]
    inventory = sandbox.control("GET", f"inventory?tag=env=prod&account={account}&region=eu-north-1")["resources"]
    assert len(inventory) == 5


def tagged(**tags: str) -> list[dict[str, str]]:
    return [{"Key": key, "Value": value} for key, value in tags.items()]


@pytest.mark.parametrize(
    ("tags", "reason"),
    [
        (tagged(**{f"k{number}": "x" for number in range(51)}), "Member must have length less than or equal to 50"),
        (tagged(**{"k" * 129: "x"}), "Member must have length less than or equal to 128"),
        (tagged(k="x" * 257), "Member must have length less than or equal to 256"),
        (tagged(**{"AWS:x": "x"}), "aws: prefixed tag key names are not allowed for external use"),
    ],
)
def test_a_stack_with_impossible_tags_is_refused(sandbox: Sandbox, tags: list[dict[str, str]], reason: str) -> None:
    template = template_of({"Topic": resource("SNS::Topic", {})})
    with pytest.raises(ClientError, match=reason):
        sandbox.create("impossible", template, Tags=tags)
    with pytest.raises(ClientError, match="does not exist"):
        sandbox.stack("impossible")


def test_resources_fail_with_tags_that_their_service_refuses(sandbox: Sandbox) -> None:
    role = {"AssumeRolePolicyDocument": assumed_by("ec2.amazonaws.com"), "Tags": tagged(project="x")}
    template = template_of({"Role": resource("IAM::Role", role)})
    assert sandbox.create("same-key", template, Tags=tagged(project="y")) == "CREATE_COMPLETE"
    assert sandbox.create("capitals", template, Tags=tagged(Project="y")) == "ROLLBACK_COMPLETE"
    assert "Tag keys are case insensitive" in failure_of(sandbox, "capitals")
    zone = template_of({"Zone": resource("Route53::HostedZone", {"Name": "tags.internal"})})
    tags = tagged(**{f"k{number}": "x" for number in range(11)})
    assert sandbox.create("zone", zone, Tags=tags[:10]) == "CREATE_COMPLETE"
    assert sandbox.create("crowded-zone", zone, Tags=tags) == "ROLLBACK_COMPLETE"
    assert "at most 10 tags, and 11 are given" in failure_of(sandbox, "crowded-zone")


def failure_of(sandbox: Sandbox, name: str) -> str:
    events = sandbox.client("cloudformation").describe_stack_events(StackName=name)["StackEvents"]
    return next(str(one["ResourceStatusReason"]) for one in events if one["ResourceStatus"] == "CREATE_FAILED")
