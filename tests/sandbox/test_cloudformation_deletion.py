"""CloudFormation's behaviour at a deletion that the engine relies on, over HTTP with plain boto3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fixtures.sandbox import Sandbox
from tests.sandbox.template import bucket, parameter, queue, resource, template_of

pytestmark = pytest.mark.sandbox


@pytest.fixture
def cloudformation(sandbox: Sandbox) -> Any:
    return sandbox.client("cloudformation")


def test_a_deleted_stack_is_found_by_id_only_and_stays_in_the_list(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.create("gone", template_of({"P": parameter("/gone")}))
    stack_id = sandbox.stack("gone")["StackId"]
    assert sandbox.delete("gone") == "GONE"
    deleted = sandbox.stack(stack_id)
    assert deleted["StackStatus"] == "DELETE_COMPLETE"
    assert deleted["DeletionTime"]
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stacks(StackName="gone")
    listed = cloudformation.get_paginator("list_stacks").paginate(StackStatusFilter=["DELETE_COMPLETE"])
    assert stack_id in {summary["StackId"] for page in listed for summary in page["StackSummaries"]}
    assert [e["ResourceStatus"] for e in sandbox.events(stack_id) if e["LogicalResourceId"] == "P"][
        -1
    ] == "DELETE_COMPLETE"
    sandbox.create("gone", template_of({"P": parameter("/gone")}))
    assert sandbox.stack("gone")["StackId"] != stack_id
    assert sandbox.stack(stack_id)["StackStatus"] == "DELETE_COMPLETE"


def test_deleting_what_does_not_exist_is_no_error(cloudformation: Any) -> None:
    cloudformation.delete_stack(StackName="never-was")


def test_resources_are_deleted_after_what_needs_them(sandbox: Sandbox) -> None:
    resources = {
        "A": parameter("/order/a"),
        "B": {**parameter("/order/b"), "DependsOn": "A"},
        "C": {**parameter("/order/c"), "DependsOn": "B"},
    }
    sandbox.create("order", template_of(resources))
    stack_id = sandbox.stack("order")["StackId"]
    sandbox.delete("order")
    gone = [e["LogicalResourceId"] for e in sandbox.events(stack_id) if e["ResourceStatus"] == "DELETE_COMPLETE"]
    assert gone == ["C", "B", "A", "order"]


@pytest.mark.parametrize("content", ["object", "version", "marker"])
def test_a_bucket_that_is_not_empty_fails_the_deletion(sandbox: Sandbox, content: str) -> None:
    name = f"full-{content}"
    versioned = {"VersioningConfiguration": {"Status": "Enabled"}} if content != "object" else {}
    full = resource("S3::Bucket", {"BucketName": name, **versioned})
    sandbox.create(name, template_of({"Bucket": full, "P": parameter(f"/{name}")}))
    s3 = sandbox.client("s3")
    s3.put_object(Bucket=name, Key="a", Body=b"x")
    if content == "marker":
        version = s3.list_object_versions(Bucket=name)["Versions"][0]["VersionId"]
        s3.delete_object(Bucket=name, Key="a")
        s3.delete_object(Bucket=name, Key="a", VersionId=version)
    elif content == "version":
        s3.delete_object(Bucket=name, Key="a")
    assert sandbox.delete(name) == "DELETE_FAILED"
    stack = sandbox.stack(name)
    assert "[Bucket]" in stack["StackStatusReason"]
    failed = next(
        e for e in sandbox.events(name) if e["ResourceStatus"] == "DELETE_FAILED" and e["LogicalResourceId"] == "Bucket"
    )
    assert "not empty" in failed["ResourceStatusReason"]
    assert s3.head_bucket(Bucket=name)
    assert sandbox.delete(name, RetainResources=["Bucket"]) == "GONE"
    assert s3.head_bucket(Bucket=name)


def test_retain_resources_is_refused_while_the_deletion_has_not_failed(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.create("healthy", template_of({"P": parameter("/healthy")}))
    with pytest.raises(ClientError, match="DELETE_FAILED"):
        cloudformation.delete_stack(StackName="healthy", RetainResources=["P"])


def test_force_delete_gives_up_what_does_not_go(sandbox: Sandbox) -> None:
    sandbox.create("forced", template_of({"Bucket": bucket("forced-bucket")}))
    sandbox.client("s3").put_object(Bucket="forced-bucket", Key="a", Body=b"x")
    assert sandbox.delete("forced") == "DELETE_FAILED"
    stack_id = sandbox.stack("forced")["StackId"]
    assert sandbox.delete("forced", DeletionMode="FORCE_DELETE_STACK") == "GONE"
    assert "DELETE_SKIPPED" in {e["ResourceStatus"] for e in sandbox.events(stack_id)}
    assert sandbox.client("s3").head_bucket(Bucket="forced-bucket")


def test_a_stack_that_is_being_updated_cannot_be_deleted(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.create("amid", template_of({"P": parameter("/amid", "1")}))
    sandbox.fault(stack="amid", op="update", mode="hang")
    cloudformation.update_stack(StackName="amid", TemplateBody=json.dumps(template_of({"P": parameter("/amid", "2")})))
    with pytest.raises(ClientError, match="cannot be deleted while in status UPDATE_IN_PROGRESS"):
        cloudformation.delete_stack(StackName="amid")
    sandbox.clear_faults()
    assert sandbox.wait_stack("amid") == "UPDATE_COMPLETE"
    assert sandbox.delete("amid") == "GONE"


def test_what_a_deletion_leaves_behind_stays_in_the_list_of_resources(sandbox: Sandbox, cloudformation: Any) -> None:
    kept = parameter("/skipped/kept", DeletionPolicy="Retain")
    sandbox.create("skipping", template_of({"Kept": kept, "P": parameter("/skipped/p")}))
    stack_id = sandbox.stack("skipping")["StackId"]
    assert sandbox.delete("skipping") == "GONE"
    listed = cloudformation.list_stack_resources(StackName=stack_id)["StackResourceSummaries"]
    assert {one["LogicalResourceId"]: one["ResourceStatus"] for one in listed} == {
        "Kept": "DELETE_SKIPPED",
        "P": "DELETE_COMPLETE",
    }


def test_a_token_names_one_request(sandbox: Sandbox, cloudformation: Any) -> None:
    body, other = (json.dumps(template_of({"P": parameter("/one-request", text)})) for text in ("1", "2"))
    made = cloudformation.create_stack(StackName="one-request", TemplateBody=body, ClientRequestToken="p-1-create-1")
    assert sandbox.wait_stack("one-request") == "CREATE_COMPLETE"
    again = cloudformation.create_stack(StackName="one-request", TemplateBody=body, ClientRequestToken="p-1-create-1")
    assert again["StackId"] == made["StackId"]
    assert again["OperationId"] == made["OperationId"]
    for call in (cloudformation.create_stack, cloudformation.update_stack):
        with pytest.raises(ClientError) as refused:
            call(StackName="one-request", TemplateBody=other, ClientRequestToken="p-1-create-1")
        assert refused.value.response["Error"]["Code"] == "TokenAlreadyExistsException"
    with pytest.raises(ClientError) as refused:
        cloudformation.delete_stack(StackName="one-request", ClientRequestToken="p-1-create-1")
    assert refused.value.response["Error"]["Code"] == "TokenAlreadyExistsException"
    with pytest.raises(ClientError) as refused:
        cloudformation.create_stack(StackName="one-request", TemplateBody=body, ClientRequestToken="p-2-create-1")
    assert refused.value.response["Error"]["Code"] == "AlreadyExistsException"


def database(**properties: Any) -> dict[str, Any]:
    common = {
        "DBInstanceClass": "db.t4g.micro",
        "Engine": "postgres",
        "AllocatedStorage": "20",
        "MasterUsername": "portal",
    }
    return resource("RDS::DBInstance", {**common, "ManageMasterUserPassword": True, **properties})


def test_a_protected_database_fails_the_deletion_until_it_is_unprotected(sandbox: Sandbox) -> None:
    sandbox.create(
        "guarded",
        template_of(
            {"Db": {**database(DeletionProtection=True, DBInstanceIdentifier="guarded-db"), "DeletionPolicy": "Delete"}}
        ),
    )
    assert sandbox.delete("guarded") == "DELETE_FAILED"
    reason = next(
        e["ResourceStatusReason"] for e in sandbox.events("guarded") if e["ResourceStatus"] == "DELETE_FAILED"
    )
    assert "deletion protection" in reason
    sandbox.client("rds").modify_db_instance(
        DBInstanceIdentifier="guarded-db", DeletionProtection=False, ApplyImmediately=True
    )
    assert sandbox.delete("guarded") == "GONE"


def test_deletion_policies_retain_and_snapshot(sandbox: Sandbox) -> None:
    body = template_of(
        {
            "Kept": {**queue("policy-kept"), "DeletionPolicy": "Retain"},
            "Db": {**database(DBInstanceIdentifier="policy-db"), "DeletionPolicy": "Snapshot"},
        }
    )
    sandbox.create("policies", body)
    stack_id = sandbox.stack("policies")["StackId"]
    assert sandbox.delete("policies") == "GONE"
    assert ("Kept", "DELETE_SKIPPED") in {
        (e["LogicalResourceId"], e["ResourceStatus"]) for e in sandbox.events(stack_id)
    }
    assert sandbox.client("sqs").get_queue_url(QueueName="policy-kept")
    snapshots = sandbox.client("rds").describe_db_snapshots()["DBSnapshots"]
    assert any(item["DBInstanceIdentifier"] == "policy-db" for item in snapshots)


def test_termination_protection_refuses_the_deletion(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.create("locked", template_of({"P": parameter("/locked")}), EnableTerminationProtection=True)
    assert sandbox.stack("locked")["EnableTerminationProtection"] is True
    with pytest.raises(ClientError, match="TerminationProtection"):
        cloudformation.delete_stack(StackName="locked")
    cloudformation.update_termination_protection(StackName="locked", EnableTerminationProtection=False)
    assert sandbox.delete("locked") == "GONE"


def test_a_stack_can_be_deleted_while_it_is_being_created(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.fault(stack="stopped", target="Hanging", mode="hang")
    body = template_of({"Done": queue("stopped-q"), "Hanging": {**parameter("/stopped"), "DependsOn": "Done"}})
    cloudformation.create_stack(StackName="stopped", TemplateBody=json.dumps(body))
    while "Hanging" not in {event["LogicalResourceId"] for event in sandbox.events("stopped")}:
        pass
    assert sandbox.delete("stopped") == "GONE"
    for call, arguments, service in (
        ("get_queue_url", {"QueueName": "stopped-q"}, "sqs"),
        ("get_parameter", {"Name": "/stopped"}, "ssm"),
    ):
        with pytest.raises(ClientError):
            getattr(sandbox.client(service), call)(**arguments)
