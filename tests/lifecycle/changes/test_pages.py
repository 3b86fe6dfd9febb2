"""The change form, and the page on which people decide on a change."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape
from http import HTTPStatus

import pytest
from django.test import Client
from django.urls import reverse

from provisioning.aws.change_sets import OperationEvent
from provisioning.lifecycle.poller.sights import record_description
from provisioning.lifecycle.services.approvals import approve_request
from provisioning.models import Environment, Plan, Request, User
from provisioning.proof.report import Finding, Proof
from tests.fixtures.world import REGION, World
from tests.lifecycle.changes.conftest import Changes, Version
from tests.lifecycle.changes.test_firewall_stories import LOOSER, RENAMED
from tests.scripted_aws.outsider import Outsider
from tests.support.signed_in import signed_in


def browser(user: User) -> Client:
    return signed_in(user)


@pytest.fixture(autouse=True)
def _offered(world: World, monkeypatch: pytest.MonkeyPatch, settings: object) -> None:
    del world, monkeypatch
    settings.BLUEPRINTS_DIR = "tests/lifecycle/blueprints"  # type: ignore[attr-defined]


def form_of(client: Client, environment: Environment) -> dict[str, str]:
    """The values of the form as the page shows it."""
    text = client.get(reverse("change", kwargs={"pk": environment.pk})).content.decode()
    request_id = re.search(r'name="request_id" value="([^"]+)"', text)
    assert request_id
    return {"request_id": request_id[1], "size": environment.size, "version": "0.1.0"}


def test_the_form_is_filled_in_with_what_runs(world: World) -> None:
    environment = world.create(inputs={"note": "as it is"})
    client = browser(world.bob)
    page = client.get(reverse("environment", kwargs={"pk": environment.pk})).content.decode()
    assert reverse("change", kwargs={"pk": environment.pk}) in page
    text = client.get(reverse("change", kwargs={"pk": environment.pk})).content.decode()
    assert 'value="as it is"' in text
    assert "0.1.0 (runs now)" in text
    assert "standard mode" in text


def test_bob_sends_a_change_and_sees_its_plan(world: World) -> None:
    environment = world.create()
    client = browser(world.bob)
    answer = client.post(
        reverse("change", kwargs={"pk": environment.pk}),
        form_of(client, environment) | {"input_note": "something", "note": "We need it."},
    )
    request = Request.objects.get(kind="change")
    page = reverse("request", kwargs={"pk": request.pk})
    assert answer["Location"] == page
    planning = client.get(page).content.decode()
    assert "CloudFormation is planning this change" in planning
    poll = re.search(rf'hx-get="({page}live/[^"]*)"', planning)
    assert poll is not None
    assert client.get(unescape(poll[1])).status_code == HTTPStatus.NO_CONTENT
    world.until_rest(environment)
    text = client.get(page).content.decode()
    assert "Updated in place" in text
    assert re.search("<ins>[^<]*something", text), re.findall("<t[dh].*", text)
    assert "We need it." in text
    assert "<title>Change" in client.get(page, headers={"HX-Request": "true"}).content.decode()
    assert f'hx-get="{page}"' not in text
    assert re.search('something <span class="muted">was nothing</span>', text)


def test_a_second_click_sends_it_once(world: World) -> None:
    environment = world.create()
    client = browser(world.bob)
    values = form_of(client, environment) | {"input_note": "something"}
    for _ in range(2):
        client.post(reverse("change", kwargs={"pk": environment.pk}), values)
    assert Request.objects.filter(kind="change").count() == 1


def test_another_size_shows_the_form_again_and_sends_nothing(world: World) -> None:
    environment = world.create()
    client = browser(world.bob)
    values = form_of(client, environment) | {"size": "prod", "input_note": "typed", "fields": "1"}
    answer = client.post(reverse("change", kwargs={"pk": environment.pk}), values)
    assert answer.status_code == HTTPStatus.OK
    text = answer.content.decode()
    assert 'value="typed"' in text
    assert "An approver reads the plan" in text
    assert not Request.objects.filter(kind="change").exists()


def test_outsiders_do_not_find_it(world: World) -> None:
    environment = world.create()
    address = reverse("change", kwargs={"pk": environment.pk})
    assert browser(world.charlie).get(address).status_code == HTTPStatus.NOT_FOUND
    assert browser(world.olivia).get(address).status_code == HTTPStatus.FORBIDDEN


def test_data_comes_first_and_the_name_is_asked_for(world: World, changes: Changes, version: Version) -> None:
    environment = world.create(size="staging")
    request = changes.plan(environment, blueprint=version("0.2.0", *RENAMED))
    client, page = browser(world.olivia), reverse("request", kwargs={"pk": request.pk})
    text = client.get(page).content.decode()
    assert text.index("Removed, holds data") < text.index("Added")
    assert "is retained with its data" in text
    approve = reverse("approve", kwargs={"pk": request.pk})
    wrong = client.post(approve, {"digest": request.plan.digest, "typed_name": "other"})
    assert wrong.status_code == HTTPStatus.UNPROCESSABLE_ENTITY
    assert "Type the environment&#x27;s name" in wrong.content.decode()
    client.post(approve, {"digest": request.plan.digest, "typed_name": environment.name})
    assert changes.again(request).state == "approved"


def test_a_bucket_that_is_only_protected_less_is_not_called_replaced(
    world: World, changes: Changes, version: Version
) -> None:
    environment = world.create(size="staging")
    request = changes.plan(environment, blueprint=version("0.2.0", *LOOSER))
    text = browser(world.olivia).get(reverse("request", kwargs={"pk": request.pk})).content.decode()
    assert "Protected less, holds data" in text
    assert "Replaced, holds data" not in text
    assert "0.2.0 (was 0.1.0)" in text


def test_a_plan_that_is_out_of_date_is_not_decided_but_planned_again(
    world: World, changes: Changes, version: Version
) -> None:
    environment = world.create(size="staging")
    request = changes.plan(environment, blueprint=version("0.2.0", *RENAMED))
    stack = world.aws_stack()
    Outsider(world.cloud).update_stack(stack, parameters={}, tags={**stack.spec.tags, "theirs": "1"})
    world.cloud.clock.advance(120)
    world.cloud.settle()
    state = world.aws_for(world.account, REGION).describe_stack(stack.stack_id)
    assert state is not None
    record_description(state, at=world.now)
    page = reverse("request", kwargs={"pk": request.pk})
    text = browser(world.olivia).get(page).content.decode()
    assert "This plan is no longer current." in text
    assert "Your decision" not in text
    client = browser(world.bob)
    assert "Plan again" in client.get(page).content.decode()
    answer = client.post(
        reverse("approve", kwargs={"pk": request.pk}),
        {"digest": request.plan.digest, "typed_name": environment.name},
    )
    assert answer.status_code == HTTPStatus.FORBIDDEN
    conflict = browser(world.olivia).post(
        reverse("approve", kwargs={"pk": request.pk}),
        {"digest": request.plan.digest, "typed_name": environment.name},
    )
    assert conflict.status_code == HTTPStatus.CONFLICT
    client.post(reverse("plan_again", kwargs={"pk": request.pk}))
    assert changes.again(request).state == "withdrawn"
    assert Request.objects.filter(kind="change", state="planning").count() == 1


def test_the_form_says_that_a_harmless_change_starts_without_an_approval(world: World) -> None:
    environment = world.create()
    client = browser(world.bob)
    form = reverse("change", kwargs={"pk": environment.pk})
    assert "a change that replaces or deletes no data starts at once" in client.get(form).content.decode()
    client.post(form, form_of(client, environment) | {"input_note": "something"})
    request = Request.objects.get(kind="change")
    text = client.get(reverse("request", kwargs={"pk": request.pk})).content.decode()
    assert "it starts right after, because size dev needs no approval" in text


def test_a_refused_change_shows_what_differs(world: World, changes: Changes, version: Version) -> None:
    environment = world.create(size="staging")
    request = changes.plan(environment, blueprint=version("0.2.0", *RENAMED))
    approve_request(
        actor=world.olivia, request=request, digest=request.plan.digest, typed_name=request.environment.name
    )
    stack = world.aws_stack()
    Outsider(world.cloud).protect(stack, enabled=not stack.protected)
    world.until_rest(environment)
    text = browser(world.bob).get(reverse("request", kwargs={"pk": request.pk})).content.decode()
    assert "This plan is no longer current. Plan again." in text
    assert re.search(r"<li[^>]*>[^<]*termination protection", text)
    page = browser(world.bob).get(reverse("environment", kwargs={"pk": environment.pk})).content.decode()
    assert "1 of this request" in page  # making the plan was no attempt


def test_a_change_that_changes_nothing_says_only_that(world: World, changes: Changes) -> None:
    environment = world.create()
    request = changes.plan(environment)
    text = browser(world.bob).get(reverse("request", kwargs={"pk": request.pk})).content.decode()
    assert "Nothing would change in AWS." in text
    assert "If it fails" not in text


def test_a_protected_resource_without_data_is_not_said_to_hold_data(
    world: World, changes: Changes, version: Version
) -> None:
    environment = world.create(size="staging")
    request = changes.plan(environment, blueprint=version("0.2.0", *RENAMED))
    text = browser(world.olivia).get(reverse("request", kwargs={"pk": request.pk})).content.decode()
    assert "1 with data affected" in text
    removed = text.index("Removed</h2>")
    assert removed < text.index("It holds no data itself, but the stack policy protects it.")


def test_warnings_of_cloudformation_and_changed_security_checks_are_on_the_page(world: World, changes: Changes) -> None:
    environment = world.create()
    proof = Plan.objects.get(environment=environment)
    finding = Finding("made-up", "low", "Title", "It was open before.", (), ("BucketFiles",), "main", "Close it.")
    stored = Proof.from_json(proof.proof)
    proof.proof = replace(stored, findings=(*stored.findings, finding)).as_json()
    proof.save()
    world.cloud.validations.append(
        OperationEvent(
            event_id="warning",
            at=world.now,
            type="VALIDATION_ERROR",
            logical_id="BucketFiles",
            reason="The account has 100 of 100 buckets.",
            validation_mode="WARN",
        )
    )
    request = changes.plan(environment, note="something")
    assert request.state == "done"
    text = browser(world.bob).get(reverse("request", kwargs={"pk": request.pk})).content.decode()
    assert "CloudFormation warns about BucketFiles: The account has 100 of 100 buckets." in text
    assert "<b>Resolved:</b> It was open before." in text
