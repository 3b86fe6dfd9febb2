"""The scripted AWS answers as CloudFormation does: change sets, updates, rollbacks, drift."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from provisioning.aws import AlreadyExists, NotFound, TokenConflict, ValidationFailed, WrongStatus
from provisioning.aws.change_sets import ChangeSet, ChangeSetSpec
from provisioning.aws.errors import NotPermitted
from provisioning.aws.interface import AccountAccess, StackSpec
from provisioning.aws.permits import Change, using_permit
from tests.scripted_aws.aws import ScriptedAws
from tests.scripted_aws.change_set_life import NOTHING
from tests.scripted_aws.cloud import Cloud, Place, ScriptedStack
from tests.scripted_aws.outsider import Outsider

TEMPLATE: dict[str, Any] = {
    "Parameters": {"Days": {"Type": "Number", "Default": "7"}},
    "Resources": {
        "Files": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "orders-files"}, "DeletionPolicy": "Retain"},
        "Inbox": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "inbox", "DelaySeconds": 1}},
        "Log": {"Type": "AWS::Logs::LogGroup", "Properties": {"RetentionInDays": {"Ref": "Days"}}},
        "Reader": {
            "Type": "AWS::Lambda::EventSourceMapping",
            "Properties": {"EventSourceArn": {"Fn::GetAtt": ["Inbox", "Arn"]}, "FunctionName": "reader"},
        },
    },
    "Outputs": {"Bucket": {"Value": {"Ref": "Files"}}},
}


class Account:
    def __init__(self) -> None:
        self.cloud = Cloud()
        self.aws = ScriptedAws(self.cloud, AccountAccess("111111111111", "eu-north-1"))
        self.stack_id = self.aws.create_stack(StackSpec("orders", json.dumps(TEMPLATE), tags={"team": "a"}), token="c")
        self.wait(60)
        assert self.stack.status == "CREATE_COMPLETE"

    @property
    def stack(self) -> ScriptedStack:
        self.cloud.settle()
        return self.cloud.stacks[0]

    def wait(self, seconds: float = 300) -> None:
        self.cloud.clock.advance(seconds)
        self.cloud.settle()

    def plan(self, name: str = "portal-1", **changes: Any) -> ChangeSet:
        self.aws.create_change_set(self.spec(name, **changes), token=name)
        self.wait(10)
        change_set = self.aws.describe_change_set(name, stack_id=self.stack_id)
        assert change_set is not None
        return change_set

    def spec(self, name: str = "portal-1", **changes: Any) -> ChangeSetSpec:
        arguments: dict[str, Any] = {"body": None, "tags": {"team": "a"}, "parameters": {"Days": None}}
        return ChangeSetSpec(self.stack_id, name, **arguments | changes)

    def execute(self, change_set: ChangeSet) -> None:
        self.aws.execute_change_set(change_set.change_set_id, stack_id=self.stack_id, token="x")


@pytest.fixture
def account() -> Account:
    return Account()


def changed(**properties: Any) -> str:
    """The template with other properties of the queue."""
    template = json.loads(json.dumps(TEMPLATE))
    template["Resources"]["Inbox"]["Properties"].update(properties)
    return json.dumps(template)


def without(name: str) -> str:
    template = json.loads(json.dumps(TEMPLATE))
    del template["Resources"][name]
    return json.dumps(template)


def test_a_change_set_is_made_step_by_step(account: Account) -> None:
    account.aws.create_change_set(account.spec(parameters={"Days": "14"}), token="p")
    seen = []
    for _ in range(3):
        change_set = account.aws.describe_change_set("portal-1", stack_id=account.stack_id)
        assert change_set is not None
        seen.append((change_set.status, change_set.execution_status))
        account.wait(2)
    assert seen == [
        ("CREATE_PENDING", "UNAVAILABLE"),
        ("CREATE_IN_PROGRESS", "UNAVAILABLE"),
        ("CREATE_COMPLETE", "AVAILABLE"),
    ]
    (change,) = change_set.changes if change_set else ()
    assert (change.logical_id, change.action, change.replacement) == ("Log", "Modify", "False")
    assert [(detail.source, detail.causing_entity) for detail in change.details] == [
        ("ParameterReference", "Days"),
        ("DirectModification", ""),
    ]


def test_what_changes_nothing_fails_and_outputs_alone_are_a_change(account: Account) -> None:
    empty = account.plan()
    assert (empty.status, empty.execution_status, empty.status_reason) == ("FAILED", "UNAVAILABLE", NOTHING)
    outputs = account.plan("portal-2", body=json.dumps({**TEMPLATE, "Outputs": {}}))
    assert (outputs.status, outputs.execution_status, outputs.changes) == ("CREATE_COMPLETE", "AVAILABLE", ())
    account.execute(outputs)
    account.wait()
    assert account.stack.status == "UPDATE_COMPLETE"
    assert "Bucket" not in account.cloud.outputs_of(account.stack)


def test_a_tag_changes_everything_that_takes_tags(account: Account) -> None:
    changes = account.plan(tags={"team": "b"}).changes
    assert {change.logical_id: change.scope for change in changes} == dict.fromkeys(TEMPLATE["Resources"], ("Tags",))


def test_a_replaced_resource_may_replace_what_depends_on_it(account: Account) -> None:
    changes = {change.logical_id: change for change in account.plan(body=changed(QueueName="inbox-2")).changes}
    assert (changes["Inbox"].replacement, changes["Inbox"].policy_action) == ("True", "ReplaceAndDelete")
    assert changes["Reader"].replacement == "Conditional"
    assert changes["Reader"].details[0].causing_entity == "Inbox.Arn"
    before = account.stack.resources["Inbox"].physical_id, account.stack.resources["Reader"].physical_id
    account.execute(account.plan(body=changed(QueueName="inbox-2")))
    account.wait()
    after = account.stack.resources["Inbox"].physical_id, account.stack.resources["Reader"].physical_id
    assert not set(before) & set(after)
    assert {living.physical_id for living in account.cloud.living.values()} == {
        item.physical_id for item in account.stack.resources.values()
    }


def test_a_change_set_runs_once_and_deletes_the_others(account: Account) -> None:
    first, second = account.plan(parameters={"Days": "14"}), account.plan("portal-2", body=changed(DelaySeconds=2))
    account.execute(first)
    account.execute(first)  # with the same token
    with pytest.raises(WrongStatus, match="EXECUTE_IN_PROGRESS"):
        account.aws.execute_change_set(first.change_set_id, stack_id=account.stack_id, token="other")
    with pytest.raises(NotFound):
        account.execute(second)
    account.wait()
    assert account.stack.statuses[-3:] == [
        "UPDATE_IN_PROGRESS",
        "UPDATE_COMPLETE_CLEANUP_IN_PROGRESS",
        "UPDATE_COMPLETE",
    ]
    assert account.aws.list_change_sets(account.stack_id)[0].execution_status == "EXECUTE_COMPLETE"
    state = account.aws.describe_stack(account.stack_id)
    assert state is not None
    assert state.change_set_id == first.change_set_id
    assert state.parameters == {"Days": ("14", "")}
    assert state.last_operation[0] == "UPDATE_STACK"


def test_a_direct_update_makes_change_sets_obsolete(account: Account) -> None:
    change_set = account.plan(parameters={"Days": "14"})
    Outsider(account.cloud).update_stack(account.stack, parameters={"Days": "30"})
    with pytest.raises(WrongStatus, match="OBSOLETE"):
        account.execute(change_set)
    with pytest.raises(WrongStatus, match="UPDATE_IN_PROGRESS"):
        account.plan("portal-2")
    with pytest.raises(WrongStatus, match="cannot be deleted while in status UPDATE_IN_PROGRESS"):
        account.aws.delete_stack(account.stack_id, token="d")


def test_one_name_is_one_change_set(account: Account) -> None:
    first = account.aws.create_change_set(account.spec(parameters={"Days": "14"}), token="p")
    assert account.aws.create_change_set(account.spec(parameters={"Days": "14"}), token="p") == first
    with pytest.raises(AlreadyExists, match="mismatch"):
        account.aws.create_change_set(account.spec(parameters={"Days": "15"}), token="p")


def test_what_cannot_be_cleaned_up_leaves_the_stack_and_lives_on(account: Account) -> None:
    account.cloud.fail_delete["Inbox"] = ["Somebody uses it"]
    physical_id = account.stack.resources["Inbox"].physical_id
    account.execute(account.plan(body=changed(QueueName="inbox-2")))
    account.wait()
    assert (account.stack.status, account.stack.reason[:18]) == ("UPDATE_COMPLETE", "Update successful.")
    assert physical_id in {living.physical_id for living in account.cloud.living.values()}
    failed = account.aws.operation_events(stack_id=account.stack_id, failed_only=True)
    assert [(event.physical_id, event.operation_id) for event in failed] == [(physical_id, account.stack.operation_id)]


def test_a_failed_update_goes_back(account: Account) -> None:
    account.cloud.fail_update["Reader"] = ["Access Denied"]
    before = {name: item.physical_id for name, item in account.stack.resources.items()}
    account.execute(account.plan(body=changed(QueueName="inbox-2")))
    account.wait()
    assert account.stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert {name: item.physical_id for name, item in account.stack.resources.items()} == before
    assert {living.physical_id for living in account.cloud.living.values()} == set(before.values())
    assert account.aws.stack_template(account.stack_id) == json.dumps(TEMPLATE)


def test_a_rollback_that_is_stuck_is_continued(account: Account) -> None:
    account.cloud.fail_update["Reader"] = ["Access Denied"]
    account.cloud.fail_undo["Inbox"] = ["It is gone"] * 2
    account.execute(account.plan(body=changed(QueueName="inbox-2")))
    account.wait()
    assert account.stack.status == "UPDATE_ROLLBACK_FAILED"
    with pytest.raises(WrongStatus):
        account.plan("portal-2")
    account.aws.continue_rollback(account.stack_id, token="r1")
    account.wait()
    assert account.stack.status == "UPDATE_ROLLBACK_FAILED"
    with pytest.raises(ValidationFailed, match="Files"):
        account.aws.continue_rollback(account.stack_id, token="r2", skip=["Files"])
    account.aws.continue_rollback(account.stack_id, token="r3", skip=["Inbox"])
    account.wait()
    assert account.stack.status == "UPDATE_ROLLBACK_COMPLETE"


def test_a_half_made_change_goes_back_or_on(account: Account) -> None:
    account.cloud.fail_update["Reader"] = ["Access Denied"]
    account.execute(account.plan(body=changed(QueueName="inbox-2"), disable_rollback=True))
    account.wait()
    assert account.stack.status == "UPDATE_FAILED"
    with pytest.raises(WrongStatus):
        account.plan("portal-2", body=changed(QueueName="inbox-2"))
    account.execute(account.plan("portal-3", body=changed(QueueName="inbox-3"), disable_rollback=True))
    account.wait()
    assert account.stack.status == "UPDATE_COMPLETE"


def test_an_update_is_cancelled_until_clean_up(account: Account) -> None:
    account.execute(account.plan(body=changed(QueueName="inbox-2")))
    account.wait(11)
    account.aws.cancel_update(account.stack_id, token="k")
    account.wait()
    assert account.stack.status == "UPDATE_ROLLBACK_COMPLETE"
    with pytest.raises(WrongStatus):
        account.aws.cancel_update(account.stack_id, token="k2")


def test_the_stack_policy_denies_a_replacement(account: Account) -> None:
    deny = {"Effect": "Deny", "Principal": "*", "Action": "Update:Replace", "Resource": "LogicalResourceId/Inbox"}
    allow = {"Effect": "Allow", "Principal": "*", "Action": "Update:*", "Resource": "*"}
    account.aws.set_stack_policy(account.stack_id, json.dumps({"Statement": [allow, deny]}))
    account.execute(account.plan(body=changed(QueueName="inbox-2")))
    account.wait()
    assert account.stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert any("denied by stack policy" in event.reason for event in account.stack.events)


def test_a_named_resource_is_not_replaced_under_its_name(account: Account) -> None:
    account.execute(account.plan(body=changed(FifoQueue=True)))
    account.wait()
    # A queue is identified by its URL; AWS's schema does not say that its name is what must differ.
    assert account.stack.status == "UPDATE_COMPLETE"
    template = json.loads(changed(FifoQueue=True))
    template["Resources"]["Files"]["Properties"]["BucketNamespace"] = "account-regional"
    account.execute(account.plan("portal-2", body=json.dumps(template)))
    account.wait()
    assert account.stack.status == "UPDATE_ROLLBACK_COMPLETE"
    assert any("custom-named resource" in event.reason for event in account.stack.events)


def test_a_removed_resource_is_deleted_or_kept_by_its_policy(account: Account) -> None:
    (removed,) = account.plan(body=without("Files").replace('"Ref": "Files"', '"Ref": "Inbox"')).changes
    assert (removed.action, removed.policy_action) == ("Remove", "Retain")
    physical_id = account.stack.resources["Files"].physical_id
    account.execute(account.plan(body=without("Files").replace('"Ref": "Files"', '"Ref": "Inbox"')))
    account.wait()
    assert "Files" not in account.stack.resources
    assert physical_id in {living.physical_id for living in account.cloud.living.values()}


def test_values_are_decoration_that_may_leave_resources_out(account: Account) -> None:
    account.cloud.drops_from_values.add("Inbox")
    plain = account.plan(body=changed(DelaySeconds=2))
    valued = account.aws.describe_change_set("portal-1", stack_id=account.stack_id, values=True)
    assert valued is not None
    assert {change.logical_id for change in plain.changes} == {"Inbox", "Reader"}
    assert [change.logical_id for change in valued.changes] == ["Reader"]


def test_drift_is_found_and_put_back(account: Account) -> None:
    outsider = Outsider(account.cloud)
    outsider.edit(account.stack, "Inbox", DelaySeconds=900)
    outsider.delete_resource(account.stack, "Log")
    detection = account.aws.detect_drift(account.stack_id)
    assert account.aws.drift_detection(detection).status == "DETECTION_IN_PROGRESS"
    account.wait()
    assert account.aws.drift_detection(detection).drifted_resources == 2
    drifts = {drift.logical_id: drift.status for drift in account.aws.resource_drifts(account.stack_id)}
    assert drifts == {"Files": "IN_SYNC", "Inbox": "MODIFIED", "Log": "DELETED", "Reader": "IN_SYNC"}
    assert account.plan().status == "FAILED"  # an ordinary change set does not see drift
    back = account.plan("portal-2", revert_drift=True)
    assert {change.logical_id: change.drift_status for change in back.changes} == {
        "Inbox": "MODIFIED",
        "Log": "DELETED",
    }
    account.execute(back)
    account.wait()
    assert account.stack.status == "UPDATE_COMPLETE"
    assert account.plan("portal-3", revert_drift=True).status == "FAILED"


def test_a_deletion_turns_back_or_is_forced(account: Account) -> None:
    account.cloud.turns_back["orders"] = ["Export a cannot be deleted as it is in use by b"]
    account.aws.delete_stack(account.stack_id, token="d1")
    account.wait()
    assert (account.stack.status, account.stack.reason[:8]) == ("CREATE_COMPLETE", "Export a")
    account.cloud.fail_delete["Inbox"] = ["no"] * 2
    account.aws.delete_stack(account.stack_id, token="d2")
    with pytest.raises(ValidationFailed):
        account.cloud.stacks[0].status = "CREATE_COMPLETE"
        account.aws.force_delete_stack(account.stack_id, token="d3")
    account.cloud.stacks[0].status = "DELETE_IN_PROGRESS"
    account.wait()
    assert account.stack.status == "DELETE_FAILED"
    account.aws.force_delete_stack(account.stack_id, token="d4")
    account.wait()
    assert account.stack.status == "DELETE_COMPLETE"
    statuses = {item.logical_id: item.status for item in account.aws.stack_resources(account.stack_id)}
    assert statuses == {
        "Files": "DELETE_SKIPPED",
        "Inbox": "DELETE_SKIPPED",
        "Log": "DELETE_COMPLETE",
        "Reader": "DELETE_COMPLETE",
    }


def test_reads_and_lists_may_be_late(account: Account) -> None:
    account.cloud.list_lag_seconds = account.cloud.stale_seconds = 30
    account.cloud.faults.stale_rate = 1.0
    account.wait()
    account.aws.delete_stack(account.stack_id, token="d")
    assert account.aws.list_stacks()[0].status == "CREATE_COMPLETE"
    state = account.aws.describe_stack(account.stack_id)
    assert state is not None
    assert state.status == "CREATE_COMPLETE"
    account.wait(60)
    assert account.aws.list_stacks()[0].status == "DELETE_COMPLETE"


def test_events_come_through_the_queue(account: Account) -> None:
    queues = account.cloud.queues
    queues.by_place[Place("111111111111", "eu-north-1")] = "https://queue"
    queues.doubled = 1.0
    account.aws.delete_stack(account.stack_id, token="d")
    received = account.aws.receive_events("https://queue", wait_seconds=0)
    bodies = [json.loads(message.body) for message in received]
    assert len({body["id"] for body in bodies}) == 1 < len(bodies)
    assert bodies[0]["detail"]["status-details"]["status"] == "DELETE_IN_PROGRESS"
    assert bodies[0]["detail"]["client-request-token"] == "d"
    account.aws.delete_events("https://queue", [received[0].receipt])
    assert account.aws.receive_events("https://queue", wait_seconds=0) == []
    account.wait(31)
    again = []
    while batch := account.aws.receive_events("https://queue", wait_seconds=0):
        again += [message.body for message in batch]
    assert received[1].body in again


class Refuses:
    """A permit whose deadline passes between the intention and the sending."""

    def __init__(self) -> None:
        self.told: list[str] = []

    def begin(self, change: Change) -> float:
        self.told.append(f"begin {change.operation}")
        return 13.0

    def check(self) -> None:
        self.told.append("check")
        raise NotPermitted("The deadline has passed.")

    def check_step(self) -> None:
        self.told.append("step")

    def end(self, change: Change) -> None:
        self.told.append("end")


def test_nothing_is_sent_after_the_deadline(account: Account) -> None:
    permit = Refuses()
    with using_permit(permit), pytest.raises(NotPermitted):
        account.aws.delete_stack(account.stack_id, token="d")
    assert permit.told == ["begin DeleteStack", "check", "end"]
    account.wait()
    assert account.stack.status == "CREATE_COMPLETE"
    assert "delete_stack" not in account.cloud.faults.calls


def test_a_token_stands_for_one_request(account: Account) -> None:
    spec = StackSpec("orders", json.dumps(TEMPLATE), tags={"team": "a"})
    assert account.aws.create_stack(spec, token="c") == account.stack_id
    with pytest.raises(TokenConflict):
        account.aws.create_stack(replace(spec, tags={"team": "b"}), token="c")
    with pytest.raises(AlreadyExists):
        account.aws.create_stack(spec, token="other")
