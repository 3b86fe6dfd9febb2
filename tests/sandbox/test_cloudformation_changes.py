"""Updates, change sets and stack policies."""

from __future__ import annotations

import json
import uuid
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fixtures.sandbox import Sandbox
from tests.sandbox.template import bucket, parameter, queue, ref, resource, sub, template_of

pytestmark = pytest.mark.sandbox


@pytest.fixture
def cloudformation(sandbox: Sandbox) -> Any:
    return sandbox.client("cloudformation")


def update(sandbox: Sandbox, name: str, template: dict[str, Any], **more: Any) -> str:
    sandbox.client("cloudformation").update_stack(StackName=name, TemplateBody=json.dumps(template), **more)
    return sandbox.wait_stack(name)


def change_set(
    cloudformation: Any, stack: str, name: str, template: dict[str, Any], kind: str = "UPDATE"
) -> dict[str, Any]:
    cloudformation.create_change_set(
        StackName=stack, ChangeSetName=name, ChangeSetType=kind, TemplateBody=json.dumps(template)
    )
    while True:
        shown = dict(cloudformation.describe_change_set(StackName=stack, ChangeSetName=name))
        if not shown["Status"].endswith(("_PENDING", "_IN_PROGRESS")):
            return shown


def value(sandbox: Sandbox, name: str) -> str:
    return str(sandbox.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def test_an_update_changes_in_place_adds_and_removes(sandbox: Sandbox) -> None:
    sandbox.create(
        "up", template_of({"Changed": parameter("/up/a", "1"), "Removed": parameter("/up/b"), "Same": queue("up-q")})
    )
    assert (
        update(
            sandbox,
            "up",
            template_of({"Changed": parameter("/up/a", "2"), "Added": parameter("/up/c"), "Same": queue("up-q")}),
        )
        == "UPDATE_COMPLETE"
    )
    assert value(sandbox, "/up/a") == "2"
    assert value(sandbox, "/up/c") == "1"
    with pytest.raises(ClientError, match="ParameterNotFound"):
        value(sandbox, "/up/b")
    statuses = [e["ResourceStatus"] for e in sandbox.events("up") if e["LogicalResourceId"] == "up"]
    assert statuses[2:] == ["UPDATE_IN_PROGRESS", "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS", "UPDATE_COMPLETE"]
    assert not [
        e for e in sandbox.events("up") if e["LogicalResourceId"] == "Same" and e["ResourceStatus"].startswith("UPDATE")
    ]


def test_an_update_without_changes_is_refused(sandbox: Sandbox, cloudformation: Any) -> None:
    body = template_of({"P": parameter("/none")})
    sandbox.create("none", body)
    with pytest.raises(ClientError, match="No updates are to be performed"):
        cloudformation.update_stack(StackName="none", TemplateBody=json.dumps(body))


def test_previous_template_and_previous_values_are_kept(sandbox: Sandbox, cloudformation: Any) -> None:
    body = template_of(
        {"A": parameter("/prev/a", ref("V")), "B": parameter("/prev/b", ref("W"))},
        Parameters={"V": {"Type": "String"}, "W": {"Type": "String"}},
    )
    sandbox.create(
        "prev",
        body,
        Parameters=[{"ParameterKey": "V", "ParameterValue": "a"}, {"ParameterKey": "W", "ParameterValue": "b"}],
    )
    given = [{"ParameterKey": "V", "ParameterValue": "a2"}, {"ParameterKey": "W", "UsePreviousValue": True}]
    cloudformation.update_stack(StackName="prev", UsePreviousTemplate=True, Parameters=given)
    assert sandbox.wait_stack("prev") == "UPDATE_COMPLETE"
    assert [value(sandbox, "/prev/a"), value(sandbox, "/prev/b")] == ["a2", "b"]


def test_a_replacement_makes_the_new_one_before_the_old_one_goes(sandbox: Sandbox) -> None:
    sandbox.create("replaced", template_of({"Queue": queue("replaced-1")}))
    assert update(sandbox, "replaced", template_of({"Queue": queue("replaced-2")})) == "UPDATE_COMPLETE"
    events = [
        (e["LogicalResourceId"], e["ResourceStatus"], e.get("PhysicalResourceId", "")[-10:])
        for e in sandbox.events("replaced")
    ]
    assert events.index(("Queue", "UPDATE_COMPLETE", "replaced-2")) < events.index(
        ("Queue", "DELETE_COMPLETE", "replaced-1")
    )
    assert any(
        "creation of a new physical resource" in e.get("ResourceStatusReason", "") for e in sandbox.events("replaced")
    )
    with pytest.raises(ClientError, match="NonExistentQueue"):
        sandbox.client("sqs").get_queue_url(QueueName="replaced-1")


def test_a_failing_update_goes_back_to_what_was(sandbox: Sandbox) -> None:
    sandbox.create("back", template_of({"A": parameter("/back/a", "old")}))
    sandbox.fault(stack="back", target="C", op="create", reason="no room")
    body = template_of(
        {
            "A": parameter("/back/a", "new"),
            "B": parameter("/back/b"),
            "C": {**parameter("/back/c"), "DependsOn": ["A", "B"]},
        }
    )
    assert update(sandbox, "back", body) == "UPDATE_ROLLBACK_COMPLETE"
    assert value(sandbox, "/back/a") == "old"
    with pytest.raises(ClientError, match="ParameterNotFound"):
        value(sandbox, "/back/b")
    assert [e["LogicalResourceId"] for e in sandbox.events("back") if e.get("ResourceStatusReason") == "no room"] == [
        "C"
    ]
    assert update(sandbox, "back", body) == "UPDATE_COMPLETE"


def test_an_update_with_wrong_properties_changes_nothing(sandbox: Sandbox) -> None:
    sandbox.create("intact", template_of({"A": parameter("/intact/a", "old"), "Queue": queue("intact-q")}))
    body = template_of({"A": parameter("/intact/a", "new"), "Queue": queue("intact-q", Nonsense=1)})
    assert update(sandbox, "intact", body) == "UPDATE_ROLLBACK_COMPLETE"
    assert value(sandbox, "/intact/a") == "old"


def test_a_running_update_can_be_cancelled(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.create("cancel", template_of({"A": parameter("/cancel/a", "old")}))
    sandbox.fault(stack="cancel", target="B", mode="hang")
    body = template_of({"A": parameter("/cancel/a", "new"), "B": {**parameter("/cancel/b"), "DependsOn": "A"}})
    cloudformation.update_stack(StackName="cancel", TemplateBody=json.dumps(body))
    while "B" not in {e["LogicalResourceId"] for e in sandbox.events("cancel")}:
        pass
    cloudformation.cancel_update_stack(StackName="cancel")
    assert sandbox.wait_stack("cancel") == "UPDATE_ROLLBACK_COMPLETE"
    assert value(sandbox, "/cancel/a") == "old"


def test_a_create_change_set_waits_in_review_until_it_is_executed(sandbox: Sandbox, cloudformation: Any) -> None:
    shown = change_set(cloudformation, "reviewed", "c1", template_of({"Queue": queue("reviewed-q")}), "CREATE")
    assert (shown["Status"], shown["ExecutionStatus"]) == ("CREATE_COMPLETE", "AVAILABLE")
    assert [c["ResourceChange"]["Action"] for c in shown["Changes"]] == ["Add"]
    assert sandbox.stack("reviewed")["StackStatus"] == "REVIEW_IN_PROGRESS"
    token = str(uuid.uuid4())
    for _ in range(2):
        cloudformation.execute_change_set(
            StackName="reviewed", ChangeSetName=shown["ChangeSetId"], ClientRequestToken=token
        )
    assert sandbox.wait_stack("reviewed") == "CREATE_COMPLETE"
    assert sandbox.stack("reviewed")["StackId"] == shown["StackId"]


def test_a_second_create_change_set_belongs_to_the_same_stack(sandbox: Sandbox, cloudformation: Any) -> None:
    first = change_set(cloudformation, "second", "c1", template_of({"Queue": queue("second-q")}), "CREATE")
    second = change_set(cloudformation, "second", "c2", template_of({"Queue": queue("second-q2")}), "CREATE")
    assert first["StackId"] == second["StackId"]


def test_a_change_set_says_what_is_replaced(sandbox: Sandbox, cloudformation: Any) -> None:
    log = resource("Logs::LogGroup", {"LogGroupName": "/said/a", "RetentionInDays": 7})
    rule = {"IpProtocol": "tcp", "CidrIp": "10.0.0.0/8", "FromPort": 80, "ToPort": 80}
    group = resource("EC2::SecurityGroup", {"GroupDescription": "a", "SecurityGroupIngress": [rule]})
    before = {
        "Q": queue("said-q", VisibilityTimeout=30),
        "L": log,
        "Gone": parameter("/said/gone"),
        "B": bucket("said-bucket"),
        "G": group,
    }
    sandbox.create("said", template_of(before))
    after = {
        "Q": queue("said-q", VisibilityTimeout=60),
        "L": resource("Logs::LogGroup", {"LogGroupName": "/said/b", "RetentionInDays": 7}),
        "New": parameter("/said/new"),
        "B": bucket("said-bucket-2"),
        "G": resource("EC2::SecurityGroup", {"GroupDescription": "b", "SecurityGroupIngress": [rule]}),
    }
    shown = change_set(cloudformation, "said", "c", template_of(after))
    changes = {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"] for c in shown["Changes"]}
    said = {name: (change["Action"], change.get("Replacement")) for name, change in changes.items()}
    assert said == {
        "Q": ("Modify", "False"),
        "L": ("Modify", "True"),
        "Gone": ("Remove", None),
        "New": ("Add", None),
        "B": ("Modify", "True"),
        "G": ("Modify", "True"),
    }
    assert changes["L"]["Details"][0]["Target"]["RequiresRecreation"] == "Always"
    assert changes["Q"]["PhysicalResourceId"].endswith("said-q")
    cloudformation.execute_change_set(StackName="said", ChangeSetName="c")
    assert sandbox.wait_stack("said") == "UPDATE_COMPLETE"
    assert sandbox.client("s3").head_bucket(Bucket="said-bucket-2")
    with pytest.raises(ClientError):
        sandbox.client("s3").head_bucket(Bucket="said-bucket")


def test_a_change_set_without_changes_fails(sandbox: Sandbox, cloudformation: Any) -> None:
    body = template_of({"P": parameter("/unchanged")})
    sandbox.create("unchanged", body)
    shown = change_set(cloudformation, "unchanged", "c", body)
    assert shown["Status"] == "FAILED"
    assert "didn't contain changes" in shown["StatusReason"]


def test_a_stack_policy_protects_from_modification_replacement_and_deletion(
    sandbox: Sandbox, cloudformation: Any
) -> None:
    statements = [
        {"Effect": "Allow", "Action": "Update:*", "Principal": "*", "Resource": "*"},
        {
            "Effect": "Deny",
            "Action": ["Update:Replace", "Update:Delete"],
            "Principal": "*",
            "Resource": "LogicalResourceId/Queue",
        },
    ]
    policy = json.dumps({"Statement": statements})
    sandbox.create(
        "policed", template_of({"Queue": queue("policed-1"), "P": parameter("/policed")}), StackPolicyBody=policy
    )
    assert (
        update(
            sandbox,
            "policed",
            template_of({"Queue": queue("policed-1", VisibilityTimeout=50), "P": parameter("/policed")}),
        )
        == "UPDATE_COMPLETE"
    )
    for body in (
        template_of({"Queue": queue("policed-2"), "P": parameter("/policed")}),
        template_of({"P": parameter("/policed")}),
    ):
        assert update(sandbox, "policed", body) == "UPDATE_ROLLBACK_COMPLETE"
        reasons = [
            e.get("ResourceStatusReason", "")
            for e in sandbox.events("policed")
            if e["ResourceStatus"] == "UPDATE_FAILED"
        ]
        assert "Action denied by stack policy" in reasons[-1]
    assert sandbox.client("sqs").get_queue_url(QueueName="policed-1")
    lifted = json.dumps({"Statement": [statements[0]]})
    assert (
        update(sandbox, "policed", template_of({"P": parameter("/policed")}), StackPolicyDuringUpdateBody=lifted)
        == "UPDATE_COMPLETE"
    )
    assert (
        json.loads(cloudformation.get_stack_policy(StackName="policed")["StackPolicyBody"])["Statement"] == statements
    )


def test_an_update_repeated_with_its_token_is_one_update(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.create("again", template_of({"P": parameter("/again", "1")}))
    token, body = str(uuid.uuid4()), json.dumps(template_of({"P": parameter("/again", "2")}))
    ids = {
        cloudformation.update_stack(StackName="again", TemplateBody=body, ClientRequestToken=token)["StackId"]
        for _ in range(3)
    }
    assert len(ids) == 1
    assert sandbox.wait_stack("again") == "UPDATE_COMPLETE"


def test_an_update_while_one_runs_is_refused(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.fault(stack="busy", mode="slow", seconds=0.5)
    cloudformation.create_stack(StackName="busy", TemplateBody=json.dumps(template_of({"P": parameter("/busy")})))
    with pytest.raises(ClientError, match="CREATE_IN_PROGRESS"):
        cloudformation.update_stack(
            StackName="busy", TemplateBody=json.dumps(template_of({"P": parameter("/busy", "2")}))
        )
    assert sandbox.wait_stack("busy") == "CREATE_COMPLETE"


def test_references_follow_a_replacement(sandbox: Sandbox) -> None:
    def body(name: str) -> dict[str, Any]:
        return template_of({"Queue": queue(name), "P": parameter("/follow", sub("${Queue.QueueName}"))})

    sandbox.create("follow", body("follow-1"))
    assert update(sandbox, "follow", body("follow-2")) == "UPDATE_COMPLETE"
    assert value(sandbox, "/follow") == "follow-2"
