"""What CloudFormation refuses before or while it makes resources: templates, parameters,
properties.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fixtures.sandbox import Sandbox
from tests.sandbox.template import att, parameter, queue, ref, resource, template_of

pytestmark = pytest.mark.sandbox


@pytest.fixture
def cloudformation(sandbox: Sandbox) -> Any:
    return sandbox.client("cloudformation")


def redrive(to: str) -> dict[str, Any]:
    return {"RedrivePolicy": {"deadLetterTargetArn": att(to, "Arn"), "maxReceiveCount": 1}}


BROKEN: dict[str, tuple[str, str]] = {
    "not JSON": ("{", "Template"),
    "no resources": (json.dumps({"AWSTemplateFormatVersion": "2010-09-09"}), "At least one Resources member"),
    "a reference to nothing": (
        json.dumps(template_of({"Queue": queue(QueueName=ref("Nope"))})),
        r"Unresolved resource dependencies \[Nope\]",
    ),
    "an output of nothing": (
        json.dumps(template_of({"Queue": queue()}, Outputs={"O": {"Value": att("Nope", "Arn")}})),
        r"Unresolved resource dependencies \[Nope\] in the Outputs block",
    ),
    "a circle": (
        json.dumps(template_of({"A": queue(**redrive("B")), "B": queue(**redrive("A"))})),
        "Circular dependency between resources",
    ),
    "an unknown type": (json.dumps(template_of({"Q": resource("Nope::Thing", {})})), "AWS::Nope::Thing"),
    "a dependency on nothing": (json.dumps(template_of({"Q": {**queue(), "DependsOn": "Nope"}})), r"\[Nope\]"),
    "an unknown condition": (json.dumps(template_of({"Q": {**queue(), "Condition": "Nope"}})), "Nope"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_template_is_refused_by_every_call(cloudformation: Any, name: str) -> None:
    body, message = BROKEN[name]
    calls = (
        (cloudformation.validate_template, {}),
        (cloudformation.create_stack, {"StackName": "broken-template"}),
        (
            cloudformation.create_change_set,
            {"StackName": "broken-template", "ChangeSetName": "c", "ChangeSetType": "CREATE"},
        ),
    )
    for call, arguments in calls:
        with pytest.raises(ClientError, match=message) as caught:
            call(TemplateBody=body, **arguments)
        assert caught.value.response["Error"]["Code"] == "ValidationError"
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stacks(StackName="broken-template")


def test_a_body_over_51200_bytes_is_refused_and_taken_from_a_bucket(sandbox: Sandbox, cloudformation: Any) -> None:
    body = json.dumps(template_of({"P": parameter("/big")}, Metadata={"padding": "y" * 52000}))
    with pytest.raises(ClientError, match="51200"):
        cloudformation.create_stack(StackName="big", TemplateBody=body)
    s3 = sandbox.client("s3")
    s3.create_bucket(Bucket="templates", CreateBucketConfiguration={"LocationConstraint": "eu-north-1"})
    s3.put_object(Bucket="templates", Key="some/big one.json", Body=body.encode())
    addresses = (
        f"{sandbox.url}/templates/some/big%20one.json",
        "https://templates.s3.eu-north-1.amazonaws.com/some/big%20one.json",
        "https://templates.s3.amazonaws.com/some/big%20one.json",
        "https://s3.eu-north-1.amazonaws.com/templates/some/big%20one.json",
    )
    for address in addresses:
        assert cloudformation.validate_template(TemplateURL=address)
        cloudformation.create_stack(StackName="big", TemplateURL=address)
        assert sandbox.wait_stack("big") == "CREATE_COMPLETE"
        assert sandbox.delete("big") == "GONE"


PARAMETERS: dict[str, tuple[dict[str, Any], dict[str, str], str]] = {
    "missing": ({"V": {"Type": "String"}}, {}, "V"),
    "not allowed": ({"V": {"Type": "String", "AllowedValues": ["a"]}}, {"V": "b"}, "V"),
    "wrong pattern": ({"V": {"Type": "String", "AllowedPattern": "[a-z]+"}}, {"V": "B1"}, "V"),
    "too small": ({"V": {"Type": "Number", "MinValue": 5}}, {"V": "1"}, "V"),
    "unknown": ({"V": {"Type": "String", "Default": "x"}}, {"Extra": "x"}, "Extra"),
}


@pytest.mark.parametrize("name", PARAMETERS)
def test_wrong_parameters_are_refused(cloudformation: Any, name: str) -> None:
    definitions, values, message = PARAMETERS[name]
    body = template_of({"P": parameter("/wrong-parameter", ref("V"))}, Parameters=definitions)
    given = [{"ParameterKey": key, "ParameterValue": value} for key, value in values.items()]
    with pytest.raises(ClientError, match=message):
        cloudformation.create_stack(StackName="wrong-parameter", TemplateBody=json.dumps(body), Parameters=given)


VPC = {"CidrBlock": "10.1.0.0/16"}
INSTANCE = {"DBInstanceClass": "db.t4g.micro", "Engine": "postgres", "AllocatedStorage": "20"}
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "unknown property": (
        resource("EC2::VPC", {**VPC, "Nonsense": 1}),
        r"#: extraneous key \[Nonsense\] is not permitted",
    ),
    "missing property": (resource("EC2::Subnet", {"CidrBlock": "10.1.0.0/24"}), r"#: required key \[VpcId\] not found"),
    "wrong type": (
        resource("RDS::DBInstance", {**INSTANCE, "BackupRetentionPeriod": "week"}),
        "#/BackupRetentionPeriod: expected type: integer",
    ),
    "wrong enum": (resource("ECS::Service", {"LaunchType": "MOON"}), "#/LaunchType: MOON is not a valid enum value"),
    "wrong pattern": (
        resource("KMS::Alias", {"AliasName": "no-prefix", "TargetKeyId": "k"}),
        "#/AliasName: failed validation constraint for keyword",
    ),
    "deep": (
        resource("S3::Bucket", {"VersioningConfiguration": {"Status": "Perhaps"}}),
        "#/VersioningConfiguration/Status: Perhaps is not a valid enum value",
    ),
    "read-only": (resource("SQS::Queue", {"Arn": "arn:aws:sqs:::x"}), "Encountered unsupported property Arn"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_properties_fail_the_resource_before_anything_is_made(sandbox: Sandbox, name: str) -> None:
    wrong, message = WRONG[name]
    stack = f"wrong-{name.replace(' ', '-')}"
    body = template_of({"Good": queue(f"{stack}-q"), "Wrong": wrong})
    assert sandbox.create(stack, body) == "ROLLBACK_COMPLETE"
    failed = [e for e in sandbox.events(stack) if e["ResourceStatus"] == "CREATE_FAILED"]
    assert [e["LogicalResourceId"] for e in failed] == ["Wrong"]
    assert "Properties validation failed for resource Wrong with message:" in failed[0]["ResourceStatusReason"]
    assert __import__("re").search(message, failed[0]["ResourceStatusReason"])
    assert "Good" not in {e["LogicalResourceId"] for e in sandbox.events(stack)}


def test_a_property_that_only_deployment_knows_is_checked_then(sandbox: Sandbox) -> None:
    wrong = resource("KMS::Alias", {"AliasName": att("Queue", "QueueName"), "TargetKeyId": "k"})
    assert sandbox.create("late", template_of({"Queue": queue("late-q"), "Wrong": wrong})) == "ROLLBACK_COMPLETE"
    statuses = [(e["LogicalResourceId"], e["ResourceStatus"]) for e in sandbox.events("late")]
    assert ("Queue", "CREATE_COMPLETE") in statuses
    assert ("Wrong", "CREATE_FAILED") in statuses


def test_numbers_and_booleans_may_be_written_as_strings(sandbox: Sandbox) -> None:
    properties = {"CidrBlock": "10.2.0.0/16", "EnableDnsSupport": "true"}
    body = template_of({"Vpc": resource("EC2::VPC", properties), "Queue": queue(VisibilityTimeout="45")})
    assert sandbox.create("strings", body) == "CREATE_COMPLETE"


def test_a_refusal_of_a_service_is_told_in_its_own_words(sandbox: Sandbox) -> None:
    wrong = resource(
        "ApplicationAutoScaling::ScalingPolicy",
        {
            "PolicyName": "p",
            "PolicyType": "TargetTrackingScaling",
            "ScalingTargetId": "service/none/none|ecs:service:DesiredCount|ecs",
        },
    )
    assert sandbox.create("refused", template_of({"Policy": wrong})) == "ROLLBACK_COMPLETE"
    reason = next(
        e["ResourceStatusReason"] for e in sandbox.events("refused") if e["ResourceStatus"] == "CREATE_FAILED"
    )
    assert "No scalable target registered" in reason
    assert "(HandlerErrorCode: NotFound)" in reason


def test_template_and_summary_can_be_read_back(sandbox: Sandbox, cloudformation: Any) -> None:
    body = template_of(
        {"P": parameter("/read-back", ref("V"))}, Parameters={"V": {"Type": "String", "Default": "x", "NoEcho": True}}
    )
    sandbox.create("read-back", body)
    shown = cloudformation.get_template(StackName="read-back")["TemplateBody"]
    assert (json.loads(shown) if isinstance(shown, str) else shown) == body
    summary = cloudformation.get_template_summary(TemplateBody=json.dumps(body))
    assert summary["ResourceTypes"] == ["AWS::SSM::Parameter"]
    assert summary["Parameters"][0]["NoEcho"] is True
