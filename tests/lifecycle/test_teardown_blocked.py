"""What obstructs a teardown: it is removed, waited for, or named, and never stops the
rest.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from provisioning.aws import AccessDenied, Busy, Throttled, WrongStatus
from provisioning.errors import WrongState
from provisioning.lifecycle.read.failures import failure
from provisioning.lifecycle.services.teardown import Removal, preview_teardown, request_teardown
from provisioning.models import Environment, Operation, Receipt, Request, StackResource
from tests.fixtures.world import World
from tests.lifecycle.test_teardown import bucket_of, gone


def tear_down(world: World, environment: Environment, removal: Removal) -> Request:
    environment.refresh_from_db()
    preview = preview_teardown(actor=world.bob, environment=environment, removal=removal)
    return request_teardown(
        actor=world.bob,
        environment=environment,
        typed_name=environment.name,
        expected_digest=preview.digest,
        removal=removal,
    )


def ends(receipt: Receipt) -> dict[str, str]:
    return {line["logical_id"]: line["end"] for line in receipt.lines}


# Before the deletion


def test_termination_protection_is_lifted_by_a_step_of_its_own(world: World) -> None:
    environment = world.create(size="staging")
    assert world.aws_stack().protected
    world.tear_down(environment)
    gone(world, environment)
    calls = world.cloud.faults.calls
    assert calls.count("set_termination_protection") == 1
    assert calls.index("set_termination_protection") < calls.index("delete_stack")


def test_protection_that_somebody_switches_on_again_is_lifted_again(world: World) -> None:
    environment = world.create()
    world.tear_down(environment)
    while world.last_operation(environment).state != "deleting":
        world.engine.advance(world.last_operation(environment).pk)
        world.cloud.clock.advance(1)
    world.aws_stack().protected = True
    gone(world, environment)
    assert world.cloud.faults.calls.count("set_termination_protection") == 1


@pytest.mark.parametrize("error", [WrongStatus, Busy])
def test_a_busy_database_is_waited_for(world: World, error: type[WrongStatus]) -> None:
    environment = world.create(blueprint="carbon-connect")
    busy = error("Database is not in available state", code="InvalidDBInstanceState")
    world.cloud.faults.once("lift_protection", busy, times=12)
    world.tear_down(environment)
    gone(world, environment)


def test_what_cannot_be_prepared_never_stops_the_rest(world: World) -> None:
    environment = world.create(blueprint="carbon-connect")
    database = StackResource.objects.get(stack__environment=environment, type="AWS::RDS::DBInstance")
    world.cloud.protected.add(database.physical_id)
    denied = AccessDenied("not authorized to perform: rds:ModifyDBInstance", operation="rds:ModifyDBInstance")
    world.cloud.faults.once("lift_protection", denied, times=200)
    world.tear_down(environment)
    world.until_rest(environment, seconds=7200, step=30)
    told = failure(environment)
    assert told is not None
    assert (environment.state, told.logical_id) == ("teardown_failed", database.logical_id)
    assert "rds:ModifyDBInstance" in told.detail
    assert "Ask an administrator" in told.detail
    assert [living.physical_id for living in world.cloud.living.values()] == [database.physical_id]


# Rounds after a failed deletion


def test_network_interfaces_have_forty_five_minutes_before_they_are_named(world: World) -> None:
    environment = world.create(blueprint="carbon-connect")
    group = StackResource.objects.filter(stack__environment=environment, type="AWS::EC2::SecurityGroup").first()
    assert group is not None
    world.cloud.fail_delete[group.logical_id] = ["resource sg-1 has a dependent object"] * 100
    began_at = world.now
    world.tear_down(environment)
    world.until_rest(environment, seconds=7200, step=30)
    told = failure(environment)
    assert told is not None
    assert (environment.state, told.logical_id) == ("teardown_failed", group.logical_id)
    assert "dependent object" in told.detail
    assert timedelta(minutes=45) <= world.now - began_at < timedelta(minutes=90)


def test_a_status_read_too_early_costs_no_round(world: World) -> None:
    """After a second DeleteStack, CloudFormation still shows the failure of the first."""
    environment = world.create()
    world.cloud.objects[bucket_of(world)] = 0
    world.cloud.fail_delete["SecretKey"] = ["Replicas exist"] * 4
    world.cloud.stale_seconds, world.cloud.faults.stale_rate = 4.0, 0.5
    world.tear_down(environment)
    gone(world, environment)
    assert world.cloud.faults.calls.count("delete_stack") == 5


def test_a_deletion_that_turns_back_is_named_with_its_reason(world: World) -> None:
    environment = world.create()
    world.cloud.turns_back[world.aws_stack().spec.name] = [
        "Export orders-vpc cannot be deleted as it is in use by shop"
    ]
    world.tear_down(environment)
    world.until_rest(environment)
    told = failure(environment)
    assert told is not None
    assert environment.state == "teardown_failed"
    assert "in use by shop" in told.detail
    assert world.cloud.faults.calls.count("delete_stack") == 1
    assert world.aws_stack().status == "CREATE_COMPLETE"


# What may be left over


def stuck(world: World, *, reasons: int = 100) -> Environment:
    environment = world.create()
    world.cloud.fail_delete["SecretKey"] = ["Replicas exist"] * reasons
    world.tear_down(environment)
    world.until_rest(environment)
    assert environment.state == "teardown_failed"
    return environment


def test_nothing_is_left_in_the_account_without_its_name_on_an_approved_plan(world: World) -> None:
    environment = stuck(world)
    tear_down(world, environment, Removal.DELETE)
    world.until_rest(environment)
    assert environment.state == "teardown_failed"
    retaining = [
        call for call in world.cloud.sent if call.method == "delete_stack" and "RetainResources" in call.arguments
    ]
    assert retaining == []
    assert not Receipt.objects.exists()


def test_what_people_agreed_to_leave_is_left_and_is_on_the_receipt(world: World) -> None:
    environment = stuck(world)
    preview = preview_teardown(actor=world.bob, environment=environment, removal=Removal.LEAVE)
    assert [(item.line.logical_id, item.reason) for item in preview.stuck] == [("SecretKey", "Replicas exist")]
    assert [line.logical_id for line in preview.plan.to_leave] == ["SecretKey"]
    secret = StackResource.objects.get(logical_id="SecretKey")
    tear_down(world, environment, Removal.LEAVE)
    receipt = gone(world, environment)
    assert ends(receipt)["SecretKey"] == "abandoned"
    assert ends(receipt)["BucketFiles"] == "deleted"
    (line,) = [line for line in receipt.lines if line["logical_id"] == "SecretKey"]
    assert line["reason"]
    assert [living.physical_id for living in world.cloud.living.values()] == [secret.physical_id]


def test_what_may_be_left_is_deleted_if_that_works_now(world: World) -> None:
    environment = stuck(world, reasons=5)
    tear_down(world, environment, Removal.LEAVE)
    receipt = gone(world, environment)
    assert ends(receipt)["SecretKey"] == "deleted"
    assert world.cloud.living == {}


def test_a_forced_removal_needs_a_failed_deletion_and_lists_what_it_leaves(world: World) -> None:
    environment = world.create()
    with pytest.raises(WrongState, match="whose deletion has failed"):
        preview_teardown(actor=world.bob, environment=environment, removal=Removal.FORCE)
    world.cloud.fail_delete |= {"SecretKey": ["Replicas exist"] * 100, "BucketFiles": ["Gremlins"] * 100}
    world.tear_down(environment)
    world.until_rest(environment)
    tear_down(world, environment, Removal.FORCE)
    receipt = gone(world, environment)
    assert ends(receipt) == {"SecretKey": "abandoned", "BucketFiles": "abandoned", "BucketFilesPolicy": "unverified"}
    assert "force_delete_stack" in world.cloud.faults.calls
    assert len(world.cloud.living) == 2
    assert len(receipt.scan["left"]) == 2


# After the deletion


def test_nothing_is_asked_again_after_a_rate_limit(world: World) -> None:
    environment = world.create(blueprint="carbon-connect")
    world.tear_down(environment)
    asked = 0

    def refuse_the_eleventh(point: str) -> None:
        nonlocal asked
        asked += point == "before exists"
        if asked == 11 and point == "before exists":
            raise Throttled("Rate exceeded")

    world.cloud.between = refuse_the_eleventh
    gone(world, environment)
    rows = StackResource.objects.exclude(physical_id="").count()
    returning = StackResource.objects.filter(type="AWS::Logs::LogGroup").count()  # asked in the second sweep as well
    assert world.cloud.faults.calls.count("exists") == rows + returning
    assert world.cloud.faults.calls.count("find_by_tag") == 2


def test_a_log_group_that_late_logs_created_again_is_named(world: World) -> None:
    environment = world.create(blueprint="carbon-connect")
    group = StackResource.objects.filter(type="AWS::Logs::LogGroup").first()
    assert group is not None
    living = {key: value for key, value in world.cloud.living.items() if key[2] == group.physical_id}
    world.tear_down(environment)
    for _ in range(600):
        world.tick(5)
        if world.last_operation(environment).state == "settling":
            break
    for value in living.values():
        value.tags.clear()  # a service tags nothing
    world.cloud.living |= living
    world.until_rest(environment, seconds=7200, step=30)
    told = failure(environment)
    assert told is not None
    assert (environment.state, told.logical_id) == ("teardown_failed", group.logical_id)
    assert "once more" in told.detail


def test_an_environment_is_gone_only_after_calls_without_an_answer_can_no_longer_arrive(world: World) -> None:
    environment = world.create()
    deadline = world.now + timedelta(minutes=2)
    Operation.objects.update(calls_open_until=deadline)
    world.tear_down(environment)
    receipt = gone(world, environment)
    assert world.now >= deadline + timedelta(minutes=5)
    assert receipt.scan["settled_until"] == (deadline + timedelta(minutes=5)).isoformat()


def test_nothing_is_waited_for_where_every_call_had_an_answer(world: World) -> None:
    environment = world.create()
    world.tear_down(environment)
    receipt = gone(world, environment)
    assert receipt.scan["settled_until"] == ""


def test_a_stack_that_a_late_call_creates_again_is_found_and_not_called_gone(world: World) -> None:
    environment = world.create()
    stack = world.aws_stack()
    spec, token = stack.spec, stack.token
    world.tear_down(environment)
    for _ in range(200):
        world.tick(5)
        if world.last_operation(environment).state == "settling":
            break
    from tests.scripted_aws.formation import Formation  # noqa: PLC0415 - the late call, behind the client

    aws = world.aws_for(world.account, environment.region)
    late = aws.new_stack(spec, token, status="CREATE_IN_PROGRESS")  # type: ignore[attr-defined]
    Formation(world.cloud, late).create()
    world.until_rest(environment)
    assert environment.state == "teardown_failed"
    assert "exists again" in world.last_operation(environment).cause
    assert not Receipt.objects.exists()
    preview = preview_teardown(actor=world.bob, environment=environment)
    assert late.stack_id in {stack_id for stack in preview.plan.stacks for stack_id in stack.stack_ids}
    for _ in range(2):  # the first is refused and lists the stack
        world.tear_down(environment)
        world.until_rest(environment)
    assert environment.state == "gone"
    assert world.cloud.living == {}


def test_a_secret_in_its_recovery_window_is_on_the_receipt(world: World) -> None:
    environment = world.create()
    secret = StackResource.objects.get(logical_id="SecretKey").physical_id
    until = world.now + timedelta(days=30)
    world.cloud.recovery_windows[secret] = until
    world.tear_down(environment)
    receipt = gone(world, environment)
    (line,) = [line for line in receipt.lines if line["logical_id"] == "SecretKey"]
    assert (line["end"], line["restorable_until"]) == ("deleted", until.isoformat())


def test_the_receipt_is_signed_with_the_approved_plan(world: World) -> None:
    from provisioning.lifecycle.receipt_document import digest_of_stored  # noqa: PLC0415 - of this test only

    environment = world.create()
    request = world.tear_down(environment)
    receipt = gone(world, environment)
    assert receipt.digest == digest_of_stored(receipt.lines, receipt.scan, plan_digest=request.plan.digest)
    assert receipt.digest != digest_of_stored(receipt.lines, receipt.scan, plan_digest="0" * 64)
    changed = [{**line, "end": "retained"} for line in receipt.lines]
    assert receipt.digest != digest_of_stored(changed, receipt.scan, plan_digest=request.plan.digest)
