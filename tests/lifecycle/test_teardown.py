"""The end of an environment: deleted and retained as shown, and a scan proves that nothing else is
left.
"""

from __future__ import annotations

import uuid
from typing import Any

import pytest

from provisioning.aws import AccessDenied, WrongStatus
from provisioning.errors import NotAllowed, Refused, WrongState
from provisioning.lifecycle.read.actions import actions_for
from provisioning.lifecycle.read.failures import failure
from provisioning.lifecycle.read.operation_view import steps
from provisioning.lifecycle.services.approvals import approve_request, reject_request
from provisioning.lifecycle.services.changes import request_change
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.lifecycle.services.teardown import preview_teardown, request_teardown
from provisioning.models import AuditEvent, Environment, Operation, Receipt, StackResource
from tests.fixtures.world import World
from tests.scripted_aws.cloud import Living, Place
from tests.scripted_aws.teardown_calls import UNASKABLE


def bucket_of(world: World, name: str = "orders", logical_id: str = "BucketFiles") -> str:
    return world.aws_stack(name).resources[logical_id].physical_id


def gone(world: World, environment: Environment) -> Receipt:
    assert world.until_rest(environment).state == "gone", world.last_operation(environment).cause
    return Receipt.objects.get(environment=environment)


def ends_of(receipt: Receipt) -> set[str]:
    """How the resources ended. What no service can confirm is not verified, and nothing else is."""
    for line in receipt.lines:
        assert (line["end"] == "unverified") == line["type"].endswith(UNASKABLE), line
        assert line["end"] != "unverified" or "CloudFormation reports that it was deleted." in line["reason"]
    return {line["end"] for line in receipt.lines}


def test_the_member_tears_it_down_and_gets_a_receipt(world: World) -> None:
    environment = world.create(blueprint="carbon-connect")
    world.tear_down(environment)
    receipt = gone(world, environment)
    assert len(receipt.lines) == 112
    assert ends_of(receipt) == {"deleted", "unverified"}
    assert receipt.scan["found"] == receipt.scan["left"] == []
    assert receipt.scan["value"] == str(environment.pk)
    assert world.cloud.living == {}
    assert len(world.cloud.stopped_services) == 4
    assert {step.state for step in steps(world.last_operation(environment))} == {"done"}


def test_what_dies_and_what_stays_is_shown_before(world: World) -> None:
    environment = world.create(size="staging")
    preview = preview_teardown(actor=world.bob, environment=environment)
    assert {line.logical_id for line in preview.plan.to_delete} == {"SecretKey"}
    assert {(line.logical_id, line.policy) for line in preview.plan.to_retain} == {
        ("BucketFiles", "Retain"),
        ("BucketFilesPolicy", "Retain"),
    }
    assert all(line.why for line in preview.plan.to_retain)
    assert preview.protected == ["The stack’s termination protection is lifted."]
    assert preview.emptied == []
    assert "without a recovery window" in preview.plan.to_delete[0].why


def test_what_stays_is_on_the_receipt_and_nothing_else(world: World) -> None:
    environment = world.create(size="staging")
    bucket = bucket_of(world)
    world.cloud.objects[bucket] = 7
    world.tear_down(environment)
    receipt = gone(world, environment)
    ends = {line["logical_id"]: line["end"] for line in receipt.lines}
    assert ends == {"BucketFiles": "retained", "BucketFilesPolicy": "retained", "SecretKey": "deleted"}
    assert receipt.scan["found"] == [f"arn:aws:s3:::{bucket}"]
    assert world.cloud.objects[bucket] == 7


def test_a_final_snapshot_is_on_the_receipt(world: World) -> None:
    environment = world.create(size="staging", blueprint="carbon-connect")
    world.tear_down(environment)
    receipt = gone(world, environment)
    snapshots = [line for line in receipt.lines if line["type"] == "snapshot"]
    assert [(line["end"], line["policy"]) for line in snapshots] == [("retained", "Snapshot")] * 2


