"""The pages that cancel an operation, stop watching, and recover, and the links to them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest
from django.test import RequestFactory
from django.utils import timezone

from portal.pages.recover.views import read, recover
from portal.web.errors import answering
from provisioning.aws import AccessDenied
from provisioning.models import Environment, Operation, Request
from tests.fixtures.world import World
from tests.lifecycle.test_recover import stuck as stuck  # noqa: PLC0414 - the fixture, shared
from tests.portal.conftest import People, build, put


@pytest.fixture
def building(people: People) -> Environment:
    environment = people.ask("orders-fresh").environment
    build(environment, ready=55, busy=7)
    put(Operation.objects.get(environment=environment), state="building")
    environment.refresh_from_db()
    return environment


def text_of(people: People, environment: Environment, path: str = "", name: str = "bob") -> str:
    return people.client(name).get(f"/environments/{environment.pk}/{path}").content.decode()


def test_the_page_says_what_can_be_done_while_something_is_in_progress(people: People, building: Environment) -> None:
    text = text_of(people, building)
    assert "What you can do" in text
    assert f'href="/environments/{building.pk}/cancel/"' in text
    assert "CloudFormation stops and deletes the stack with everything in it." in text
    assert "stop-watching" not in text


def test_who_may_only_look_is_offered_nothing(people: People, building: Environment) -> None:
    assert f'href="/environments/{building.pk}/cancel/"' not in text_of(people, building, name="olivia")


def test_a_cancellation_says_what_cannot_be_undone_before_it_is_confirmed(
    people: People, building: Environment
) -> None:
    text = text_of(people, building, "cancel/")
    assert "Cancel the creation of orders-fresh?" in text
    assert "Resources that are retained" in text
    answer = people.client("bob").post(f"/environments/{building.pk}/cancel/")
    assert answer.headers["Location"] == f"/environments/{building.pk}/"
    operation = Operation.objects.get()
    assert operation.cancel_requested_by == people.bob
    assert "Cancelling: AWS is asked how far it is." in text_of(people, building)


def test_a_queued_creation_is_cancelled_on_the_spot(people: People) -> None:
    environment = people.ask().environment
    people.client("bob").post(f"/environments/{environment.pk}/cancel/")
    environment.refresh_from_db()
    assert (environment.state, Request.objects.get().state) == ("withdrawn", "cancelled")


def test_what_cannot_be_cancelled_is_answered_with_409_and_the_reason(people: People, building: Environment) -> None:
    put(Operation.objects.get(), state="rolling_back")
    for method in ("get", "post"):
        answer = getattr(people.client("bob"), method)(f"/environments/{building.pk}/cancel/")
        assert answer.status_code == 409
        assert "AWS cannot stop" in answer.content.decode()
    assert "It cannot be cancelled." in text_of(people, building)


def test_an_operation_whose_account_cannot_be_reached_can_be_ended(people: People, building: Environment) -> None:
    assert people.client("bob").get(f"/environments/{building.pk}/stop-watching/").status_code == 409
    operation = Operation.objects.get()
    since = (timezone.now() - timedelta(minutes=20)).isoformat()
    operation.step_data |= {"misses": 9, "missing_since": since, "trouble": "Could not connect to the endpoint."}
    operation.save()
    assert f'href="/environments/{building.pk}/stop-watching/"' in text_of(people, building)
    assert "Could not connect to the endpoint." in text_of(people, building, "stop-watching/")
    people.client("bob").post(f"/environments/{building.pk}/stop-watching/")
    building.refresh_from_db()
    assert building.state == "create_failed"
    text = text_of(people, building)
    assert "bob stopped watching" in text
    assert "What exists now" in text


@pytest.mark.parametrize(("name", "status"), [("charlie", 404), ("olivia", 403)])
@pytest.mark.parametrize("path", ["cancel/", "stop-watching/", "recover/"])
def test_others_may_not(people: People, building: Environment, name: str, status: int, path: str) -> None:
    client = people.client(name)
    assert client.get(f"/environments/{building.pk}/{path}").status_code == status
    assert client.post(f"/environments/{building.pk}/{path}").status_code == status


def test_an_environment_that_needs_repair_says_so(people: People, running: Environment) -> None:
    Environment.objects.update(state="needs_repair", needs_repair="BucketFiles was skipped.")
    running.refresh_from_db()
    text = text_of(people, running)
    assert "This environment needs repair." in text
    assert "BucketFiles was skipped." in text


# The page of a recovery reads AWS once it is shown, so its views are called directly, with the scripted one


def ask(world: World, environment: Environment, data: dict[str, str], view: Any = recover, **headers: str) -> Any:
    request = RequestFactory().post("/recover/", data, headers=headers)
    request.user = world.bob
    return answering(view)(request, environment.pk, aws_for=world.aws_for)


def test_opening_the_recovery_page_reads_nothing_in_aws(world: World, stuck: Environment) -> None:
    request = RequestFactory().get("/recover/?skip=1")
    request.user = world.bob
    before = len(world.cloud.faults.calls)
    text = answering(recover)(request, stuck.pk, aws_for=world.aws_for).content.decode()
    assert len(world.cloud.faults.calls) == before
    assert f'hx-post="/environments/{stuck.pk}/recover/read/"' in text
    assert 'name="skip" value="on"' in text


def test_aws_that_cannot_be_read_makes_a_sentence_and_a_button(world: World, stuck: Environment) -> None:
    world.cloud.faults.once("describe_stack", AccessDenied("no cloudformation:DescribeStacks"))
    answer = ask(world, stuck, {}, read)
    text = answer.content.decode()
    assert answer.status_code == 200
    assert "AWS could not be read: no cloudformation:DescribeStacks" in text
    assert "Try again" in text
    assert 'hx-trigger="submit"' in text  # it does not ask again by itself
    assert "<html" in text
    assert "<html" not in ask(world, stuck, {}, read, HX_Request="true").content.decode()


def test_the_recovery_page_shows_what_is_stuck_and_offers_to_skip_it(world: World, stuck: Environment) -> None:
    text = ask(world, stuck, {}, read).content.decode()
    assert "The resource was deleted outside of CloudFormation" in text
    assert "Skip what is stuck…" in text
    assert "Type <b" not in text
    assert "Type <b" in ask(world, stuck, {"skip": "on"}, read).content.decode()


def test_skipping_without_the_name_keeps_the_form(world: World, stuck: Environment) -> None:
    answer = ask(world, stuck, {"request_id": str(uuid4()), "digest": "0" * 64, "skip": "on", "typed_name": ""})
    assert answer.status_code == 409
    assert "has changed since the recovery was shown" in answer.content.decode()
