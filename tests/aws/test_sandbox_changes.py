"""Change sets, recovery, drift and events through the client, against the sandbox over HTTP."""

from __future__ import annotations

import json
import time
import uuid
from typing import Any

import pytest

from provisioning.aws import STACK_STATUSES, AlreadyExists, Busy, NotFound, Obsolete, StackSpec, StackState, WrongStatus
from provisioning.aws.change_sets import ChangeSet, ChangeSetSpec
from provisioning.aws.client import LiveAws
from provisioning.aws.rate_limiter import RateLimiter
from provisioning.aws.rates import DEFAULT_RATES, scaled
from provisioning.cloudformation_limits import MAX_INLINE_BYTES
from tests.aws.support import MakeLive
from tests.fixtures.sandbox import REGION, Sandbox
from tests.sandbox.template import parameter, queue, ref, template_of

pytestmark = pytest.mark.sandbox
ACCOUNT = "444455556677"
TAG = "portal:environment"


@pytest.fixture
def aws(sandbox: Sandbox, live: MakeLive) -> LiveAws:
    return live(
        sandbox.url,
        account=ACCOUNT,
        limiter=RateLimiter(None, rates=scaled(DEFAULT_RATES, 1000)),
        artefact_bucket="portal-artefacts",
    )


@pytest.fixture
def name() -> str:
    return f"shop-{uuid.uuid4().hex[:12]}"


def body_of(resources: dict[str, Any], **sections: Any) -> str:
    # As the portal writes templates: spaces and all, because a digest covers the text.
    return json.dumps(template_of(resources, **sections), indent=2)


def created(aws: LiveAws, name: str, body: str, **more: Any) -> StackState:
    return settled(
        aws, aws.create_stack(StackSpec(name=name, body=body, tags={TAG: name}, **more), token=f"{name}-create")
    )


def settled(aws: LiveAws, stack_id: str) -> StackState:
    while True:
        stack = aws.describe_stack(stack_id)
        assert stack is not None
        if STACK_STATUSES[stack.status].terminal:
            return stack
        time.sleep(0.02)


def planned(aws: LiveAws, spec: ChangeSetSpec, stack_id: str) -> ChangeSet:
    change_set_id = aws.create_change_set(spec, token=spec.name)
    while True:
        change_set = aws.describe_change_set(change_set_id, stack_id=stack_id)
        assert change_set is not None
        if change_set.status not in ("CREATE_PENDING", "CREATE_IN_PROGRESS"):
            return change_set
        time.sleep(0.02)


def test_a_change_is_planned_read_and_executed(aws: LiveAws, name: str) -> None:
    names = {"V": {"Type": "String"}, "W": {"Type": "String"}}
    before = body_of({"P": parameter(f"/{name}", ref("V"))}, Parameters=names)
    stack = created(aws, name, before, parameters={"V": "1", "W": "w"})
    after = body_of({"P": parameter(f"/{name}", ref("V")), "Q": queue(name)}, Parameters=names)
    spec = ChangeSetSpec(stack.stack_id, "portal-plan-1", after, parameters={"V": "2", "W": None}, tags={TAG: name})
    change_set = planned(aws, spec, stack.stack_id)
    assert (change_set.status, change_set.execution_status) == ("CREATE_COMPLETE", "AVAILABLE")
    assert {(one.logical_id, one.action) for one in change_set.changes} == {("P", "Modify"), ("Q", "Add")}
    (changed,) = [one for one in change_set.changes if one.logical_id == "P"]
    assert (changed.replacement, changed.scope, changed.physical_id) == ("False", ("Properties",), f"/{name}")
    assert {(one.name, one.source, one.causing_entity) for one in changed.details} == {
        ("Value", "ParameterReference", "V"),
        ("Value", "DirectModification", ""),
    }
    assert all(one.before is None for one in changed.details)
    assert change_set.parameters == {"V": ("2", ""), "W": ("w", "")}
    assert change_set.tags == {TAG: name}
    assert aws.stack_template(stack.stack_id, change_set_id=change_set.change_set_id) == after
    assert aws.stack_template(stack.stack_id) == before
    shown = aws.describe_change_set(change_set.change_set_id, stack_id=stack.stack_id, values=True)
    assert shown is not None
    assert {(one.before, one.after) for change in shown.changes for one in change.details} >= {("1", "2")}
    assert [one.name for one in aws.list_change_sets(stack.stack_id)] == ["portal-plan-1"]
    for _ in range(2):
        aws.execute_change_set(change_set.change_set_id, stack_id=stack.stack_id, token=f"{name}-execute-1")
    changed_stack = settled(aws, stack.stack_id)
    assert changed_stack.status == "UPDATE_COMPLETE"
    assert changed_stack.parameters == {"V": ("2", ""), "W": ("w", "")}
    assert changed_stack.change_set_id == change_set.change_set_id
    assert changed_stack.last_operation[0] == "UPDATE_STACK"
    assert changed_stack.last_operation != stack.last_operation
    assert aws.stack_events(stack.stack_id, after_event_id=None)[-1].token == f"{name}-execute-1"