def test_buckets_that_die_are_emptied_first_in_bounded_rounds(world: World) -> None:
    environment = world.create()
    world.cloud.objects[bucket_of(world)] = 2500
    world.tear_down(environment)
    gone(world, environment)
    assert world.cloud.faults.calls.count("empty_bucket") == 3
    assert world.cloud.faults.calls.count("delete_stack") == 1


def test_a_bucket_that_fills_up_again_is_emptied_again(world: World) -> None:
    environment = world.create()
    bucket = bucket_of(world)
    world.tear_down(environment)
    world.run()
    world.cloud.objects[bucket] = 3  # written between the emptying and the deletion
    gone(world, environment)
    assert world.cloud.faults.calls.count("delete_stack") == 2


def test_a_locked_bucket_ends_the_attempt_and_says_so(world: World) -> None:
    environment = world.create()
    bucket = bucket_of(world)
    world.cloud.objects[bucket] = 1
    world.cloud.locked_buckets.add(bucket)
    world.tear_down(environment)
    world.until_rest(environment)
    assert environment.state == "teardown_failed"
    assert bucket in world.last_operation(environment).cause
    world.cloud.locked_buckets.clear()
    retry_operation(actor=world.bob, environment=environment)
    gone(world, environment)


def test_network_interfaces_that_block_are_released(world: World) -> None:
    environment = world.create(blueprint="carbon-connect")
    group = StackResource.objects.filter(stack__environment=environment, type="AWS::EC2::SecurityGroup").first()
    assert group is not None
    world.cloud.interfaces[group.logical_id] = 2
    world.tear_down(environment)
    gone(world, environment)
    assert world.cloud.faults.calls.count("release_network_interfaces") == 2


def test_protection_that_somebody_turned_on_is_lifted(world: World) -> None:
    environment = world.create(blueprint="carbon-connect")
    database = StackResource.objects.get(stack__environment=environment, type="AWS::RDS::DBInstance")
    world.cloud.protected.add(database.physical_id)
    world.tear_down(environment)
    gone(world, environment)


def test_what_nothing_helps_against_ends_after_some_rounds_with_its_reason(world: World) -> None:
    environment = world.create()
    world.cloud.fail_delete["SecretKey"] = ["Replicas exist"] * 5
    world.tear_down(environment)
    world.until_rest(environment)
    told = failure(environment)
    assert told is not None
    assert (environment.state, told.logical_id, told.detail) == ("teardown_failed", "SecretKey", "Replicas exist")
    assert [action.key for action in actions_for(actor=world.bob, environment=environment)] == ["try_again", "teardown"]
    assert world.cloud.faults.calls.count("delete_stack") == 5
    retry_operation(actor=world.bob, environment=environment)
    gone(world, environment)


def test_what_is_left_over_is_looked_for_again_and_then_told(world: World) -> None:
    environment = world.create()
    place = Place(world.account.account_id, environment.region)
    arn = f"arn:aws:ec2:{environment.region}:{place.account_id}:volume/vol-1"
    world.cloud.living[place, "AWS::EC2::Volume", "vol-1"] = Living(
        "AWS::EC2::Volume", "vol-1", arn, {"portal:environment-id": str(environment.pk)}
    )
    world.tear_down(environment)
    world.until_rest(environment, seconds=7200, step=30)
    assert environment.state == "teardown_failed"
    assert arn in world.last_operation(environment).cause_detail
    world.cloud.living.clear()
    retry_operation(actor=world.bob, environment=environment)
    gone(world, environment)


def test_a_tagging_api_that_forgets_late_is_waited_for_or_seen_through(world: World) -> None:
    environment = world.create()
    world.cloud.tag_lag_seconds = 3600
    world.tear_down(environment)
    receipt = gone(world, environment)
    assert receipt.scan["left"] == []
    assert len(receipt.scan["stale"]) > 0


def test_a_resource_that_cloudformation_lost_sight_of_is_found(world: World) -> None:
    environment = world.create()
    stack = world.aws_stack()
    secret = stack.resources.pop("SecretKey")  # CloudFormation forgets it; the ledger does not
    world.tear_down(environment)
    world.until_rest(environment, seconds=7200, step=30)
    assert environment.state == "teardown_failed"
    assert secret.physical_id in world.last_operation(environment).cause_detail


