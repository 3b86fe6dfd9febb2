"""Only what was approved runs: bent between any two steps, hours later, and for stack 2 of 3 (D4)."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from provisioning.lifecycle.plan_document import digest_of, from_json
from provisioning.models import Account, Environment, Operation, Plan, Request
from tests.fixtures.world import World
from tests.lifecycle.faults.workers import sent, until_state

Bend = Callable[[dict[str, Any]], None]


def bend_body(content: dict[str, Any]) -> None:
    """Somebody adds a resource to the last stack's template."""
    stack = content["stacks"][-1]
    template = json.loads(stack["body"])
    template["Resources"]["Backdoor"] = {"Type": "AWS::SNS::Topic"}
    stack["body"] = json.dumps(template)


def bend_parameters(content: dict[str, Any]) -> None:
    content["stacks"][-1]["parameters"]["Added"] = "by somebody"


def bend_tags(content: dict[str, Any]) -> None:
    content["stacks"][-1]["tags"]["team"] = "logistics"


def drop_a_stack(content: dict[str, Any]) -> None:
    content["stacks"] = content["stacks"][:1]


def tear(content: dict[str, Any]) -> None:
    """It cannot be read any more."""
    del content["stacks"]


def bend(environment: Environment, how: Bend) -> None:
    plan = Plan.objects.filter(environment=environment).earliest("created_at")
    content = copy.deepcopy(plan.content)
    how(content)
    assert content != plan.content
    Plan.objects.filter(pk=plan.pk).update(content=content)


def advance(world: World, environment: Environment, *, steps: int) -> None:
    """Let so many steps end, with time between them."""
    for _ in range(steps):
        operation = world.last_operation(environment)
        assert operation.ended_at is None, "the operation has fewer steps"
        while not world.engine.advance(operation.pk):
            world.cloud.clock.advance(5)


def last_call_at(world: World) -> int:
    return len(world.cloud.sent)


@pytest.mark.parametrize(
    ("how", "steps"),
    [(bend_body, steps) for steps in range(9)]
    + [(how, steps) for how in (bend_parameters, bend_tags, drop_a_stack, tear) for steps in (1, 4)],
)
def test_a_plan_that_is_bent_between_two_steps_is_refused_and_nothing_more_is_sent(
    abroad: World, how: Bend, steps: int
) -> None:
    environment = abroad.request(blueprint="signpost").environment
    advance(abroad, environment, steps=steps)
    before = last_call_at(abroad)
    bend(environment, how)
    abroad.cloud.clock.advance(6 * 3600)  # and the next step runs hours later
    abroad.until_rest(environment)
    operation = abroad.last_operation(environment)
    assert (operation.state, environment.state) == ("refused", "create_failed")
    assert operation.cause == "The plan differs from the one that was approved."
    assert last_call_at(abroad) == before
    assert not any("Backdoor" in stack.resources for stack in abroad.cloud.stacks)


def test_what_a_refusal_leaves_is_torn_down(abroad: World) -> None:
    environment = abroad.request(blueprint="signpost").environment
    until_state(abroad, environment, "building")
    plan = Plan.objects.get(environment=environment)
    bend(environment, bend_body)
    abroad.until_rest(environment)
    operation = abroad.last_operation(environment)
    assert (operation.state, operation.next_action) == ("refused", "teardown")
    assert "What was sent before remains" in str(operation.step_data)
    Plan.objects.filter(pk=plan.pk).update(content=plan.content)
    abroad.tear_down(environment)
    abroad.until_rest(environment)
    assert abroad.last_operation(environment).state == "refused"  # nobody has seen what the stack contains
    abroad.tear_down(environment)
    assert abroad.until_rest(environment).state == "gone"
    assert abroad.cloud.living == {}


def test_a_digest_that_was_bent_with_its_plan_is_not_the_approved_one(world: World) -> None:
    """The plan, its digest and the request's digest are replaced together, after the operation began."""
    environment = world.request().environment
    operation = until_state(world, environment, "submitting")
    bend(environment, bend_body)
    plan = Plan.objects.get(environment=environment)
    digest = digest_of(from_json(plan.content))
    Plan.objects.filter(pk=plan.pk).update(digest=digest)
    Request.objects.filter(pk=operation.request_id).update(approved_digest=digest)
    world.until_rest(environment)
    assert world.last_operation(environment).state == "refused"
    assert sent(world) == []


@pytest.mark.parametrize(
    ("model", "field", "value"),
    [
        (Account, "account_id", "999999999999"),
        (Environment, "stack_role_arn", "arn:aws:iam::111111111111:role/admin"),
        (Environment, "size", "staging"),
        (Environment, "region", "us-east-1"),
        (Request, "state", "refused"),
        (Request, "approved_digest", "0" * 64),
        (Operation, "approved_digest", "0" * 64),
        (Operation, "approved_place", "elsewhere"),
    ],
)
def test_account_role_size_region_and_approval_are_checked_at_the_call(
    world: World, model: type, field: str, value: str
) -> None:
    """They change after the step has read its rows, directly before it creates the stack."""
    environment = world.request().environment
    until_state(world, environment, "submitting")

    def change() -> None:
        model.objects.filter(**{"environment": environment} if model in (Request, Operation) else {}).update(
            **{field: value}
        )

    begin = world.engine.probe
    world.engine.probe = lambda point: change() if point == "began" else begin(point)
    assert world.engine.advance(world.last_operation(environment).pk)
    world.engine.probe = begin
    assert sent(world) == []
    operation = world.last_operation(environment)
    assert operation.state == "refused"
    assert operation.cause


def test_an_approval_that_expires_while_it_runs_lets_what_has_begun_finish(abroad: World) -> None:
    environment = abroad.request(blueprint="signpost").environment
    until_state(abroad, environment, "building")
    Request.objects.filter(environment=environment).update(expires_at=abroad.now)
    assert abroad.until_rest(environment).state == "running"