def test_a_repeated_change_set_is_the_same_and_another_one_is_refused(aws: LiveAws, name: str) -> None:
    stack = created(aws, name, body_of({"P": parameter(f"/{name}")}))
    spec = ChangeSetSpec(stack.stack_id, "portal-plan-1", body_of({"P": parameter(f"/{name}", "2")}), tags={TAG: name})
    first = planned(aws, spec, stack.stack_id)
    assert aws.create_change_set(spec, token="another-token") == first.change_set_id
    other = ChangeSetSpec(stack.stack_id, "portal-plan-1", body_of({"P": parameter(f"/{name}", "3")}), tags={TAG: name})
    with pytest.raises(AlreadyExists):
        aws.create_change_set(other, token="portal-plan-1")
    aws.delete_change_set(first.change_set_id, stack_id=stack.stack_id)
    aws.delete_change_set(first.change_set_id, stack_id=stack.stack_id)
    assert aws.describe_change_set(first.change_set_id, stack_id=stack.stack_id) is None


def test_what_is_not_ready_or_too_old_is_refused(aws: LiveAws, sandbox: Sandbox, name: str) -> None:
    stack = created(aws, name, body_of({"P": parameter(f"/{name}")}))
    sandbox.fault(stack=name, op="change_set", mode="hang")
    spec = ChangeSetSpec(stack.stack_id, "portal-plan-1", body_of({"P": parameter(f"/{name}", "2")}), tags={TAG: name})
    change_set_id = aws.create_change_set(spec, token="portal-plan-1")
    with pytest.raises(Busy):
        aws.execute_change_set(change_set_id, stack_id=stack.stack_id, token="t1")
    sandbox.clear_faults()
    planned(aws, spec, stack.stack_id)
    edit = {
        "stack": name,
        "account": ACCOUNT,
        "region": REGION,
        "template": template_of({"P": parameter(f"/{name}", "9")}),
    }
    assert "updated" in sandbox.control("POST", "edit", edit)
    assert settled(aws, stack.stack_id).status == "UPDATE_COMPLETE"
    with pytest.raises(Obsolete):
        aws.execute_change_set(change_set_id, stack_id=stack.stack_id, token="t2")
    with pytest.raises(NotFound):
        aws.execute_change_set(change_set_id.replace("portal-plan-1", "none"), stack_id=stack.stack_id, token="t3")


def test_a_change_set_without_changes_says_so(aws: LiveAws, name: str) -> None:
    stack = created(aws, name, body_of({"P": parameter(f"/{name}")}))
    spec = ChangeSetSpec(stack.stack_id, "portal-plan-1", None, tags={TAG: name})
    change_set = planned(aws, spec, stack.stack_id)
    assert (change_set.status, change_set.changes) == ("FAILED", ())
    assert change_set.status_reason.startswith("The submitted information didn't contain changes.")


def test_a_long_template_is_changed_through_the_artefact_bucket(aws: LiveAws, sandbox: Sandbox, name: str) -> None:
    sandbox.client("s3", account=ACCOUNT).create_bucket(
        Bucket="portal-artefacts", CreateBucketConfiguration={"LocationConstraint": REGION}
    )
    stack = created(aws, name, body_of({"P": parameter(f"/{name}")}))
    long = body_of({"P": parameter(f"/{name}", "2")}, Metadata={"Filler": "x" * MAX_INLINE_BYTES})
    change_set = planned(aws, ChangeSetSpec(stack.stack_id, "portal-plan-1", long, tags={TAG: name}), stack.stack_id)
    assert change_set.status == "CREATE_COMPLETE"
    assert aws.stack_template(stack.stack_id, change_set_id=change_set.change_set_id) == long


def test_an_update_is_cancelled(aws: LiveAws, sandbox: Sandbox, name: str) -> None:
    stack = created(aws, name, body_of({"P": parameter(f"/{name}")}))
    spec = ChangeSetSpec(stack.stack_id, "portal-plan-1", body_of({"P": parameter(f"/{name}", "2")}), tags={TAG: name})
    change_set = planned(aws, spec, stack.stack_id)
    with pytest.raises(WrongStatus):
        aws.cancel_update(stack.stack_id, token="too-early")
    sandbox.fault(stack=name, op="update", mode="hang")
    aws.execute_change_set(change_set.change_set_id, stack_id=stack.stack_id, token="t1")
    with pytest.raises(WrongStatus):
        aws.delete_stack(stack.stack_id, token="t2")
    aws.cancel_update(stack.stack_id, token="t3")
    assert settled(aws, stack.stack_id).status == "UPDATE_ROLLBACK_COMPLETE"


