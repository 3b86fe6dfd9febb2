"""Change sets: made in the background, refused while something is in progress, with property values."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fixtures.sandbox import Sandbox
from tests.sandbox.template import att, parameter, queue, ref, template_of

pytestmark = pytest.mark.sandbox


@pytest.fixture
def cloudformation(sandbox: Sandbox) -> Any:
    return sandbox.client("cloudformation")


def create(cloudformation: Any, stack: str, name: str, template: dict[str, Any], **more: Any) -> dict[str, Any]:
    """CreateChangeSet's answer."""
    return dict(
        cloudformation.create_change_set(StackName=stack, ChangeSetName=name, TemplateBody=json.dumps(template), **more)
    )


def ready(cloudformation: Any, stack: str, name: str, **more: Any) -> dict[str, Any]:
    """The change set when it is no longer being made."""
    while True:
        shown = dict(cloudformation.describe_change_set(StackName=stack, ChangeSetName=name, **more))
        if shown["Status"] not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            return shown
        time.sleep(0.02)


def changed(shown: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {c["ResourceChange"]["LogicalResourceId"]: c["ResourceChange"] for c in shown["Changes"]}


def value(sandbox: Sandbox, name: str) -> str:
    return str(sandbox.client("ssm").get_parameter(Name=name)["Parameter"]["Value"])


# In the background


def test_a_change_set_takes_time_and_is_refused_meanwhile(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.create("slowly", template_of({"P": parameter("/slowly", "1")}))
    sandbox.fault(stack="slowly", target="c", op="change_set", mode="hang")
    create(cloudformation, "slowly", "c", template_of({"P": parameter("/slowly", "2")}))
    shown = cloudformation.describe_change_set(StackName="slowly", ChangeSetName="c")
    assert shown["Status"] in ("CREATE_PENDING", "CREATE_IN_PROGRESS")
    assert (shown["ExecutionStatus"], shown["Changes"]) == ("UNAVAILABLE", [])
    for call in (cloudformation.execute_change_set, cloudformation.delete_change_set):
        with pytest.raises(ClientError, match="currently in progress") as refused:
            call(StackName="slowly", ChangeSetName="c")
        assert refused.value.response["Error"]["Code"] == "InvalidChangeSetStatus"
    sandbox.clear_faults()
    assert ready(cloudformation, "slowly", "c")["ExecutionStatus"] == "AVAILABLE"


def test_a_change_set_survives_a_restart(own_sandbox: Sandbox) -> None:
    sandbox = own_sandbox.start()
    sandbox.create("survivor", template_of({"P": parameter("/survivor", "1")}))
    sandbox.fault(stack="survivor", op="change_set", mode="hang")
    create(sandbox.client("cloudformation"), "survivor", "c", template_of({"P": parameter("/survivor", "2")}))
    sandbox.stop()
    sandbox.start()
    shown = ready(sandbox.client("cloudformation"), "survivor", "c")
    assert (shown["Status"], list(changed(shown))) == ("CREATE_COMPLETE", ["P"])


def test_a_change_set_may_fail(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.create("failing", template_of({"P": parameter("/failing", "1")}))
    sandbox.fault(stack="failing", op="change_set", reason="Transform AWS::Include failed")
    create(cloudformation, "failing", "c", template_of({"P": parameter("/failing", "2")}))
    shown = ready(cloudformation, "failing", "c")
    assert (shown["Status"], shown["StatusReason"], shown["Changes"]) == ("FAILED", "Transform AWS::Include failed", [])
    with pytest.raises(ClientError, match=r"current status of \[FAILED\]"):
        cloudformation.execute_change_set(StackName="failing", ChangeSetName="c")


# Names, tokens and drafts


def test_the_same_request_has_the_same_answer_and_another_one_is_refused(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.create("named", template_of({"P": parameter("/named", "1")}))
    first = create(cloudformation, "named", "c", template_of({"P": parameter("/named", "2")}), ClientToken="plan-1")
    again = create(cloudformation, "named", "c", template_of({"P": parameter("/named", "2")}), ClientToken="plan-1")
    assert (first["Id"], first["StackId"]) == (again["Id"], again["StackId"])
    with pytest.raises(ClientError, match="mismatch with existing attribute Template"):
        create(cloudformation, "named", "c", template_of({"P": parameter("/named", "3")}))
    with pytest.raises(ClientError, match="mismatch with existing attribute Tags"):
        create(
            cloudformation,
            "named",
            "c",
            template_of({"P": parameter("/named", "2")}),
            Tags=[{"Key": "a", "Value": "b"}],
        )


def test_a_repeated_draft_keeps_its_stack(sandbox: Sandbox, cloudformation: Any) -> None:
    body = template_of({"P": parameter("/draft")})
    first = create(cloudformation, "draft", "c", body, ChangeSetType="CREATE")
    again = create(cloudformation, "draft", "c", body, ChangeSetType="CREATE")
    assert first["Id"] == again["Id"]
    with pytest.raises(ClientError, match="AlreadyExistsException"):
        create(cloudformation, "draft", "c", template_of({"Q": queue("draft-q")}), ChangeSetType="CREATE")
    with pytest.raises(ClientError, match="does not exist"):
        create(cloudformation, "draft", "other", body)
    assert sandbox.stack("draft")["StackId"] == first["StackId"]
    ready(cloudformation, "draft", "c")
    cloudformation.execute_change_set(StackName="draft", ChangeSetName="c")
    assert sandbox.wait_stack("draft") == "CREATE_COMPLETE"
    assert sandbox.stack("draft")["ChangeSetId"] == first["Id"]


def test_a_rejected_second_draft_keeps_the_first(sandbox: Sandbox, cloudformation: Any) -> None:
    first = create(cloudformation, "drafts", "c", template_of({"P": parameter("/drafts")}), ChangeSetType="CREATE")
    with pytest.raises(ClientError, match="ValidationError"):
        create(cloudformation, "drafts", "d", {"Resources": {"X": {"Type": "AWS::No::Such"}}}, ChangeSetType="CREATE")
    assert sandbox.stack("drafts")["StackId"] == first["StackId"]


def test_stacks_in_progress_take_no_change_set(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.fault(stack="engaged", mode="hang")
    cloudformation.create_stack(StackName="engaged", TemplateBody=json.dumps(template_of({"P": parameter("/engaged")})))
    with pytest.raises(ClientError, match="is in CREATE_IN_PROGRESS state and can not be updated"):
        create(cloudformation, "engaged", "c", template_of({"P": parameter("/engaged", "2")}))
    sandbox.clear_faults()
    assert sandbox.wait_stack("engaged") == "CREATE_COMPLETE"


def test_an_outdated_change_set_is_refused(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.create("outdated", template_of({"P": parameter("/outdated", "1")}))
    create(cloudformation, "outdated", "c", template_of({"P": parameter("/outdated", "2")}))
    ready(cloudformation, "outdated", "c")
    cloudformation.update_stack(
        StackName="outdated", TemplateBody=json.dumps(template_of({"P": parameter("/outdated", "3")}))
    )
    assert sandbox.wait_stack("outdated") == "UPDATE_COMPLETE"
    with pytest.raises(ClientError, match=r"current execution status of \[OBSOLETE\]"):
        cloudformation.execute_change_set(StackName="outdated", ChangeSetName="c")


def test_executing_one_deletes_the_others(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.create("only", template_of({"P": parameter("/only", "1")}))
    for name, text in (("c", "2"), ("d", "3")):
        create(cloudformation, "only", name, template_of({"P": parameter("/only", text)}))
        ready(cloudformation, "only", name)
    token = "p-1-execute-1"
    for _ in range(2):
        cloudformation.execute_change_set(StackName="only", ChangeSetName="c", ClientRequestToken=token)
    assert sandbox.wait_stack("only") == "UPDATE_COMPLETE"
    with pytest.raises(ClientError, match="ChangeSetNotFound"):
        cloudformation.describe_change_set(StackName="only", ChangeSetName="d")
    with pytest.raises(ClientError, match=r"execution status of \[EXECUTE_COMPLETE\]"):
        cloudformation.execute_change_set(StackName="only", ChangeSetName="c", ClientRequestToken="another")


# What it does


def test_the_role_and_the_deployment_of_a_change_set_are_those_of_the_update(own_sandbox: Sandbox) -> None:
    own_sandbox.start().control("POST", "permissions", {"on": False})
    cloudformation = own_sandbox.client("cloudformation")
    own_sandbox.create("roled", template_of({"P": parameter("/roled", "1")}))
    role = "arn:aws:iam::000000000000:role/portal/stacks/portal-stacks-payments"
    config = {"Mode": "EXPRESS", "DisableRollback": True}
    create(
        cloudformation,
        "roled",
        "c",
        template_of({"P": parameter("/roled", "2")}),
        RoleARN=role,
        DeploymentConfig=config,
    )
    assert ready(cloudformation, "roled", "c")["DeploymentConfig"] == config
    assert "RoleARN" not in own_sandbox.stack("roled")
    own_sandbox.fault(stack="roled", op="update", reason="no")
    cloudformation.execute_change_set(StackName="roled", ChangeSetName="c")
    assert own_sandbox.wait_stack("roled") == "UPDATE_FAILED"
    stack = own_sandbox.stack("roled")
    assert (stack["RoleARN"], stack["DeploymentConfig"]) == (role, config)


def test_a_change_of_outputs_only_has_no_resource_changes_and_can_be_executed(
    sandbox: Sandbox, cloudformation: Any
) -> None:
    resources = {"P": parameter("/outputs")}
    sandbox.create("outputs", template_of(resources))
    create(cloudformation, "outputs", "c", template_of(resources, Outputs={"Name": {"Value": ref("P")}}))
    shown = ready(cloudformation, "outputs", "c")
    assert (shown["Status"], shown["ExecutionStatus"], shown["Changes"]) == ("CREATE_COMPLETE", "AVAILABLE", [])
    cloudformation.execute_change_set(StackName="outputs", ChangeSetName="c")
    assert sandbox.wait_stack("outputs") == "UPDATE_COMPLETE"
    assert sandbox.stack("outputs")["Outputs"][0]["OutputValue"] == "/outputs"


def test_a_reference_to_a_replaced_resource_is_dynamic(sandbox: Sandbox, cloudformation: Any) -> None:
    def body(name: str) -> dict[str, Any]:
        return template_of({"Q": queue(name), "P": parameter("/dynamic", att("Q", "QueueName"))})

    sandbox.create("dynamic", body("dynamic-1"))
    create(cloudformation, "dynamic", "c", body("dynamic-2"))
    changes = changed(ready(cloudformation, "dynamic", "c"))
    assert changes["Q"]["Replacement"] == "True"
    assert changes["Q"]["PolicyAction"] == "ReplaceAndDelete"
    (detail,) = changes["P"]["Details"]
    assert (detail["Evaluation"], detail["CausingEntity"]) == ("Dynamic", "Q.QueueName")


# Property values


def test_property_values_are_shown_on_request(sandbox: Sandbox, cloudformation: Any) -> None:
    secret = {"Secret": {"Type": "String", "NoEcho": True}}
    before = {"A": parameter("/values/a", "1"), "S": parameter("/values/s", ref("Secret")), "Gone": queue("values-q")}
    sandbox.create(
        "values",
        template_of(before, Parameters=secret),
        Parameters=[{"ParameterKey": "Secret", "ParameterValue": "hunter2"}],
    )
    after = {
        "A": parameter("/values/a", "2"),
        "S": parameter("/values/s", ref("Secret")),
        "Known": parameter("/values/known", ref("A")),
        "Made": queue("values-made"),
        "New": parameter("/values/new", ref("Made")),
    }
    create(
        cloudformation,
        "values",
        "c",
        template_of(after, Parameters=secret),
        Parameters=[{"ParameterKey": "Secret", "ParameterValue": "hunter3"}],
    )
    plain = ready(cloudformation, "values", "c")
    assert "BeforeContext" not in changed(plain)["A"]
    assert "hunter" not in str(plain)
    shown = ready(cloudformation, "values", "c", IncludePropertyValues=True)
    assert "hunter" not in str(shown)
    changes = changed(shown)
    target = changes["A"]["Details"][0]["Target"]
    assert (target["Path"], target["BeforeValue"], target["AfterValue"]) == ("/Properties/Value", "1", "2")
    assert target["AttributeChangeType"] == "Modify"
    assert json.loads(changes["A"]["AfterContext"])["Properties"]["Value"] == "2"
    assert json.loads(changes["Known"]["AfterContext"])["Properties"]["Value"] == "/values/a"
    assert json.loads(changes["New"]["AfterContext"])["Properties"]["Value"] == "{{changeSet:KNOWN_AFTER_APPLY}}"
    assert "AfterContext" not in changes["Gone"]
    assert json.loads(changes["Gone"]["BeforeContext"])["Properties"]["QueueName"] == "values-q"


def test_property_values_may_drop_a_resource(sandbox: Sandbox, cloudformation: Any) -> None:
    sandbox.create("dropped", template_of({"A": parameter("/dropped/a"), "B": parameter("/dropped/b")}))
    create(
        cloudformation,
        "dropped",
        "c",
        template_of({"A": parameter("/dropped/a", "2"), "B": parameter("/dropped/b", "2")}),
    )
    ready(cloudformation, "dropped", "c")
    sandbox.fault(stack="dropped", target="A", op="property_values", times=None)
    assert list(changed(ready(cloudformation, "dropped", "c", IncludePropertyValues=True))) == ["B"]
    assert list(changed(ready(cloudformation, "dropped", "c"))) == ["A", "B"]
    sandbox.clear_faults()


# Drift


def test_a_drift_aware_change_set_puts_back_what_was_changed_outside(sandbox: Sandbox, cloudformation: Any) -> None:
    body = template_of(
        {"Q": queue("drifted-q", VisibilityTimeout=30), "P": parameter("/drifted/p"), "R": parameter("/drifted/r")}
    )
    sandbox.create("drifted", body)
    sqs, ssm = sandbox.client("sqs"), sandbox.client("ssm")
    url = sqs.get_queue_url(QueueName="drifted-q")["QueueUrl"]
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "99"})
    ssm.delete_parameter(Name="/drifted/p")
    create(cloudformation, "drifted", "plain", body)
    assert ready(cloudformation, "drifted", "plain")["Status"] == "FAILED"
    create(cloudformation, "drifted", "c", body, DeploymentMode="REVERT_DRIFT")
    shown = ready(cloudformation, "drifted", "c")
    assert (shown["DeploymentMode"], shown["StackDriftStatus"]) == ("REVERT_DRIFT", "DRIFTED")
    changes = changed(shown)
    assert {name: (c["Action"], c["ResourceDriftStatus"]) for name, c in changes.items()} == {
        "Q": ("Modify", "MODIFIED"),
        "P": ("Add", "DELETED"),
    }
    target = changed(ready(cloudformation, "drifted", "c", IncludePropertyValues=True))["Q"]["Details"][0]["Target"]
    assert (target["BeforeValue"], target["AfterValue"], target["BeforeValueFrom"]) == ("99", "30", "ACTUAL_STATE")
    assert target["Drift"]["ActualValue"] == "99"
    cloudformation.execute_change_set(StackName="drifted", ChangeSetName="c")
    assert sandbox.wait_stack("drifted") == "UPDATE_COMPLETE"
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    assert attributes == {"VisibilityTimeout": "30"}
    assert value(sandbox, "/drifted/p") == "1"
    create(cloudformation, "drifted", "again", body, DeploymentMode="REVERT_DRIFT")
    assert ready(cloudformation, "drifted", "again")["Status"] == "FAILED"