def test_the_typed_name_has_to_be_right(world: World) -> None:
    environment = world.create()
    digest = preview_teardown(actor=world.bob, environment=environment).digest
    with pytest.raises(Refused, match="Type the environment's name"):
        request_teardown(actor=world.bob, environment=environment, typed_name="order", expected_digest=digest)


@pytest.mark.parametrize("name", ["olivia", "charlie"])
def test_only_the_team_tears_down(world: World, name: str) -> None:
    environment = world.create()
    digest = preview_teardown(actor=world.olivia, environment=environment).digest
    with pytest.raises(NotAllowed):
        request_teardown(
            actor=getattr(world, name), environment=environment, typed_name="orders", expected_digest=digest
        )
    with pytest.raises(NotAllowed):
        preview_teardown(actor=world.charlie, environment=environment)


def test_what_was_shown_is_what_is_agreed_to(world: World) -> None:
    environment = world.create()
    digest = preview_teardown(actor=world.bob, environment=environment).digest
    stack = world.stack_row(environment)
    StackResource.objects.create(
        stack=stack, logical_id="More", physical_id="more", type="AWS::SNS::Topic", status="CREATE_COMPLETE"
    )
    with pytest.raises(WrongState) as caught:
        request_teardown(actor=world.bob, environment=environment, typed_name="orders", expected_digest=digest)
    assert caught.value.expected == digest != caught.value.actual


def test_a_second_teardown_is_a_conflict(world: World) -> None:
    environment = world.create()
    world.tear_down(environment)
    with pytest.raises(WrongState):
        world.tear_down(environment)
    assert Operation.objects.filter(kind="teardown").count() == 1


def prod(world: World) -> Environment:
    request = world.request(size="prod")
    approve_request(
        actor=world.olivia, request=request, digest=request.plan.digest, typed_name=request.environment.name
    )
    return world.until_rest(request.environment)


def test_the_end_of_prod_waits_for_an_approver_too(world: World) -> None:
    environment = prod(world)
    request = world.tear_down(environment)
    world.tick(60)
    environment.refresh_from_db()
    assert (request.state, environment.state) == ("waiting", "running")
    (action,) = [found for found in actions_for(actor=world.bob, environment=environment) if found.key == "teardown"]
    assert "pending approval" in action.why_not
    approve_request(
        actor=world.olivia, request=request, digest=request.plan.digest, typed_name=request.environment.name
    )
    gone(world, environment)


def test_a_refused_teardown_leaves_it_running(world: World) -> None:
    environment = prod(world)
    request = world.tear_down(environment)
    reject_request(actor=world.olivia, request=request, note="still needed")
    environment.refresh_from_db()
    assert environment.state == "running"


def test_more_than_was_shown_is_not_deleted(world: World) -> None:
    environment = prod(world)
    request = world.tear_down(environment)
    stack = world.stack_row(environment)
    StackResource.objects.create(
        stack=stack, logical_id="More", physical_id="more", type="AWS::SNS::Topic", status="CREATE_COMPLETE"
    )
    approve_request(
        actor=world.olivia, request=request, digest=request.plan.digest, typed_name=request.environment.name
    )
    world.until_rest(environment)
    assert environment.state == "running"
    assert "that its teardown plan does not show" in world.last_operation(environment).cause
    assert "delete_stack" not in world.cloud.faults.calls


def test_a_stack_that_is_gone_already_is_swept_all_the_same(world: World) -> None:
    environment = world.create()
    stack = world.aws_stack()
    stack.protected = False
    world.aws_for(world.account, environment.region).delete_stack(stack.stack_id, token="by-hand")
    world.cloud.clock.advance(60)
    world.tear_down(environment)
    receipt = gone(world, environment)
    assert ends_of(receipt) == {"deleted", "unverified"}


def test_a_name_is_free_again_after_the_teardown(world: World) -> None:
    environment = world.create()
    world.tear_down(environment)
    gone(world, environment)
    assert world.create().state == "running"