def test_a_stuck_rollback_is_continued_and_a_half_change_taken_back(aws: LiveAws, sandbox: Sandbox, name: str) -> None:
    stack = created(aws, name, body_of({"P": parameter(f"/{name}"), "A": parameter(f"/{name}/a")}))
    after = {"P": parameter(f"/{name}", "2"), "A": parameter(f"/{name}/a", "2", DependsOn="P")}
    spec = ChangeSetSpec(stack.stack_id, "portal-plan-1", body_of(after), tags={TAG: name})
    change_set = planned(aws, spec, stack.stack_id)
    sandbox.fault(stack=name, target="A", op="update", reason="no room")
    sandbox.fault(stack=name, target="P", op="rollback", reason="P is locked", times=2)
    aws.execute_change_set(change_set.change_set_id, stack_id=stack.stack_id, token="t1")
    assert settled(aws, stack.stack_id).status == "UPDATE_ROLLBACK_FAILED"
    failed = aws.operation_events(stack_id=stack.stack_id, failed_only=True)
    assert [(one.logical_id, one.reason, one.operation_type) for one in failed if one.logical_id != name] == [
        ("A", "no room", "UPDATE_STACK"),
        ("P", "P is locked", "ROLLBACK"),
    ]
    with pytest.raises(WrongStatus):
        aws.rollback_stack(stack.stack_id, token="t2")
    aws.continue_rollback(stack.stack_id, token="t3")
    assert settled(aws, stack.stack_id).status == "UPDATE_ROLLBACK_FAILED"
    aws.continue_rollback(stack.stack_id, token="t4", skip=["P"])
    assert settled(aws, stack.stack_id).status == "UPDATE_ROLLBACK_COMPLETE"

    kept = ChangeSetSpec(stack.stack_id, "portal-plan-2", body_of(after), tags={TAG: name}, disable_rollback=True)
    change_set = planned(aws, kept, stack.stack_id)
    assert change_set.disable_rollback
    sandbox.fault(stack=name, target="A", op="update", reason="no room")
    aws.execute_change_set(change_set.change_set_id, stack_id=stack.stack_id, token="t5")
    half = settled(aws, stack.stack_id)
    assert (half.status, half.disable_rollback) == ("UPDATE_FAILED", True)
    aws.rollback_stack(stack.stack_id, token="t6")
    assert settled(aws, stack.stack_id).status == "UPDATE_ROLLBACK_COMPLETE"


def test_a_deletion_that_fails_is_forced(aws: LiveAws, sandbox: Sandbox, name: str) -> None:
    stack = created(aws, name, body_of({"P": parameter(f"/{name}")}))
    with pytest.raises(WrongStatus):
        aws.force_delete_stack(stack.stack_id, token="too-early")
    sandbox.fault(stack=name, op="delete", reason="P is locked", times=None)
    aws.delete_stack(stack.stack_id, token="t1")
    assert settled(aws, stack.stack_id).status == "DELETE_FAILED"
    aws.force_delete_stack(stack.stack_id, token="t2")
    assert settled(aws, stack.stack_id).status == "DELETE_COMPLETE"
    assert [(one.logical_id, one.status) for one in aws.stack_resources(stack.stack_id)] == [("P", "DELETE_SKIPPED")]
    sandbox.clear_faults()


def test_a_stack_policy_is_set_and_read(aws: LiveAws, name: str) -> None:
    stack = created(aws, name, body_of({"P": parameter(f"/{name}")}))
    assert aws.stack_policy(stack.stack_id) is None
    policy = json.dumps({"Statement": [{"Effect": "Deny", "Action": "Update:*", "Principal": "*", "Resource": "*"}]})
    aws.set_stack_policy(stack.stack_id, policy)
    assert aws.stack_policy(stack.stack_id) == policy


