"""What others do to a stack is watched and named, and never cancelled or undone."""

from __future__ import annotations

from typing import Any

from provisioning.lifecycle.read.operation_view import steps
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.models import Environment, Operation, StackResource
from tests.fixtures.world import World
from tests.lifecycle.test_cancel import until
from tests.lifecycle.test_recover import changeable, changed, recover
from tests.lifecycle.test_recover import stuck as stuck  # noqa: PLC0414 - the fixture, shared
from tests.scripted_aws.outsider import Outsider
from tests.scripted_aws.update import go_back


def test_a_stack_that_others_changed_before_its_creation_ended_here_is_not_running(world: World) -> None:
    environment = world.request().environment
    until(world, environment, "building")
    world.cloud.clock.advance(600)
    stack = world.aws_stack()
    logical_id = changeable(stack)
    Outsider(world.cloud).update_stack(stack, lambda template: changed(template, logical_id))
    world.cloud.clock.advance(600)
    world.until_rest(environment)
    operation = world.last_operation(environment)
    assert (environment.state, operation.next_action) == ("create_failed", "teardown")
    assert "changed outside the portal" in operation.cause
    assert world.aws_stack().status == "UPDATE_COMPLETE"


def with_queue(template: dict[str, Any]) -> None:
    template["Resources"]["Theirs"] = {"Type": "AWS::SQS::Queue", "DeletionPolicy": "Retain"}


def test_what_others_added_to_a_stack_is_in_the_ledger_before_another_takes_its_place(world: World) -> None:
    environment = world.request().environment
    until(world, environment, "building")
    world.cloud.clock.advance(600)
    stack, outsider = world.aws_stack(), Outsider(world.cloud)
    outsider.update_stack(stack, lambda template: changed(template, changeable(stack)))
    world.cloud.clock.advance(600)
    world.until_rest(environment)
    outsider.update_stack(stack, with_queue)
    world.cloud.clock.advance(600)
    world.cloud.settle()
    theirs = stack.resources["Theirs"].physical_id
    outsider.delete_stack(stack)
    world.cloud.clock.advance(600)
    world.cloud.settle()
    assert stack.status == "DELETE_COMPLETE"
    retry_operation(actor=world.bob, environment=environment)
    world.until_rest(environment)
    assert environment.state == "running"
    assert StackResource.objects.get(physical_id=theirs).end == "retained"


def test_a_rollback_that_others_continue_is_watched_and_named(world: World, stuck: Environment) -> None:
    world.cloud.fail_undo.clear()
    stack = world.aws_stack()
    world.cloud.begin_operation(stack, "CONTINUE_ROLLBACK", "Console-ContinueUpdateRollback-7")
    request = recover_while_stuck(world, stuck)
    go_back(world.cloud, stack, "User Initiated")
    world.tick(1)
    operation = Operation.objects.get(request=request)
    assert operation.state == "queued"
    shown = next(step for step in steps(operation) if step.state == "now")
    assert "Its client token is “Console-ContinueUpdateRollback-7”." in shown.detail
    world.until_rest(stuck)
    assert world.cloud.faults.calls.count("continue_rollback") == 0
    assert stuck.state == "needs_repair"
    assert "recovered outside the portal" in Operation.objects.get(request=request).environment.needs_repair


def recover_while_stuck(world: World, environment: Environment) -> object:
    return recover(world, environment).pk