def test_a_denied_step_ends_the_attempt_with_aws_own_sentence(world: World) -> None:
    environment = world.create()
    world.cloud.objects[bucket_of(world)] = 1
    denied = AccessDenied("no s3:DeleteObject", operation="s3:DeleteObjects")
    world.cloud.faults.once("empty_bucket", denied, times=5)
    world.tear_down(environment)
    world.until_rest(environment)
    assert environment.state == "teardown_failed"
    assert "s3:DeleteObject" in world.last_operation(environment).cause_detail


def test_a_denied_deletion_of_a_stack_that_is_gone_is_no_refusal(world: World) -> None:
    """A late call was faster. A stack that is gone has no tags, so conditions on them are not met."""
    environment = world.create()
    world.cloud.resource_seconds = 0
    denied = AccessDenied("no identity-based policy allows it", operation="cloudformation:DeleteStack")
    world.cloud.faults.once("delete_stack", denied, when="after")
    world.tear_down(environment)
    gone(world, environment)
    assert world.cloud.faults.calls.count("delete_stack") == 1


def test_a_denied_deletion_of_a_stack_that_exists_ends_the_attempt(world: World) -> None:
    environment = world.create()
    denied = AccessDenied("no identity-based policy allows it", operation="cloudformation:DeleteStack")
    world.cloud.faults.once("delete_stack", denied)
    world.tear_down(environment)
    world.until_rest(environment)
    assert environment.state == "teardown_failed"


def test_a_stack_that_is_busy_is_waited_for(world: World) -> None:
    environment = world.create()
    world.cloud.faults.once("delete_stack", WrongStatus("Stack is in UPDATE_IN_PROGRESS"), times=2)
    world.tear_down(environment)
    gone(world, environment)


def test_a_teardown_that_is_sent_twice_is_one_request(world: World) -> None:
    environment, other = world.create(), world.create("other")
    digest = preview_teardown(actor=world.bob, environment=environment).digest
    sent: dict[str, Any] = {"typed_name": environment.name, "expected_digest": digest, "request_id": uuid.uuid4()}
    first = request_teardown(actor=world.bob, environment=environment, **sent)
    assert request_teardown(actor=world.bob, environment=environment, **sent) == first
    assert environment.requests.filter(kind="teardown").count() == 1
    with pytest.raises(Refused, match="sent by someone else"):
        request_teardown(actor=world.alice, environment=environment, **sent)
    with pytest.raises(Refused, match="sent for another environment"):
        request_teardown(actor=world.bob, environment=other, **sent)


def test_a_request_that_is_pending_when_its_environment_is_gone_expires(world: World) -> None:
    creation = world.request(size="prod")
    approve_request(actor=world.olivia, request=creation, digest=creation.plan.digest)
    environment = world.until_rest(creation.environment)
    change = request_change(
        actor=world.bob, environment=environment, blueprint=world.blueprints["small"], size="prod", inputs={"note": "a"}
    )
    world.until_rest(environment)
    request = world.tear_down(environment)
    approve_request(
        actor=world.olivia, request=request, digest=request.plan.digest, typed_name=request.environment.name
    )
    assert world.until_rest(environment).state == "gone"
    change.refresh_from_db()
    assert change.state == "expired"
    assert AuditEvent.objects.filter(action="request:expire", detail__request=str(change.pk)).count() == 1


def test_nothing_else_is_requested_while_a_teardown_is_undecided(world: World) -> None:
    creation = world.request(size="prod")
    approve_request(actor=world.olivia, request=creation, digest=creation.plan.digest)
    environment = world.until_rest(creation.environment)
    world.tear_down(environment)
    (change,) = [action for action in actions_for(actor=world.bob, environment=environment) if action.key == "change"]
    assert change.why_not == "A teardown is pending approval. It has to be decided on or withdrawn first."
    with pytest.raises(WrongState, match="A teardown is pending approval"):
        request_change(
            actor=world.bob,
            environment=environment,
            blueprint=world.blueprints["small"],
            size="prod",
            inputs={"note": "a"},
        )