def test_drift_is_detected_and_put_back(aws: LiveAws, sandbox: Sandbox, name: str) -> None:
    stack = created(aws, name, body_of({"Q": queue(name, VisibilityTimeout=30), "P": parameter(f"/{name}")}))
    edit = {
        "stack": name,
        "account": ACCOUNT,
        "region": REGION,
        "resource": "Q",
        "properties": {"VisibilityTimeout": 99},
    }
    assert "changed" in sandbox.control("POST", "edit", edit)
    detection = aws.detect_drift(stack.stack_id)
    while aws.drift_detection(detection).status == "DETECTION_IN_PROGRESS":
        time.sleep(0.02)
    result = aws.drift_detection(detection)
    assert (result.status, result.drift_status, result.drifted_resources) == ("DETECTION_COMPLETE", "DRIFTED", 1)
    drifts = {one.logical_id: one for one in aws.resource_drifts(stack.stack_id)}
    assert {logical_id: one.status for logical_id, one in drifts.items()} == {"Q": "MODIFIED", "P": "IN_SYNC"}
    (difference,) = drifts["Q"].differences
    assert (difference.path, difference.expected, difference.actual) == ("/VisibilityTimeout", "30", "99")
    drifted = aws.describe_stack(stack.stack_id)
    assert drifted is not None
    assert drifted.drift_status == "DRIFTED"
    spec = ChangeSetSpec(stack.stack_id, "portal-plan-1", None, tags={TAG: name}, revert_drift=True)
    change_set = planned(aws, spec, stack.stack_id)
    assert (change_set.deployment_mode, change_set.stack_drift_status) == ("REVERT_DRIFT", "DRIFTED")
    (change,) = change_set.changes
    assert (change.logical_id, change.action, change.drift_status) == ("Q", "Modify", "MODIFIED")


def test_the_failures_of_a_change_set_are_read(aws: LiveAws, name: str) -> None:
    stack = created(aws, name, body_of({"P": parameter(f"/{name}")}))
    wrong = body_of({"P": parameter(f"/{name}"), "Q": queue(name, Nonsense=1)})
    change_set = planned(aws, ChangeSetSpec(stack.stack_id, "portal-plan-1", wrong, tags={TAG: name}), stack.stack_id)
    assert change_set.status == "FAILED"
    (event,) = aws.operation_events(change_set_id=change_set.change_set_id, failed_only=True)
    assert (event.type, event.logical_id, event.validation_name, event.validation_mode) == (
        "VALIDATION_ERROR",
        "Q",
        "PROPERTY_VALIDATION",
        "FAIL",
    )
    assert "Nonsense" in event.reason
    assert event.validation_path == "/Resources/Q/Properties"


def test_every_stack_is_described_in_full(aws: LiveAws, name: str) -> None:
    stack = created(aws, name, body_of({"P": parameter(f"/{name}")}), express=True, termination_protection=True)
    (described,) = [one for one in aws.describe_all_stacks() if one.stack_id == stack.stack_id]
    assert described == stack
    assert (stack.express, stack.termination_protection, stack.tags) == (True, True, {TAG: name})
    (summary,) = [one for one in aws.list_stacks(statuses=["CREATE_COMPLETE"]) if one.stack_id == stack.stack_id]
    assert summary.last_operation == stack.last_operation
    assert stack.last_operation[0] == "CREATE_STACK"


def test_events_are_received_from_the_queue_and_deleted(aws: LiveAws, sandbox: Sandbox, name: str) -> None:
    sqs, rules = (sandbox.client(service, account=ACCOUNT) for service in ("sqs", "events"))
    url = str(sqs.create_queue(QueueName=name)["QueueUrl"])
    rules.put_rule(Name=name, EventPattern=json.dumps({"source": ["aws.cloudformation"]}))
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    rules.put_targets(Rule=name, Targets=[{"Id": "portal", "Arn": arn}])
    stack = created(aws, name, body_of({f"P{number}": parameter(f"/{name}/{number}") for number in range(6)}))
    messages = []
    while found := aws.receive_events(url, wait_seconds=0):
        messages += found
    details = [json.loads(one.body)["detail"] for one in messages]
    assert "CREATE_COMPLETE" in {
        one["status-details"]["status"]
        for one in details
        if one["stack-id"] == stack.stack_id and "logical-resource-id" not in one
    }
    assert len(messages) > 10
    aws.delete_events(url, [one.receipt for one in messages])
    counts = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessagesNotVisible"])
    assert counts["Attributes"] == {"ApproximateNumberOfMessagesNotVisible": "0"}


def test_resources_of_several_environments_are_found_at_once(aws: LiveAws, name: str) -> None:
    for number in (1, 2, 3):
        body = body_of({"Q": queue(f"{name}-{number}")})
        aws.create_stack(StackSpec(f"{name}-{number}", body, tags={TAG: f"{name}-{number}"}), token=f"{name}-{number}")
        settled(aws, f"{name}-{number}")
    found = aws.find_by_tag_values(TAG, [f"{name}-1", f"{name}-3"])
    assert {one.tags[TAG] for one in found} == {f"{name}-1", f"{name}-3"}
    assert aws.find_by_tag_values(TAG, []) == []
    with pytest.raises(ValueError, match="20 values"):
        aws.find_by_tag_values(TAG, [str(number) for number in range(21)])
