"""The ids of operations, DescribeEvents, validation, EventBridge's events, drift detection and limits."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fixtures.sandbox import REGION, Sandbox
from tests.sandbox.template import bucket, parameter, queue, resource, template_of
from tests.sandbox.test_change_sets import create, ready

pytestmark = pytest.mark.sandbox
STACK = "AWS::CloudFormation::Stack"


@pytest.fixture
def cloudformation(sandbox: Sandbox) -> Any:
    return sandbox.client("cloudformation")


def events(cloudformation: Any, **of: Any) -> list[dict[str, Any]]:
    """DescribeEvents, oldest first."""
    pages = cloudformation.get_paginator("describe_events").paginate(**of)
    return [event for page in pages for event in page["OperationEvents"]][::-1]


# Operations


def test_every_operation_has_an_id_and_a_rollback_has_its_own(sandbox: Sandbox, cloudformation: Any) -> None:
    body = json.dumps(template_of({"P": parameter("/ids", "1")}))
    made = cloudformation.create_stack(StackName="ids", TemplateBody=body, ClientRequestToken="p-1-create-1")
    sandbox.wait_stack("ids")
    create(cloudformation, "ids", "c", template_of({"P": parameter("/ids", "2")}))
    ready(cloudformation, "ids", "c")
    sandbox.fault(stack="ids", op="update", reason="no room")
    cloudformation.execute_change_set(StackName="ids", ChangeSetName="c", ClientRequestToken="p-2-execute-1")
    assert sandbox.wait_stack("ids") == "UPDATE_ROLLBACK_COMPLETE"
    operations = sandbox.stack("ids")["LastOperations"]
    assert [one["OperationType"] for one in operations] == [
        "ROLLBACK",
        "UPDATE_STACK",
        "CREATE_CHANGESET",
        "CREATE_STACK",
    ]
    assert operations[-1]["OperationId"] == made["OperationId"]
    listed = cloudformation.get_paginator("list_stacks").paginate(StackStatusFilter=["UPDATE_ROLLBACK_COMPLETE"])
    (summary,) = [one for page in listed for one in page["StackSummaries"] if one["StackName"] == "ids"]
    assert summary["LastOperations"] == operations
    tokens = {one["OperationId"]: one.get("ClientRequestToken") for one in sandbox.events("ids")}
    update = operations[1]["OperationId"]
    assert tokens[made["OperationId"]] == "p-1-create-1"
    assert tokens[update] == "p-2-execute-1"
    failed = events(cloudformation, OperationId=update, Filters={"FailedEvents": True})
    assert [(one["LogicalResourceId"], one["ResourceStatusReason"], one["EventType"]) for one in failed] == [
        ("P", "no room", "PROVISIONING_ERROR")
    ]
    statuses = {one["OperationId"]: one["OperationStatus"] for one in events(cloudformation, StackName="ids")}
    assert [statuses[one["OperationId"]] for one in operations if one["OperationType"] != "CREATE_CHANGESET"] == [
        "SUCCEEDED",
        "FAILED",
        "SUCCEEDED",
    ]


def test_an_operation_that_runs_is_in_progress(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.fault(stack="underway", mode="hang")
    body = json.dumps(template_of({"P": parameter("/underway")}))
    made = cloudformation.create_stack(StackName="underway", TemplateBody=body)
    of_stack = events(cloudformation, OperationId=made["OperationId"])
    assert {one["OperationStatus"] for one in of_stack} == {"IN_PROGRESS"}
    assert of_stack[0]["EventType"] == "STACK_EVENT"
    sandbox.clear_faults()
    assert sandbox.wait_stack("underway") == "CREATE_COMPLETE"


# Validation of change sets


def test_a_wrong_property_and_a_name_in_use_fail_the_change_set(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.client("ssm").put_parameter(Name="/checked/taken", Value="1", Type="String")
    sandbox.create("checked", template_of({"P": parameter("/checked/p")}))
    body = template_of(
        {
            "P": parameter("/checked/p"),
            "Taken": parameter("/checked/taken"),
            "Queue": queue("checked-q", Nonsense=1),
        }
    )
    create(cloudformation, "checked", "c", body)
    shown = ready(cloudformation, "checked", "c")
    assert (shown["Status"], shown["ExecutionStatus"]) == ("FAILED", "UNAVAILABLE")
    assert "AWS::EarlyValidation::PropertyValidation" in shown["StatusReason"]
    found = events(cloudformation, ChangeSetName=shown["ChangeSetId"], Filters={"FailedEvents": True})
    assert {(one["LogicalResourceId"], one["ValidationName"], one["ValidationFailureMode"]) for one in found} == {
        ("Taken", "NAME_CONFLICT_VALIDATION", "FAIL"),
        ("Queue", "PROPERTY_VALIDATION", "FAIL"),
    }
    assert {one["OperationType"] for one in found} == {"CREATE_CHANGESET"}
    create(cloudformation, "checked", "unchecked", body, DisableValidation=True)
    assert ready(cloudformation, "checked", "unchecked")["Status"] == "CREATE_COMPLETE"


def test_a_full_bucket_and_a_quota_are_warnings(own_sandbox: Sandbox) -> None:
    own_sandbox.start().control("POST", "account", {"region": REGION, "quotas": {"vpc/L-F678F1CE": 1}})
    cloudformation = own_sandbox.client("cloudformation")
    own_sandbox.create("warned", template_of({"Full": bucket("warned-full"), "P": parameter("/warned")}))
    own_sandbox.client("s3").put_object(Bucket="warned-full", Key="a", Body=b"x")
    vpcs = {name: resource("EC2::VPC", {"CidrBlock": "10.0.0.0/16"}) for name in ("A", "B")}
    create(cloudformation, "warned", "c", template_of({"P": parameter("/warned"), **vpcs}))
    shown = ready(cloudformation, "warned", "c")
    assert (shown["Status"], shown["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    found = events(cloudformation, ChangeSetName=shown["ChangeSetId"], Filters={"FailedEvents": True})
    assert {(one["LogicalResourceId"], one["ValidationFailureMode"]) for one in found} == {
        ("Full", "WARN"),
        ("A", "WARN"),
    }


def test_a_creation_that_fails_its_validation_says_so(sandbox: Sandbox, cloudformation: Any) -> None:
    body = template_of({"Queue": queue("invalid-q", Nonsense=1), "P": parameter("/invalid")})
    made = cloudformation.create_stack(StackName="invalid", TemplateBody=json.dumps(body))
    assert sandbox.wait_stack("invalid") == "ROLLBACK_COMPLETE"
    assert sandbox.stack("invalid")["DetailedStatus"] == "VALIDATION_FAILED"
    found = events(cloudformation, OperationId=made["OperationId"], Filters={"FailedEvents": True})
    errors = [one for one in found if one["EventType"] == "VALIDATION_ERROR"]
    assert [(one["LogicalResourceId"], one["ValidationName"]) for one in errors] == [("Queue", "PROPERTY_VALIDATION")]
    assert "Nonsense" in errors[0]["ValidationStatusReason"]


# EventBridge


def listening(sandbox: Sandbox, name: str) -> str:
    """A queue that a rule sends CloudFormation's events to, as the onboarding template has it."""
    sqs, rules = sandbox.client("sqs"), sandbox.client("events")
    url = str(sqs.create_queue(QueueName=name)["QueueUrl"])
    rules.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.cloudformation"]}))
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rules.put_targets(Rule=name, Targets=[{"Id": "portal", "Arn": arn}])
    return url


