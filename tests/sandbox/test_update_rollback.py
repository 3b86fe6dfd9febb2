"""Updates that are taken back, and rollbacks that fail: ContinueUpdateRollback, and RollbackStack."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fixtures.sandbox import Sandbox
from tests.sandbox.template import parameter, queue, template_of

pytestmark = pytest.mark.sandbox


@pytest.fixture
def cloudformation(sandbox: Sandbox) -> Any:
    return sandbox.client("cloudformation")


def value(sandbox: Sandbox, name: str) -> str:
    return str(sandbox.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


def body(name: str, number: str, *, broken: bool = False) -> dict[str, Any]:
    """Two parameters, and a third that a fault stops when `broken`."""
    resources = {"A": parameter(f"/{name}/a", number), "B": parameter(f"/{name}/b", number, DependsOn="A")}
    if broken:
        resources["C"] = parameter(f"/{name}/c", DependsOn=["A", "B"])
    return template_of(resources)


def stuck(sandbox: Sandbox, name: str, **fault: Any) -> None:
    """A stack in UPDATE_ROLLBACK_FAILED, because A does not go back."""
    sandbox.create(name, body(name, "old"))
    sandbox.fault(stack=name, target="C", op="create", reason="no room")
    sandbox.fault(stack=name, target="A", op="rollback", reason="A is locked", **fault)
    sandbox.client("cloudformation").update_stack(
        StackName=name, TemplateBody=json.dumps(body(name, "new", broken=True))
    )
    assert sandbox.wait_stack(name) == "UPDATE_ROLLBACK_FAILED"


def test_a_rollback_that_fails_says_what_is_stuck(sandbox: Sandbox, cloudformation: Any) -> None:
    stuck(sandbox, "stuck")
    stack = sandbox.stack("stuck")
    assert stack["StackStatusReason"] == "The following resource(s) failed to update: [A]. "
    after = [e for e in sandbox.events("stuck") if e["LogicalResourceId"] == "A"]
    assert (after[-1]["ResourceStatus"], after[-1]["ResourceStatusReason"]) == ("UPDATE_FAILED", "A is locked")
    assert value(sandbox, "/stuck/a") == "new"
    # What depends on it waits, and what the update had created is still there.
    assert value(sandbox, "/stuck/b") == "new"
    assert cloudformation.get_template(StackName="stuck", TemplateStage="Original")["TemplateBody"] == body(
        "stuck", "old"
    )
    for call in (
        lambda: cloudformation.update_stack(StackName="stuck", TemplateBody=json.dumps(body("stuck", "3"))),
        lambda: cloudformation.create_change_set(
            StackName="stuck", ChangeSetName="c", TemplateBody=json.dumps(body("stuck", "3"))
        ),
    ):
        with pytest.raises(ClientError, match="UPDATE_ROLLBACK_FAILED"):
            call()


def test_the_rollback_continues_where_it_stopped(sandbox: Sandbox, cloudformation: Any) -> None:
    stuck(sandbox, "onward")
    cloudformation.continue_update_rollback(StackName="onward", ClientRequestToken="again")
    assert sandbox.wait_stack("onward") == "UPDATE_ROLLBACK_COMPLETE"
    assert [value(sandbox, "/onward/a"), value(sandbox, "/onward/b")] == ["old", "old"]
    with pytest.raises(ClientError, match="ParameterNotFound"):
        value(sandbox, "/onward/c")
    statuses = [e["ResourceStatus"] for e in sandbox.events("onward") if e["LogicalResourceId"] == "onward"]
    assert statuses[-6:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_FAILED",
        "UPDATE_ROLLBACK_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
    ]
    assert {
        r["LogicalResourceId"]
        for r in cloudformation.list_stack_resources(StackName="onward")["StackResourceSummaries"]
    } == {"A", "B"}


def test_a_skipped_resource_counts_as_rolled_back_and_stays_as_it_is(sandbox: Sandbox, cloudformation: Any) -> None:
    stuck(sandbox, "skipped", times=None)
    with pytest.raises(ClientError, match="only resources whose rollback failed"):
        cloudformation.continue_update_rollback(StackName="skipped", ResourcesToSkip=["B"])
    cloudformation.continue_update_rollback(StackName="skipped", ResourcesToSkip=["A"])
    assert sandbox.wait_stack("skipped") == "UPDATE_ROLLBACK_COMPLETE"
    sandbox.clear_faults()
    assert [value(sandbox, "/skipped/a"), value(sandbox, "/skipped/b")] == ["new", "old"]
    drift = cloudformation.detect_stack_drift(StackName="skipped")["StackDriftDetectionId"]
    status = cloudformation.describe_stack_drift_detection_status(StackDriftDetectionId=drift)
    assert status["StackDriftStatus"] == "DRIFTED"


def test_it_fails_again_while_the_cause_lasts(sandbox: Sandbox, cloudformation: Any) -> None:
    stuck(sandbox, "lasting", times=2)
    cloudformation.continue_update_rollback(StackName="lasting")
    assert sandbox.wait_stack("lasting") == "UPDATE_ROLLBACK_FAILED"
    cloudformation.continue_update_rollback(StackName="lasting")
    assert sandbox.wait_stack("lasting") == "UPDATE_ROLLBACK_COMPLETE"


def test_a_resource_deleted_outside_the_stack_jams_the_rollback_until_it_is_back(
    sandbox: Sandbox, cloudformation: Any
) -> None:
    def template(seconds: int, *, broken: bool) -> dict[str, Any]:
        resources = {"Q": queue("jammed-q", VisibilityTimeout=seconds)}
        return template_of(resources | ({"C": parameter("/jammed/c", DependsOn="Q")} if broken else {}))

    sandbox.create("jammed", template(30, broken=False))
    sandbox.fault(stack="jammed", target="C", op="create", mode="hang")
    cloudformation.update_stack(StackName="jammed", TemplateBody=json.dumps(template(60, broken=True)))
    while "C" not in {e["LogicalResourceId"] for e in sandbox.events("jammed")}:
        pass
    sqs = sandbox.client("sqs")
    url = sqs.get_queue_url(QueueName="jammed-q")["QueueUrl"]
    sqs.delete_queue(QueueUrl=url)
    cloudformation.cancel_update_stack(StackName="jammed")
    assert sandbox.wait_stack("jammed") == "UPDATE_ROLLBACK_FAILED"
    reasons = [e.get("ResourceStatusReason", "") for e in sandbox.events("jammed") if e["LogicalResourceId"] == "Q"]
    assert "was not found" in reasons[-1]
    sqs.create_queue(QueueName="jammed-q", Attributes={"VisibilityTimeout": "60"})
    cloudformation.continue_update_rollback(StackName="jammed")
    assert sandbox.wait_stack("jammed") == "UPDATE_ROLLBACK_COMPLETE"
    assert sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"] == {
        "VisibilityTimeout": "30"
    }


def test_a_replaced_resource_goes_back_to_the_former_one(sandbox: Sandbox) -> None:
    sandbox.create("former", template_of({"Q": queue("former-1")}))
    sandbox.fault(stack="former", target="C", op="create", reason="no room")
    after = template_of({"Q": queue("former-2"), "C": parameter("/former/c", DependsOn="Q")})
    sandbox.client("cloudformation").update_stack(StackName="former", TemplateBody=json.dumps(after))
    assert sandbox.wait_stack("former") == "UPDATE_ROLLBACK_COMPLETE"
    sqs = sandbox.client("sqs")
    assert sqs.get_queue_url(QueueName="former-1")
    with pytest.raises(ClientError, match="NonExistentQueue"):
        sqs.get_queue_url(QueueName="former-2")


def test_a_clean_up_that_fails_does_not_fail_the_rollback(sandbox: Sandbox) -> None:
    sandbox.create("untidy", template_of({"A": parameter("/untidy/a", "old")}))
    sandbox.fault(stack="untidy", target="C", op="create", reason="no room")
    sandbox.fault(stack="untidy", target="B", op="delete", reason="B is in use")
    after = {"A": parameter("/untidy/a", "new"), "B": parameter("/untidy/b")}
    after["C"] = parameter("/untidy/c", DependsOn=["A", "B"])
    sandbox.client("cloudformation").update_stack(StackName="untidy", TemplateBody=json.dumps(template_of(after)))
    assert sandbox.wait_stack("untidy") == "UPDATE_ROLLBACK_COMPLETE"
    left = [e for e in sandbox.events("untidy") if e["ResourceStatus"] == "DELETE_FAILED"]
    assert [(e["LogicalResourceId"], e["ResourceStatusReason"]) for e in left] == [("B", "B is in use")]
    assert value(sandbox, "/untidy/b") == "1"


def test_a_rollback_takes_its_time_and_goes_on_after_a_kill(own_sandbox: Sandbox) -> None:
    sandbox = own_sandbox.start()
    sandbox.create("resumed", body("resumed", "old"))
    sandbox.fault(stack="resumed", target="C", op="create", reason="no room")
    sandbox.fault(stack="resumed", target="B", op="rollback", mode="hang")
    cloudformation = sandbox.client("cloudformation")
    cloudformation.update_stack(StackName="resumed", TemplateBody=json.dumps(body("resumed", "new", broken=True)))
    while sandbox.stack("resumed")["StackStatus"] != "UPDATE_ROLLBACK_IN_PROGRESS":
        pass
    sandbox.stop()
    sandbox.start()
    assert sandbox.wait_stack("resumed") == "UPDATE_ROLLBACK_COMPLETE"
    assert [value(sandbox, "/resumed/a"), value(sandbox, "/resumed/b")] == ["old", "old"]


def test_a_failed_update_without_rollback_goes_on_or_back(sandbox: Sandbox, cloudformation: Any) -> None:
    for name, further in (("half-on", "on"), ("half-back", "back")):
        sandbox.create(name, body(name, "old"))
        sandbox.fault(stack=name, target="C", op="create", reason="no room")
        after = json.dumps(body(name, "new", broken=True))
        cloudformation.update_stack(StackName=name, TemplateBody=after, DisableRollback=True)
        assert sandbox.wait_stack(name) == "UPDATE_FAILED"
        if further == "back":
            answer = cloudformation.rollback_stack(StackName=name)
            assert answer["OperationId"]
            assert sandbox.wait_stack(name) == "UPDATE_ROLLBACK_COMPLETE"
            assert value(sandbox, f"/{name}/a") == "old"
            continue
        config = {"Mode": "STANDARD", "DisableRollback": True}
        cloudformation.create_change_set(StackName=name, ChangeSetName="c", TemplateBody=after, DeploymentConfig=config)
        cloudformation.get_waiter("change_set_create_complete").wait(
            StackName=name, ChangeSetName="c", WaiterConfig={"Delay": 1, "MaxAttempts": 20}
        )
        changes = cloudformation.describe_change_set(StackName=name, ChangeSetName="c")["Changes"]
        assert [c["ResourceChange"]["LogicalResourceId"] for c in changes] == ["C"]
        cloudformation.execute_change_set(StackName=name, ChangeSetName="c")
        assert sandbox.wait_stack(name) == "UPDATE_COMPLETE"
        assert value(sandbox, f"/{name}/c") == "1"
