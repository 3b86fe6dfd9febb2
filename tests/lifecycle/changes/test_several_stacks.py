"""A change of an environment of three stacks, in the order of their creation."""

from __future__ import annotations

from provisioning.lifecycle.plan_document import ChangePlan, from_json
from provisioning.lifecycle.services.changes import request_change
from provisioning.models import Environment, Request
from tests.fixtures.world import World
from tests.lifecycle.signposts import create, made
from tests.scripted_aws.outsider import Outsider


def grow(world: World, environment: Environment) -> Request:
    """Request the size staging, which protects every stack and retains the data of two."""
    return request_change(
        actor=world.bob,
        environment=environment,
        blueprint=world.blueprints["signpost"],
        size="staging",
        inputs=environment.inputs,
    )


def test_every_stack_is_changed_and_protected(abroad: World) -> None:
    environment = create(abroad)
    request = grow(abroad, environment)
    abroad.until_rest(environment)
    request.refresh_from_db()
    assert request.state == "done", abroad.last_operation(environment).cause_detail
    document = from_json(request.plan.content)
    assert isinstance(document, ChangePlan)
    assert [one.stack for one in document.change_sets] == ["edge", "copy", "main"]
    assert [one.has_changes for one in document.change_sets] == [False, True, True]
    assert [stack.protected for stack in made(abroad)] == [True, True, True]
    environment.refresh_from_db()
    assert (environment.state, environment.size) == ("running", "staging")


def test_no_stack_is_touched_if_a_later_one_was_changed_since_the_plan(abroad: World) -> None:
    environment = create(abroad)
    request = grow(abroad, environment)
    while abroad.last_operation(environment).kind == "plan":
        abroad.engine.advance(abroad.last_operation(environment).pk)
        abroad.cloud.clock.advance(2)
    Outsider(abroad.cloud).protect(made(abroad)[-1], enabled=True)
    before = [stack.status for stack in made(abroad)]
    abroad.until_rest(environment)
    request.refresh_from_db()
    operation = abroad.last_operation(environment)
    assert (request.state, operation.state) == ("failed", "refused"), operation.cause_detail
    assert "termination protection" in operation.cause_detail
    assert [stack.status for stack in made(abroad)] == before
    environment.refresh_from_db()
    assert environment.state == "running"


def test_a_failure_of_the_last_stack_says_that_the_others_are_changed(abroad: World) -> None:
    environment = create(abroad)
    abroad.cloud.fail_update["BucketFiles"] = ["Not acceptable."]
    request = grow(abroad, environment)
    abroad.until_rest(environment)
    request.refresh_from_db()
    environment.refresh_from_db()
    assert environment.state == "change_failed"
    assert environment.size == "dev"