def received(sandbox: Sandbox, url: str) -> list[dict[str, Any]]:
    """All messages of the queue, in the order of their arrival."""
    sqs, found = sandbox.client("sqs"), []
    while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
        found += [json.loads(one["Body"]) for one in messages]
        for one in messages:
            sqs.delete_message(QueueUrl=url, ReceiptHandle=one["ReceiptHandle"])
    return found


def statuses(messages: list[dict[str, Any]], stack: str, logical_id: str = "") -> list[str]:
    return [
        one["detail"]["status-details"]["status"]
        for one in messages
        if f":stack/{stack}/" in one["detail"]["stack-id"]
        and one["detail"].get("logical-resource-id", "") == logical_id
    ]


def test_a_rule_receives_the_events_of_every_stack(sandbox: Sandbox, cloudformation: Any) -> None:
    url = listening(sandbox, "heard")
    body = json.dumps(template_of({"P": parameter("/heard")}))
    cloudformation.create_stack(StackName="heard", TemplateBody=body, ClientRequestToken="p-1-create-1")
    sandbox.wait_stack("heard")
    messages = [one for one in received(sandbox, url) if ":stack/heard/" in one["detail"]["stack-id"]]
    assert statuses(messages, "heard") == ["CREATE_IN_PROGRESS", "CREATE_COMPLETE"]
    assert statuses(messages, "heard", "P")[-1] == "CREATE_COMPLETE"
    last = messages[-1]
    assert (last["source"], last["detail-type"]) == ("aws.cloudformation", "CloudFormation Stack Status Change")
    assert last["detail"]["client-request-token"] == "p-1-create-1"
    assert last["resources"] == [sandbox.stack("heard")["StackId"]]
    assert {one["detail-type"] for one in messages} == {
        "CloudFormation Stack Status Change",
        "CloudFormation Resource Status Change",
    }


