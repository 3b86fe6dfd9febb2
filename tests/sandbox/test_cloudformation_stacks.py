"""CloudFormation's behaviour at creation that the engine relies on, over HTTP with plain boto3."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fixtures.sandbox import Sandbox
from tests.sandbox.template import allowing, assumed_by, att, bucket, parameter, queue, ref, resource, sub, template_of

pytestmark = pytest.mark.sandbox


@pytest.fixture
def cloudformation(sandbox: Sandbox) -> Any:
    return sandbox.client("cloudformation")


def role(**properties: Any) -> dict[str, Any]:
    return resource("IAM::Role", {"AssumeRolePolicyDocument": assumed_by("ec2.amazonaws.com"), **properties})


def test_each_resource_has_events_in_progress_and_complete(sandbox: Sandbox) -> None:
    assert sandbox.create("ev", template_of({"Queue": queue("ev-q")})) == "CREATE_COMPLETE"
    seen = [(event["LogicalResourceId"], event["ResourceStatus"]) for event in sandbox.events("ev")]
    assert seen == [
        ("ev", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_IN_PROGRESS"),
        ("Queue", "CREATE_COMPLETE"),
        ("ev", "CREATE_COMPLETE"),
    ]
    initiated = [
        event for event in sandbox.events("ev") if event.get("ResourceStatusReason") == "Resource creation Initiated"
    ]
    assert initiated[0]["PhysicalResourceId"].endswith("ev-q")


def test_create_stack_answers_before_anything_is_made(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.fault(stack="slow-one", target="Queue", mode="slow", seconds=0.4)
    cloudformation.create_stack(StackName="slow-one", TemplateBody=json.dumps(template_of({"Queue": queue()})))
    assert sandbox.stack("slow-one")["StackStatus"] == "CREATE_IN_PROGRESS"
    assert sandbox.wait_stack("slow-one") == "CREATE_COMPLETE"


def test_events_are_paged_newest_first(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.create("paged", template_of({f"P{n}": parameter(f"/paged/{n}") for n in range(60)}))
    first = cloudformation.describe_stack_events(StackName="paged")
    assert first["StackEvents"][0]["ResourceStatus"] == "CREATE_COMPLETE"
    assert first["StackEvents"][0]["LogicalResourceId"] == "paged"
    times = [event["Timestamp"] for event in first["StackEvents"]]
    assert times == sorted(times, reverse=True)
    assert first["NextToken"]
    assert len(sandbox.events("paged")) == 60 * 3 + 2


def test_stack_resources_are_listed_described_and_cut_at_a_hundred(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.create("many", template_of({f"P{n}": parameter(f"/many/{n}") for n in range(110)}))
    assert len(cloudformation.describe_stack_resources(StackName="many")["StackResources"]) == 100
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName="many")
    assert sum(len(page["StackResourceSummaries"]) for page in pages) == 110
    detail = cloudformation.describe_stack_resource(StackName="many", LogicalResourceId="P7")["StackResourceDetail"]
    assert detail["PhysicalResourceId"] == "/many/7"


def test_a_failing_creation_is_rolled_back_and_what_was_made_is_gone(sandbox: Sandbox) -> None:
    sandbox.create("owner", template_of({"Topic": resource("SNS::Topic", {"TopicName": "taken"})}))
    sandbox.fault(
        stack="broken",
        target="Second",
        reason='Resource handler returned message: "No capacity" (HandlerErrorCode: InsufficientCapacity)',
    )
    second = {**parameter("/broken/second"), "DependsOn": "First"}
    assert sandbox.create("broken", template_of({"First": queue("broken-q"), "Second": second})) == "ROLLBACK_COMPLETE"
    failed = [event for event in sandbox.events("broken") if event["ResourceStatus"] == "CREATE_FAILED"]
    assert [(event["LogicalResourceId"], "No capacity" in event["ResourceStatusReason"]) for event in failed] == [
        ("Second", True)
    ]
    assert "[Second]" in next(
        e["ResourceStatusReason"] for e in sandbox.events("broken") if e["ResourceStatus"] == "ROLLBACK_IN_PROGRESS"
    )
    with pytest.raises(ClientError, match="NonExistentQueue"):
        sandbox.client("sqs").get_queue_url(QueueName="broken-q")


@pytest.mark.parametrize(
    ("stack", "properties", "reason"),
    [
        ("own", {"BucketName": "own-data", "BucketNamespace": "account-regional"}, "must end in -"),
        ("world", {"BucketName": "world-data-an"}, "needs BucketNamespace account-regional"),
    ],
)
def test_a_bucket_whose_name_does_not_fit_its_namespace_is_refused(
    sandbox: Sandbox, stack: str, properties: dict[str, str], reason: str
) -> None:
    template = template_of({"Data": resource("S3::Bucket", properties)})
    assert sandbox.create(f"namespace-{stack}", template) == "ROLLBACK_COMPLETE"
    events = sandbox.events(f"namespace-{stack}")
    (failed,) = [event for event in events if event["ResourceStatus"] == "CREATE_FAILED"]
    assert reason in failed["ResourceStatusReason"]


def test_what_runs_beside_a_failure_is_cancelled_and_deleted(sandbox: Sandbox) -> None:
    sandbox.fault(stack="beside", target="Slow", mode="slow", seconds=30)
    sandbox.fault(stack="beside", target="Bad", mode="fail", seconds=0.3, reason="bad")
    assert (
        sandbox.create("beside", template_of({"Slow": queue("beside-q"), "Bad": parameter("/beside/bad")}))
        == "ROLLBACK_COMPLETE"
    )
    reasons = {
        e["LogicalResourceId"]: e["ResourceStatusReason"]
        for e in sandbox.events("beside")
        if e["ResourceStatus"] == "CREATE_FAILED"
    }
    assert reasons == {"Slow": "Resource creation cancelled", "Bad": "bad"}
    with pytest.raises(ClientError, match="NonExistentQueue"):
        sandbox.client("sqs").get_queue_url(QueueName="beside-q")


def test_a_name_that_is_taken_in_the_service_fails_the_resource(sandbox: Sandbox) -> None:
    sandbox.client("s3").create_bucket(
        Bucket="already-there", CreateBucketConfiguration={"LocationConstraint": "eu-north-1"}
    )
    assert sandbox.create("clash", template_of({"Bucket": bucket("already-there")})) == "ROLLBACK_COMPLETE"
    reasons = [
        e.get("ResourceStatusReason", "") for e in sandbox.events("clash") if e["ResourceStatus"] == "CREATE_FAILED"
    ]
    assert any("already" in reason or "Validation" in reason for reason in reasons)


def test_a_stack_that_rolled_back_keeps_its_name(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.fault(stack="kept-name", target="P")
    body = template_of({"P": parameter("/kept-name")})
    assert sandbox.create("kept-name", body) == "ROLLBACK_COMPLETE"
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        cloudformation.create_stack(StackName="kept-name", TemplateBody=json.dumps(body))
    assert sandbox.delete("kept-name") == "GONE"
    assert sandbox.create("kept-name", body) == "CREATE_COMPLETE"


def test_on_failure_do_nothing_leaves_what_was_made_until_rollback_stack(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.fault(stack="left", target="Second")
    body = template_of({"First": queue("left-q"), "Second": {**parameter("/left/2"), "DependsOn": "First"}})
    assert sandbox.create("left", body, OnFailure="DO_NOTHING") == "CREATE_FAILED"
    assert sandbox.client("sqs").get_queue_url(QueueName="left-q")
    cloudformation.rollback_stack(StackName="left")
    assert sandbox.wait_stack("left") == "ROLLBACK_COMPLETE"
    with pytest.raises(ClientError, match="NonExistentQueue"):
        sandbox.client("sqs").get_queue_url(QueueName="left-q")


def test_on_failure_delete_deletes_the_stack(sandbox: Sandbox) -> None:
    sandbox.fault(stack="vanishing", target="P")
    assert sandbox.create("vanishing", template_of({"P": parameter("/vanishing")}), OnFailure="DELETE") in (
        "GONE",
        "ROLLBACK_COMPLETE",
    )
    assert sandbox.wait_stack("vanishing") in ("GONE", "ROLLBACK_COMPLETE")


def test_a_retained_resource_survives_rollback_unless_it_is_retained_except_on_create(sandbox: Sandbox) -> None:
    sandbox.fault(stack="retaining", target="Bad")
    body = template_of(
        {
            "Kept": {**queue("retaining-kept"), "DeletionPolicy": "Retain"},
            "Dropped": {**queue("retaining-dropped"), "DeletionPolicy": "RetainExceptOnCreate"},
            "Bad": {**parameter("/retaining"), "DependsOn": ["Kept", "Dropped"]},
        }
    )
    assert sandbox.create("retaining", body) == "ROLLBACK_COMPLETE"
    assert sandbox.client("sqs").get_queue_url(QueueName="retaining-kept")
    with pytest.raises(ClientError, match="NonExistentQueue"):
        sandbox.client("sqs").get_queue_url(QueueName="retaining-dropped")


def test_the_same_token_gives_the_same_stack_and_another_token_is_refused(
    sandbox: Sandbox, cloudformation: Any
) -> None:
    token, body = str(uuid.uuid4()), json.dumps(template_of({"Queue": queue("token-q")}))
    first = cloudformation.create_stack(StackName="token", TemplateBody=body, ClientRequestToken=token)["StackId"]
    assert (
        cloudformation.create_stack(StackName="token", TemplateBody=body, ClientRequestToken=token)["StackId"] == first
    )
    sandbox.wait_stack("token")
    assert (
        cloudformation.create_stack(StackName="token", TemplateBody=body, ClientRequestToken=token)["StackId"] == first
    )
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        cloudformation.create_stack(StackName="token", TemplateBody=body, ClientRequestToken=str(uuid.uuid4()))
    assert {event.get("ClientRequestToken") for event in sandbox.events("token")} == {token}


def test_a_deletion_repeated_with_its_token_is_one_deletion(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.create("twice", template_of({"P": parameter("/twice")}))
    stack_id, token = sandbox.stack("twice")["StackId"], str(uuid.uuid4())
    sandbox.fault(stack="twice", op="delete", mode="slow", seconds=0.3)
    for _ in range(3):
        cloudformation.delete_stack(StackName="twice", ClientRequestToken=token)
    assert sandbox.stack(stack_id)["StackStatus"] == "DELETE_IN_PROGRESS"
    assert sandbox.wait_stack(stack_id) == "DELETE_COMPLETE"
    deletion = [e for e in sandbox.events(stack_id) if e["ResourceStatus"].startswith("DELETE")]
    assert [e["ResourceStatus"] for e in deletion if e["LogicalResourceId"] == "twice"] == [
        "DELETE_IN_PROGRESS",
        "DELETE_COMPLETE",
    ]
    assert {e.get("ClientRequestToken") for e in deletion} == {token}


@pytest.mark.parametrize(
    ("given", "made", "enough"),
    [
        ([], role(), False),
        (["CAPABILITY_IAM"], role(), True),
        (["CAPABILITY_IAM"], role(RoleName="named-role"), False),
        (["CAPABILITY_NAMED_IAM"], role(RoleName="named-role"), True),
    ],
)
def test_iam_resources_need_the_capability(
    sandbox: Sandbox, cloudformation: Any, given: list[str], made: Any, enough: bool
) -> None:
    name = f"capable-{uuid.uuid4().hex[:8]}"
    if enough:
        assert sandbox.create(name, template_of({"Role": made}), Capabilities=given) == "CREATE_COMPLETE"
        sandbox.delete(name)
        return
    with pytest.raises(ClientError, match="InsufficientCapabilitiesException"):
        cloudformation.create_stack(
            StackName=name, TemplateBody=json.dumps(template_of({"Role": made})), Capabilities=given
        )


def test_notifications_reach_the_topic_in_order(sandbox: Sandbox) -> None:
    sns, sqs = sandbox.client("sns"), sandbox.client("sqs")
    topic, address = (
        sns.create_topic(Name="stack-events")["TopicArn"],
        sqs.create_queue(QueueName="stack-events")["QueueUrl"],
    )
    arn = sqs.get_queue_attributes(QueueUrl=address, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=arn)
    sandbox.create(
        "notified", template_of({"P": parameter("/notified")}), NotificationARNs=[topic], ClientRequestToken="tok-1"
    )
    assert sandbox.stack("notified")["NotificationARNs"] == [topic]
    messages: list[str] = []
    while len(messages) < len(sandbox.events("notified")):
        for item in sqs.receive_message(QueueUrl=address, MaxNumberOfMessages=10, WaitTimeSeconds=1)["Messages"]:
            messages.append(json.loads(item["Body"])["Message"])
            sqs.delete_message(QueueUrl=address, ReceiptHandle=item["ReceiptHandle"])
    assert any("LogicalResourceId='P'" in text and "ResourceStatus='CREATE_COMPLETE'" in text for text in messages)
    assert all("ClientRequestToken='tok-1'" in text for text in messages)


def test_stack_tags_and_awss_own_reach_every_resource(sandbox: Sandbox) -> None:
    body = template_of(
        {
            "Queue": queue("tagged-q"),
            "Bucket": bucket("tagged-bucket"),
            "Vpc": resource("EC2::VPC", {"CidrBlock": "10.9.0.0/16"}),
            "Role": role(RoleName="tagged-role"),
        }
    )
    sandbox.create("tagged", body, Tags=[{"Key": "team", "Value": "alpha"}])
    shown = {
        "Queue": sandbox.client("sqs").list_queue_tags(
            QueueUrl=sandbox.client("sqs").get_queue_url(QueueName="tagged-q")["QueueUrl"]
        )["Tags"],
        "Bucket": {
            t["Key"]: t["Value"] for t in sandbox.client("s3").get_bucket_tagging(Bucket="tagged-bucket")["TagSet"]
        },
        "Vpc": next(
            {t["Key"]: t["Value"] for t in v.get("Tags", [])}
            for v in sandbox.client("ec2").describe_vpcs()["Vpcs"]
            if v["CidrBlock"] == "10.9.0.0/16"
        ),
        "Role": {t["Key"]: t["Value"] for t in sandbox.client("iam").list_role_tags(RoleName="tagged-role")["Tags"]},
    }
    for logical_id, tags in shown.items():
        assert tags["team"] == "alpha"
        assert tags["aws:cloudformation:stack-name"] == "tagged"
        assert tags["aws:cloudformation:logical-id"] == logical_id
        assert tags["aws:cloudformation:stack-id"] == sandbox.stack("tagged")["StackId"]


def test_secret_parameters_are_masked(sandbox: Sandbox) -> None:
    body = template_of(
        {"P": parameter("/masked", ref("Secret"))}, Parameters={"Secret": {"Type": "String", "NoEcho": True}}
    )
    sandbox.create("masked", body, Parameters=[{"ParameterKey": "Secret", "ParameterValue": "topsecret"}])
    assert sandbox.stack("masked")["Parameters"] == [{"ParameterKey": "Secret", "ParameterValue": "****"}]
    assert "topsecret" not in str(sandbox.events("masked"))


def test_what_the_stack_was_created_with_is_shown(sandbox: Sandbox) -> None:
    trust = json.dumps(assumed_by("cloudformation.amazonaws.com"))
    iam = sandbox.client("iam")
    arn = iam.create_role(RoleName="cfn", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    everything = {"Version": "2012-10-17", "Statement": [{"Effect": "Allow", "Action": "ssm:*", "Resource": "*"}]}
    iam.put_role_policy(RoleName="cfn", PolicyName="ssm", PolicyDocument=json.dumps(everything))
    sandbox.create(
        "shown",
        template_of({"P": parameter("/shown")}),
        RoleARN=arn,
        TimeoutInMinutes=30,
        DeploymentConfig={"Mode": "EXPRESS"},
    )
    stack = sandbox.stack("shown")
    assert (stack["RoleARN"], stack["TimeoutInMinutes"]) == (arn, 30)


def test_outputs_and_intrinsics_are_resolved(sandbox: Sandbox) -> None:
    joined = {
        "Fn::Join": [
            "|",
            [sub("${AWS::StackName}-${AWS::Region}"), att("Queue", "Arn"), {"Fn::If": ["Yes", "yes", "no"]}],
        ]
    }
    body = template_of(
        {"Queue": queue("in-q"), "P": parameter("/in", joined)},
        Conditions={"Yes": {"Fn::Equals": ["a", "a"]}},
        Outputs={"Joined": {"Value": att("P", "Value"), "Export": {"Name": "in-exported"}}},
    )
    sandbox.create("in", body)
    expected = "in-eu-north-1|arn:aws:sqs:eu-north-1:000000000000:in-q|yes"
    assert sandbox.stack("in")["Outputs"][0]["OutputValue"] == expected
    sandbox.create("importing", template_of({"P": parameter("/importing", {"Fn::ImportValue": "in-exported"})}))
    assert sandbox.client("ssm").get_parameter(Name="/importing")["Parameter"]["Value"] == expected
    # AWS accepts the deletion, and turns it back (boto/botocore#2590).
    assert sandbox.delete("in") == "CREATE_COMPLETE"
    assert (
        sandbox.stack("in")["StackStatusReason"] == "Export in-exported cannot be deleted as it is in use by importing"
    )
    statuses = [e["ResourceStatus"] for e in sandbox.events("in") if e["LogicalResourceId"] == "in"]
    assert statuses[-2:] == ["DELETE_IN_PROGRESS", "CREATE_COMPLETE"]


@pytest.mark.parametrize(("given", "ids"), [("", {"Here"}), ("a, b", {"Here", "Listed", "First"})])
def test_conditions_know_joins_selections_mappings_and_the_region(sandbox: Sandbox, given: str, ids: set[str]) -> None:
    listed = {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", ref("Names")]}, ""]}]}
    first = {"Fn::Equals": [{"Fn::Select": [0, ref("Names")]}, "a"]}
    body = template_of(
        {
            name: {**parameter(f"/conditions/{len(given)}/{name}"), "Condition": name}
            for name in ("Here", "Elsewhere", "Listed", "First")
        },
        Parameters={"Names": {"Type": "CommaDelimitedList", "Default": ""}},
        Mappings={"Regions": {"eu-north-1": {"Country": "Sweden"}}},
        Conditions={
            "Here": {
                "Fn::Equals": [{"Fn::FindInMap": ["Regions", ref("AWS::Region"), "Country"]}, "Sweden"],
            },
            "Elsewhere": {"Fn::Equals": [sub("${AWS::Region}"), "eu-west-1"]},
            "Listed": listed,
            "First": {"Fn::And": [{"Condition": "Listed"}, first]},
        },
    )
    name = f"conditions-{len(given)}"
    sandbox.create(name, body, Parameters=[{"ParameterKey": "Names", "ParameterValue": given}])
    summaries = sandbox.client("cloudformation").list_stack_resources(StackName=name)["StackResourceSummaries"]
    assert {one["LogicalResourceId"] for one in summaries} == ids


def test_an_output_that_cannot_be_resolved_rolls_the_creation_back(sandbox: Sandbox) -> None:
    body = template_of({"Queue": queue("no-output-q")}, Outputs={"Wrong": {"Value": att("Queue", "NoSuchAttribute")}})
    try:
        status = sandbox.create("no-output", body)
    except ClientError as error:
        assert "NoSuchAttribute" in str(error)
    else:
        assert status == "ROLLBACK_COMPLETE"


def test_dynamic_references_read_secrets_and_parameters(sandbox: Sandbox) -> None:
    sandbox.client("secretsmanager").create_secret(Name="dyn/s", SecretString=json.dumps({"user": "joe"}))
    sandbox.client("ssm").put_parameter(Name="/dyn/p", Type="String", Value="pv")
    body = template_of(
        {
            "A": parameter("/dyn/a", "{{resolve:secretsmanager:dyn/s:SecretString:user}}"),
            "B": parameter("/dyn/b", "x-{{resolve:ssm:/dyn/p}}"),
        }
    )
    assert sandbox.create("dyn", body) == "CREATE_COMPLETE"
    assert [sandbox.client("ssm").get_parameter(Name=name)["Parameter"]["Value"] for name in ("/dyn/a", "/dyn/b")] == [
        "joe",
        "x-pv",
    ]


def test_a_policy_needs_its_role_first(sandbox: Sandbox) -> None:
    policy = resource("IAM::Policy", {"PolicyName": "p", "Roles": [ref("Role")], "PolicyDocument": allowing("s3:*")})
    assert sandbox.create("policy-first", template_of({"Policy": policy, "Role": role()})) == "CREATE_COMPLETE"
    order = [e["LogicalResourceId"] for e in sandbox.events("policy-first") if e["ResourceStatus"] == "CREATE_COMPLETE"]
    assert order == ["Role", "Policy", "policy-first"]
