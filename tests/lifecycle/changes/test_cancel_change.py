"""Cancelling the planning and the execution of a change."""

from __future__ import annotations

import pytest

from provisioning.errors import WrongState
from provisioning.lifecycle.read.cancellation import cancellation
from provisioning.lifecycle.services.cancel import cancel_operation
from provisioning.models import Environment, Transition
from tests.fixtures.world import World
from tests.lifecycle.changes.conftest import Changes
from tests.lifecycle.test_cancel import until
from tests.lifecycle.test_crashes import run_each_step_twice
from tests.scripted_aws.outsider import Outsider


@pytest.fixture
def environment(world: World) -> Environment:
    return world.create()


def change_sets(world: World) -> list[str]:
    return [one.status for one in world.aws_stack().change_sets if not one.is_deleted]


def secret_of(world: World) -> str:
    return next(name for name, one in world.aws_stack().resources.items() if one.type.endswith("::Secret"))


def test_a_plan_that_is_being_made_is_cancelled_with_its_change_sets(
    world: World, changes: Changes, environment: Environment
) -> None:
    request = changes.request(environment, note="other")
    until(world, environment, "planning")
    world.tick(1)
    environment.refresh_from_db()
    cancel_operation(actor=world.bob, environment=environment)
    world.until_rest(environment)
    assert (changes.again(request).state, environment.state) == ("cancelled", "running")
    assert change_sets(world) == []
    assert changes.plan(environment, note="another").state == "done"


def test_a_change_in_progress_is_rolled_back(world: World, changes: Changes, environment: Environment) -> None:
    request = changes.request(environment, note="other")
    operation = until(world, environment, "updating")
    assert "rolls the change back" in cancellation(operation).sentence
    environment.refresh_from_db()
    cancel_operation(actor=world.bob, environment=environment)
    world.until_rest(environment)
    assert world.aws_stack().status == "UPDATE_ROLLBACK_COMPLETE"
    assert (changes.again(request).state, environment.state) == ("cancelled", "running")
    assert world.last_operation(environment).cause == "Cancelled by bob."
    assert changes.plan(environment, note="other").state == "done"


def test_a_change_that_is_complete_in_the_meantime_is_finished(
    world: World, changes: Changes, environment: Environment
) -> None:
    request = changes.request(environment, note="other")
    until(world, environment, "updating")
    world.cloud.clock.advance(600)
    environment.refresh_from_db()
    cancel_operation(actor=world.bob, environment=environment)
    world.until_rest(environment)
    assert (changes.again(request).state, environment.state) == ("done", "running")
    assert Transition.objects.filter(reason="The change was complete before it could be cancelled.").exists()


def test_a_cancelled_change_whose_rollback_is_stuck_needs_repair(
    world: World, changes: Changes, environment: Environment
) -> None:
    changes.request(environment, note="other")
    until(world, environment, "updating")
    secret = secret_of(world)
    world.cloud.fail_undo[secret] = ["It was deleted outside of CloudFormation"]
    environment.refresh_from_db()
    cancel_operation(actor=world.bob, environment=environment)
    world.until_rest(environment)
    assert world.aws_stack().status == "UPDATE_ROLLBACK_FAILED"
    assert (environment.state, world.last_operation(environment).next_action) == ("needs_repair", "recover")


def test_an_update_of_others_is_not_cancelled(world: World, changes: Changes, environment: Environment) -> None:
    request = changes.request(environment, note="other")
    while (operation := world.last_operation(environment)).state != "comparing":  # one step after the other
        if not world.engine.advance(operation.pk):
            world.cloud.clock.advance(1)
    secret = secret_of(world)
    Outsider(world.cloud).update_stack(
        world.aws_stack(), lambda template: template["Resources"][secret]["Properties"].update(Description="theirs")
    )
    environment.refresh_from_db()
    cancel_operation(actor=world.bob, environment=environment)
    world.until_rest(environment)
    assert world.cloud.faults.calls.count("cancel_update") == 0
    assert (changes.again(request).state, environment.state) == ("cancelled", "running")
    world.cloud.clock.advance(600)
    assert world.aws_stack().status == "UPDATE_COMPLETE"


def test_a_rollback_is_not_cancelled(world: World, changes: Changes, environment: Environment) -> None:
    secret = secret_of(world)
    world.cloud.fail_update[secret] = ["Internal Failure"]
    changes.request(environment, note="other")
    until(world, environment, "rolling_back")
    environment.refresh_from_db()
    with pytest.raises(WrongState, match="being rolled back already"):
        cancel_operation(actor=world.bob, environment=environment)


def test_every_step_of_cancelling_a_change_may_run_twice(
    world: World, changes: Changes, environment: Environment
) -> None:
    request = changes.request(environment, note="other")
    until(world, environment, "updating")
    environment.refresh_from_db()
    cancel_operation(actor=world.bob, environment=environment)
    assert "cancelling" in run_each_step_twice(world, environment)
    assert (changes.again(request).state, environment.state) == ("cancelled", "running")
