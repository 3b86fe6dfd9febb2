"""Recovering a stack that is neither old nor new: the ladder of UPDATE_ROLLBACK_FAILED."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.errors import NotAllowed, Refused, WrongState
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.lifecycle.services.recover import preview_recovery, request_recovery
from provisioning.lifecycle.states import EnvironmentState
from provisioning.models import Environment, Request
from tests.fixtures.world import World
from tests.lifecycle.test_crashes import run_each_step_twice
from tests.scripted_aws.cloud import ScriptedStack
from tests.scripted_aws.outsider import Outsider


@pytest.fixture
def stuck(world: World) -> Environment:
    """An environment whose stack is in UPDATE_ROLLBACK_FAILED at one resource."""
    environment = world.create()
    stack = world.aws_stack()
    logical_id = changeable(stack)
    world.cloud.fail_update[logical_id] = ["Internal Failure"]
    world.cloud.fail_undo[logical_id] = ["The resource was deleted outside of CloudFormation", "It is still not there"]
    Outsider(world.cloud).update_stack(stack, lambda template: changed(template, logical_id))
    world.cloud.clock.advance(600)
    assert world.aws_stack().status == "UPDATE_ROLLBACK_FAILED"
    Environment.objects.filter(pk=environment.pk).update(state=str(EnvironmentState.NEEDS_REPAIR))
    environment.refresh_from_db()
    return environment


def changeable(stack: ScriptedStack) -> str:
    return next(name for name, resource in stack.resources.items() if resource.type == "AWS::S3::Bucket")


def changed(template: dict[str, Any], logical_id: str) -> None:
    template["Resources"][logical_id].setdefault("Properties", {})["AccelerateConfiguration"] = {
        "AccelerationStatus": "Enabled"
    }


def recover(world: World, environment: Environment, **changes: Any) -> Request:
    skip = changes.get("skip", False)
    preview = preview_recovery(actor=world.bob, environment=environment, skip=skip, aws_for=world.aws_for)
    arguments = {
        "actor": world.bob,
        "environment": environment,
        "expected_digest": preview.digest,
        "aws_for": world.aws_for,
    }
    return request_recovery(**arguments | changes)


def test_the_preview_names_what_is_stuck_and_why(world: World, stuck: Environment) -> None:
    preview = preview_recovery(actor=world.bob, environment=stuck, aws_for=world.aws_for)
    (stack,) = preview.plan.stacks
    assert (stack.mode, stack.status, stack.skip) == ("continue", "UPDATE_ROLLBACK_FAILED", ())
    assert [resource.reason for resource in stack.stuck] == ["The resource was deleted outside of CloudFormation"]
    assert not preview.requires_approval


def test_a_rollback_continues_once_the_cause_is_fixed(world: World, stuck: Environment) -> None:
    world.cloud.fail_undo.clear()
    recover(world, stuck)
    world.until_rest(stuck)
    assert (stuck.state, stuck.needs_repair) == ("running", "")
    assert world.aws_stack().status == "UPDATE_ROLLBACK_COMPLETE"


def test_a_rollback_that_is_stuck_again_says_at_what_and_can_be_recovered_again(
    world: World, stuck: Environment
) -> None:
    recover(world, stuck)
    world.until_rest(stuck)
    operation = world.last_operation(stuck)
    assert (stuck.state, operation.state, operation.next_action) == ("needs_repair", "failed", "recover")
    assert operation.cause_detail == "It is still not there"
    world.cloud.fail_undo.clear()
    recover(world, stuck)
    assert world.until_rest(stuck).state == "running"


def test_skipping_needs_the_typed_name_and_an_approver(world: World, stuck: Environment) -> None:
    with pytest.raises(Refused, match="Type the environment's name"):
        recover(world, stuck, skip=True)
    request = recover(world, stuck, skip=True, typed_name="orders")
    assert request.state == "waiting"
    with pytest.raises(NotAllowed):
        approve_request(actor=world.bob, request=request, digest=request.plan.digest)
    approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    world.until_rest(stuck)
    name = changeable(world.aws_stack())
    assert stuck.state == "needs_repair"
    assert stuck.needs_repair.startswith(f"{name} was skipped when the stack was rolled back")
    assert world.aws_stack().status == "UPDATE_ROLLBACK_COMPLETE"


def test_a_skip_is_refused_if_others_continued_the_rollback_since(world: World, stuck: Environment) -> None:
    request = recover(world, stuck, skip=True, typed_name="orders")
    stack = world.aws_stack()
    world.cloud.begin_operation(stack, "CONTINUE_ROLLBACK", "Console-ContinueUpdateRollback-1")
    approve_request(actor=world.olivia, request=request, digest=request.plan.digest)
    world.until_rest(stuck)
    operation = world.last_operation(stuck)
    assert (operation.state, stuck.state) == ("refused", "needs_repair")
    assert "continued outside the portal" in operation.cause
    assert world.aws_stack().status == "UPDATE_ROLLBACK_FAILED"


def test_a_stack_that_is_not_stuck_has_nothing_to_recover(world: World) -> None:
    environment = world.create()
    with pytest.raises(WrongState, match="“running”"):
        preview_recovery(actor=world.bob, environment=environment, aws_for=world.aws_for)
    Environment.objects.update(state="needs_repair")
    environment.refresh_from_db()
    with pytest.raises(WrongState, match="nothing to recover"):
        preview_recovery(actor=world.bob, environment=environment, aws_for=world.aws_for)


def test_a_recovery_that_changed_since_it_was_shown_is_not_requested(world: World, stuck: Environment) -> None:
    with pytest.raises(WrongState, match="has changed since the recovery was shown"):
        recover(world, stuck, expected_digest="0" * 64)


def test_outsiders_may_not_recover(world: World, stuck: Environment) -> None:
    for actor in (world.charlie, world.olivia):
        with pytest.raises(NotAllowed):
            preview_recovery(actor=actor, environment=stuck, aws_for=world.aws_for)


def test_what_is_stuck_can_be_torn_down_instead(world: World, stuck: Environment) -> None:
    world.tear_down(stuck)
    assert world.until_rest(stuck).state == "gone"


def test_every_step_of_a_recovery_may_run_twice(world: World, stuck: Environment) -> None:
    world.cloud.fail_undo.clear()
    recover(world, stuck)
    assert run_each_step_twice(world, stuck) == {"queued", "recovering", "rolling_back"}
    assert stuck.state == "running"
    operations = [kind for kind, _ in world.aws_stack().operations]
    assert operations.count("CONTINUE_ROLLBACK") == 1
