"""What AWS or an account refuses ends with the cause, the next step and a button, in acting and in
watching states; what may pass by itself is repeated within a budget (D6).
"""

from __future__ import annotations

import pytest

from provisioning.aws import (
    AccessDenied,
    AwsError,
    CredentialsExpired,
    InternalFailure,
    LimitExceeded,
    Throttled,
    Unclear,
    Unreachable,
    ValidationFailed,
    WrongAccount,
)
from provisioning.lifecycle.poller.sights import WATCH_SECONDS
from provisioning.lifecycle.read.actions import actions_for
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.models import Environment, Operation
from tests.fixtures.world import World
from tests.lifecycle.faults.workers import until_state

FOR_EVER = 5000
DAY = 24 * 3600.0


def ended_within(world: World, environment: Environment, hours: float) -> Operation:
    until = world.now.timestamp() + hours * 3600
    while world.now.timestamp() < until:
        world.tick(60)
        operation = world.last_operation(environment)
        if operation.ended_at is not None:
            environment.refresh_from_db()
            return operation
    raise AssertionError(f"It is still {operation.state}: {operation.step_data}")


def has_a_way_out(world: World, environment: Environment) -> Operation:
    """It has failed with a cause and a next step, and a member can act on it."""
    operation = world.last_operation(environment)
    assert operation.state == "failed"
    assert operation.cause
    assert operation.step_data["failure"]["hint"].endswith(".")
    assert operation.next_action
    offered = [action.key for action in actions_for(actor=world.bob, environment=environment) if not action.why_not]
    assert "try_again" in offered or "teardown" in offered
    return operation


DENIED = AccessDenied("explicit deny in a service control policy")
EXPIRED = CredentialsExpired("no credentials")
FOREIGN = WrongAccount("these belong to 999999999999")


@pytest.mark.parametrize(
    ("state", "call", "error"),
    [
        ("queued", "describe_stack", EXPIRED),
        ("queued", "describe_stack", DENIED),
        ("submitting", "create_stack", FOREIGN),
        ("building", "describe_stack", DENIED),
        ("building", "describe_stack", EXPIRED),
        ("building", "stack_resources", DENIED),
        ("rolling_back", "describe_stack", DENIED),
    ],
)
def test_a_creation_that_may_not_go_on_ends_with_a_next_step(
    world: World, state: str, call: str, error: AwsError
) -> None:
    world.cloud.resource_seconds = 2 * WATCH_SECONDS  # no step misses the rollback
    if state == "rolling_back":
        world.cloud.fail_create["BucketFiles"] = ["Access Denied"]
    environment = world.request().environment
    until_state(world, environment, state)
    world.cloud.faults.once(call, error, times=FOR_EVER)
    ended_within(world, environment, hours=2)
    operation = has_a_way_out(world, environment)
    assert environment.state == "create_failed"
    assert str(error) in operation.cause_detail
    world.cloud.faults._scripted.clear()
    retry_operation(actor=world.bob, environment=environment)
    world.until_rest(environment)
    assert environment.state == "running"


@pytest.mark.parametrize(
    ("call", "error"),
    [
        ("delete_stack", DENIED),
        ("set_termination_protection", DENIED),
        ("describe_stack", DENIED),
        ("describe_stack", EXPIRED),
    ],
)
def test_a_teardown_that_may_not_go_on_ends_with_a_next_step(world: World, call: str, error: AwsError) -> None:
    environment = world.create()
    world.aws_stack().protected = True
    world.tear_down(environment)
    world.cloud.faults.once(call, error, times=FOR_EVER)
    ended_within(world, environment, hours=2)
    has_a_way_out(world, environment)
    assert environment.state == "teardown_failed"
    world.cloud.faults._scripted.clear()
    retry_operation(actor=world.bob, environment=environment)
    assert world.until_rest(environment).state == "gone"


def test_clearing_a_failed_attempt_that_is_denied_ends_with_a_next_step(world: World) -> None:
    world.cloud.fail_create["BucketFiles"] = ["Access Denied"]
    environment = world.until_rest(world.request().environment)
    assert environment.state == "create_failed"
    retry_operation(actor=world.bob, environment=environment)
    world.cloud.faults.once("delete_stack", AccessDenied("no right"), times=FOR_EVER)
    ended_within(world, environment, hours=2)
    has_a_way_out(world, environment)
    world.cloud.faults._scripted.clear()
    retry_operation(actor=world.bob, environment=environment)
    assert world.until_rest(environment).state == "running"


@pytest.mark.parametrize(
    "error",
    [Throttled("slow down"), Unreachable("no route"), Unclear("lost", maybe_done=True), InternalFailure("oops")],
    ids=lambda error: type(error).__name__,
)
def test_an_acting_step_is_repeated_within_a_budget_and_then_says_why(world: World, error: AwsError) -> None:
    environment = world.request().environment
    until_state(world, environment, "submitting")
    began = world.now
    world.cloud.faults.once("create_stack", error, times=FOR_EVER)
    operation = ended_within(world, environment, hours=12)
    has_a_way_out(world, environment)
    assert "too long" in operation.cause
    assert 3600 <= (world.now - began).total_seconds() < 3 * 3600
    assert world.cloud.faults.calls.count("create_stack") < 200


@pytest.mark.parametrize(
    "error",
    [Throttled("slow down"), Unreachable("no route"), InternalFailure("a proxy's page")],
    ids=lambda error: type(error).__name__,
)
def test_a_watching_operation_is_never_ended_by_what_may_pass(world: World, error: AwsError) -> None:
    environment = world.request().environment
    operation = until_state(world, environment, "building")
    world.cloud.faults.once("describe_stack", error, times=FOR_EVER)
    world.cloud.faults.once("list_stacks", error, times=FOR_EVER)
    for _ in range(25):
        world.tick(3600)
    operation.refresh_from_db()
    assert (operation.state, operation.ended_at) == ("building", None)
    world.cloud.faults._scripted.clear()
    assert world.until_rest(environment).state == "running"


@pytest.mark.parametrize("error", [LimitExceeded("quota"), ValidationFailed("invalid")], ids=["limit", "invalid"])
def test_what_aws_rejects_is_not_repeated(world: World, error: AwsError) -> None:
    environment = world.request().environment
    until_state(world, environment, "submitting")
    world.cloud.faults.once("create_stack", error, times=FOR_EVER)
    world.tick(5)
    environment.refresh_from_db()
    has_a_way_out(world, environment)
    assert world.cloud.faults.calls.count("create_stack") == 1


def test_a_fault_that_passes_starts_its_budget_again_next_time(world: World) -> None:
    environment = world.request().environment
    operation = until_state(world, environment, "submitting")
    world.cloud.faults.once("create_stack", Throttled("slow down"), times=3)
    world.until_rest(environment)
    operation.refresh_from_db()
    assert operation.state == "succeeded"
    assert operation.step_data["misses"] == 0
    assert operation.step_data["missing_since"] is None