def test_events_are_lost_repeated_and_late(sandbox: Sandbox) -> None:
    url = listening(sandbox, "unsure")
    sandbox.fault(stack="unsure", target="A", op="event", mode="fail", times=None)
    sandbox.fault(stack="unsure", target="B", op="event", mode="repeat", times=None)
    sandbox.fault(stack="unsure", target=STACK, op="event", mode="slow", seconds=0.3)
    sandbox.create("unsure", template_of({"A": parameter("/unsure/a"), "B": parameter("/unsure/b")}))
    messages: list[dict[str, Any]] = []
    while len(statuses(messages, "unsure")) < 2:
        messages += received(sandbox, url)
        time.sleep(0.05)
    sandbox.clear_faults()
    assert statuses(messages, "unsure") == ["CREATE_COMPLETE", "CREATE_IN_PROGRESS"]
    assert statuses(messages, "unsure", "A") == []
    twice = statuses(messages, "unsure", "B")
    assert twice[::2] == twice[1::2]
    assert twice[-1] == "CREATE_COMPLETE"


# Drift detection and limits


def test_a_drift_detection_takes_time_and_is_announced(sandbox: Sandbox, cloudformation: Any) -> None:
    url = listening(sandbox, "astray")
    sandbox.create("astray", template_of({"P": parameter("/astray")}))
    sandbox.client("ssm").put_parameter(Name="/astray", Value="2", Type="String", Overwrite=True)
    sandbox.fault(stack="astray", op="drift", mode="hang")
    detection = cloudformation.detect_stack_drift(StackName="astray")["StackDriftDetectionId"]
    describe = cloudformation.describe_stack_drift_detection_status
    assert describe(StackDriftDetectionId=detection)["DetectionStatus"] == "DETECTION_IN_PROGRESS"
    with pytest.raises(ClientError, match="already in progress"):
        cloudformation.detect_stack_drift(StackName="astray")
    sandbox.clear_faults()
    while (shown := describe(StackDriftDetectionId=detection))["DetectionStatus"] == "DETECTION_IN_PROGRESS":
        time.sleep(0.02)
    assert (shown["StackDriftStatus"], shown["DriftedStackResourceCount"]) == ("DRIFTED", 1)
    (drift,) = cloudformation.describe_stack_resource_drifts(StackName="astray")["StackResourceDrifts"]
    assert drift["PropertyDifferences"][0]["ActualValue"] == "2"
    announced = [one["detail"] for one in received(sandbox, url) if "stack-drift-detection-id" in one["detail"]]
    assert [one["status-details"]["detection-status"] for one in announced] == [
        "DETECTION_IN_PROGRESS",
        "DETECTION_COMPLETE",
    ]
    assert announced[-1]["drift-detection-details"] == {"drifted-stack-resource-count": 1}


def test_a_drift_detection_may_fail(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.create("unseen", template_of({"P": parameter("/unseen")}))
    sandbox.fault(stack="unseen", op="drift", reason="Rate exceeded")
    detection = cloudformation.detect_stack_drift(StackName="unseen")["StackDriftDetectionId"]
    describe = cloudformation.describe_stack_drift_detection_status
    while (shown := describe(StackDriftDetectionId=detection))["DetectionStatus"] == "DETECTION_IN_PROGRESS":
        time.sleep(0.02)
    assert (shown["DetectionStatus"], shown["DetectionStatusReason"]) == ("DETECTION_FAILED", "Rate exceeded")


def test_the_accounts_limits_are_reported(own_sandbox: Sandbox) -> None:
    own_sandbox.start().control("POST", "account", {"region": REGION, "quotas": {"cloudformation/StackLimit": 10}})
    limits = own_sandbox.client("cloudformation").describe_account_limits()["AccountLimits"]
    assert {one["Name"]: one["Value"] for one in limits} == {
        "StackLimit": 10,
        "StackOutputsLimit": 200,
        "ConcurrentResourcesLimit": 2500,
    }
