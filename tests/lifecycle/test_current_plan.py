"""Which plan an environment runs, with several plans and after failures."""

from __future__ import annotations

import uuid
from datetime import timedelta

import pytest

from provisioning.lifecycle.plan_document import digest_of
from provisioning.lifecycle.plan_queries import current_document, current_plan_for_pages
from provisioning.lifecycle.states import RequestState
from provisioning.models import Environment, Plan, Request
from tests.fixtures.world import World
from tests.support.plans import created_by


def another(environment: Environment, state: RequestState, *, after: timedelta) -> Plan:
    """A further plan of the environment, whose request reached this state some time after the
    creation's.
    """
    first = Request.objects.filter(environment=environment).earliest("requested_at")
    at = first.state_changed_at + after
    content = first.plan.content | {"size": f"dev-{state}"}
    plan = Plan.objects.create(environment=environment, digest=uuid.uuid4().hex, content=content, created_at=at)
    Request.objects.create(
        kind=first.kind,
        environment=environment,
        plan=plan,
        state=state,
        state_changed_at=at,
        requested_by=first.requested_by,
        requested_at=at,
    )
    return plan


def digest_that_runs(environment: Environment) -> str:
    """The digest of the environment's current plan, which no two plans of these tests share."""
    current = current_plan_for_pages(environment)
    assert current is not None
    return current.digest


def test_it_is_the_newest_plan_that_was_carried_out(world: World) -> None:
    environment = world.create()
    first = environment.plans.get()
    assert digest_that_runs(environment) == first.digest
    for state in (RequestState.WAITING, RequestState.APPROVED, RequestState.FAILED, RequestState.WITHDRAWN):
        another(environment, state, after=timedelta(hours=1))
    assert digest_that_runs(environment) == first.digest
    second = another(environment, RequestState.DONE, after=timedelta(hours=2))
    another(environment, RequestState.DONE, after=timedelta(hours=1))
    assert digest_that_runs(environment) == second.digest
    assert current_document(environment).size == "dev-done"


@pytest.mark.parametrize("fails", [False, True])
def test_before_any_is_carried_out_it_is_the_creations(world: World, *, fails: bool) -> None:
    request = world.request()
    if fails:
        world.cloud.fail_create["SecretKey"] = ["Limit reached"]
        assert world.until_rest(request.environment).state == "create_failed"
    another(request.environment, RequestState.FAILED, after=timedelta(hours=1))
    assert digest_that_runs(request.environment) == request.plan.digest


def test_a_teardown_changes_nothing(world: World) -> None:
    environment = world.create()
    first = environment.plans.get()
    world.tear_down(environment)
    assert digest_that_runs(environment) == first.digest
    assert world.until_rest(environment).state == "gone"
    assert digest_that_runs(environment) == first.digest


def test_pages_read_it_without_template_bodies(abroad: World) -> None:
    request = abroad.request(blueprint="signpost")
    whole = created_by(request.plan)
    for main_body in (False, True):
        current = current_plan_for_pages(request.environment, main_body=main_body)
        assert current is not None
        assert (current.request_id, current.digest) == (request.pk, request.plan.digest)
        assert current.seconds == request.plan.timeline["seconds"] > 0
        bodies = [stack.body for stack in current.document.stacks]
        assert bodies == ["", "", whole.main.body if main_body else ""]
        assert [stack.key for stack in current.document.stacks] == [stack.key for stack in whole.stacks]
        assert current.document.resources == whole.resources
        assert digest_of(current.document) != request.plan.digest
