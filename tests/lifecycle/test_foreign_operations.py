"""What others do to a stack is watched and named, and never cancelled or undone."""

from __future__ import annotations

from provisioning.lifecycle.read.operation_view import steps
from provisioning.models import Environment, Operation
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
