"""A rollback that is stuck only because AWS throttled CloudFormation is continued once by itself."""

from __future__ import annotations

import pytest

from provisioning.models import Environment
from tests.fixtures.world import World
from tests.lifecycle.changes.conftest import Changes
from tests.lifecycle.test_crashes import run_each_step_twice

THROTTLED = "Rate exceeded (Service: SecretsManager, Status Code: 400)"


@pytest.fixture
def environment(world: World) -> Environment:
    return world.create()


def fail(world: World, *reasons: str) -> None:
    secret = next(name for name, one in world.aws_stack().resources.items() if one.type.endswith("::Secret"))
    world.cloud.fail_update[secret] = ["The description is not acceptable."]
    world.cloud.fail_undo[secret] = list(reasons)


def continued(world: World) -> int:
    return world.cloud.faults.calls.count("continue_rollback")


def test_it_is_continued_and_ends_as_if_it_had_never_been_stuck(
    world: World, changes: Changes, environment: Environment
) -> None:
    fail(world, THROTTLED)
    request = changes.plan(environment, note="something")
    environment.refresh_from_db()
    assert world.aws_stack().status == "UPDATE_ROLLBACK_COMPLETE"
    assert (request.state, environment.state, continued(world)) == ("failed", "running", 1)
    assert "not acceptable" in world.last_operation(environment).cause_detail


def test_a_second_time_a_person_decides(world: World, changes: Changes, environment: Environment) -> None:
    fail(world, THROTTLED, THROTTLED)
    changes.plan(environment, note="something")
    environment.refresh_from_db()
    assert world.aws_stack().status == "UPDATE_ROLLBACK_FAILED"
    assert (environment.state, continued(world)) == ("needs_repair", 1)
    assert world.last_operation(environment).next_action == "recover"


@pytest.mark.parametrize("reason", ["It was deleted outside of CloudFormation", "Access Denied"])
def test_another_cause_is_not_continued(world: World, changes: Changes, environment: Environment, reason: str) -> None:
    fail(world, reason)
    changes.plan(environment, note="something")
    environment.refresh_from_db()
    assert (environment.state, continued(world)) == ("needs_repair", 0)


def test_every_step_may_run_twice(world: World, changes: Changes, environment: Environment) -> None:
    fail(world, THROTTLED)
    changes.request(environment, note="something")
    run_each_step_twice(world, environment)
    environment.refresh_from_db()
    assert (environment.state, world.aws_stack().status) == ("running", "UPDATE_ROLLBACK_COMPLETE")
    assert continued(world) == 1
