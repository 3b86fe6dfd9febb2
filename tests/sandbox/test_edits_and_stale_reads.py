"""What happens behind CloudFormation's back, and answers that are older than the last write."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.fixtures.sandbox import REGION, Sandbox
from tests.sandbox.template import parameter, queue, template_of

pytestmark = pytest.mark.sandbox


@pytest.fixture
def cloudformation(sandbox: Sandbox) -> Any:
    return sandbox.client("cloudformation")


def drifts(sandbox: Sandbox, stack: str) -> dict[str, str]:
    cloudformation = sandbox.client("cloudformation")
    detection = cloudformation.detect_stack_drift(StackName=stack)["StackDriftDetectionId"]
    describe = cloudformation.describe_stack_drift_detection_status
    while describe(StackDriftDetectionId=detection)["DetectionStatus"] == "DETECTION_IN_PROGRESS":
        time.sleep(0.02)
    found = cloudformation.describe_stack_resource_drifts(StackName=stack)["StackResourceDrifts"]
    return {one["LogicalResourceId"]: one["StackResourceDriftStatus"] for one in found}


def test_a_resource_is_changed_and_another_deleted_outside_the_stack(sandbox: Sandbox) -> None:
    body = {"Q": queue("edited-q", VisibilityTimeout=30), "P": parameter("/edited/p"), "R": parameter("/edited/r")}
    sandbox.create("edited", template_of(body))
    before = sandbox.stack("edited")
    edit = {"stack": "edited", "region": REGION}
    assert sandbox.control("POST", "edit", {**edit, "resource": "Q", "properties": {"VisibilityTimeout": 99}})[
        "changed"
    ]
    assert sandbox.control("POST", "edit", {**edit, "resource": "P"})["deleted"] == "/edited/p"
    assert sandbox.stack("edited")["LastOperations"] == before["LastOperations"]
    assert drifts(sandbox, "edited") == {"Q": "MODIFIED", "P": "DELETED", "R": "IN_SYNC"}


def test_somebody_updates_the_stack_in_the_console(sandbox: Sandbox) -> None:
    sandbox.create("foreign", template_of({"P": parameter("/foreign", "1")}))
    edit = {"stack": "foreign", "region": REGION, "template": template_of({"P": parameter("/foreign", "2")})}
    assert sandbox.control("POST", "edit", edit)["updated"]
    assert sandbox.wait_stack("foreign") == "UPDATE_COMPLETE"
    assert sandbox.events("foreign")[-1]["ClientRequestToken"].startswith("Console-UpdateStack-")


def test_an_edit_of_what_does_not_exist_is_refused(sandbox: Sandbox) -> None:
    sandbox.create("plain", template_of({"P": parameter("/plain")}))
    assert (
        "no stack" in sandbox.control("POST", "edit", {"stack": "nowhere", "region": REGION, "resource": "P"})["error"]
    )
    assert (
        "no resource X"
        in sandbox.control("POST", "edit", {"stack": "plain", "region": REGION, "resource": "X"})["error"]
    )


def test_a_read_is_older_than_the_last_write(own_sandbox: Sandbox) -> None:
    sandbox = own_sandbox.start()
    cloudformation = sandbox.client("cloudformation")
    body = json.dumps(template_of({"P": parameter("/stale")}))
    sandbox.fault(stack="stale", op="read", mode="slow", seconds=3600, times=None)
    cloudformation.create_stack(StackName="stale", TemplateBody=body)
    with pytest.raises(ClientError, match="does not exist"):
        cloudformation.describe_stacks(StackName="stale")
    assert cloudformation.list_stacks()["StackSummaries"] == []
    sandbox.clear_faults()
    assert sandbox.wait_stack("stale") == "CREATE_COMPLETE"
    time.sleep(2)  # what the reads below go back to
    began = time.monotonic()
    cloudformation.update_stack(
        StackName="stale", TemplateBody=json.dumps(template_of({"P": parameter("/stale", "2")}))
    )
    assert sandbox.wait_stack("stale") == "UPDATE_COMPLETE"
    age = time.monotonic() - began + 1
    sandbox.fault(stack="stale", target="ListStacks", op="read", mode="slow", seconds=age, times=None)
    (listed,) = cloudformation.list_stacks()["StackSummaries"]
    assert listed["StackStatus"] == "CREATE_COMPLETE"
    assert cloudformation.list_stacks(StackStatusFilter=["UPDATE_COMPLETE"])["StackSummaries"] == []
    assert sandbox.stack("stale")["StackStatus"] == "UPDATE_COMPLETE"
    sandbox.fault(stack="stale", target="DescribeStackEvents", op="read", mode="slow", seconds=age)
    assert sandbox.events("stale")[-1]["ResourceStatus"] == "CREATE_COMPLETE"
