from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from provisioning.design.graph import OUTPUT_PARAMETERS
from provisioning.models import Environment, Operation, StackResource
from tests.portal.conftest import People, build, finish, put


@pytest.fixture
def fresh(people: People) -> Environment:
    """Half built."""
    environment = people.ask("orders-fresh").environment
    build(environment, ready=55, busy=7)
    put(Operation.objects.get(environment=environment), state="building")
    environment.refresh_from_db()
    return environment


def page(people: People, environment: Environment, name: str = "bob") -> str:
    return people.client(name).get(f"/environments/{environment.pk}/").content.decode()


def test_it_tells_how_far_a_creation_is(fresh: Environment, people: People) -> None:
    text = page(people, fresh)
    total = StackResource.objects.count()
    assert f"55 of {total} resources ready" in text
    assert "7 in progress" in text
    assert text.count('title="CREATE_IN_PROGRESS">creating</span>') == 7
    assert 'hx-trigger="every 2s"' in text
    assert f"/environments/{fresh.pk}/live/?v={fresh.version}" in text


def test_the_picture_carries_the_states(fresh: Environment, people: People) -> None:
    svg = re.search(r"<svg [^>]*class=\"pic\".*?</svg>", page(people, fresh), re.DOTALL)[0]  # type: ignore[index]
    assert 'class="pic-box is-ok"' in svg
    assert 'class="pic-box is-busy"' in svg
    assert 'class="pic-mark"' in svg


def test_resources_stand_in_the_order_in_which_they_depend(fresh: Environment, people: People) -> None:
    text = page(people, fresh)
    assert text.index('id="group-network.main"') < text.index('id="group-service.api"')


def test_outputs_are_links_or_can_be_copied(running: Environment, people: People) -> None:
    text = page(people, running)
    assert '<a class="mono break" href="https://orders.example.com"' in text
    assert "URL of the API" in text
    assert 'data-copy="orders-dev-documents"' in text
    assert "hx-trigger" not in text


def test_outputs_name_their_ssm_parameters_and_how_to_read_them(running: Environment, people: People) -> None:
    assert "get-parameters-by-path" not in page(people, running)
    path = f"/portal/payments/orders-dev-{running.generation}/outputs"
    rows = running.stacks.get().resources
    rows.create(
        logical_id="OutputParameterUrl", type="AWS::SSM::Parameter", address=OUTPUT_PARAMETERS,
        physical_id=f"{path}/Url", status="CREATE_COMPLETE",
    )  # fmt: skip
    text = page(people, running)
    assert f'SSM parameter <span class="mono">{path}/Url</span>' in text
    assert f'data-copy="aws ssm get-parameters-by-path --path {path} --region eu-north-1"' in text
    assert text.count(f"{path}/") == text.count(f"{path}/Url")
    rows.filter(address=OUTPUT_PARAMETERS).update(end="deleted")
    assert "get-parameters-by-path" not in page(people, running)


def test_it_says_which_secrets_wait_for_their_value(running: Environment, people: People) -> None:
    text = page(people, running)
    assert "Provide the Claude API key" in text
    assert "put-secret-value --region eu-north-1" in text
    assert "$CLAUDE_API_KEY" in text
    assert "Provide the JWT secret" not in text


def test_hostile_outputs_and_reasons_stay_text(running: Environment, people: People) -> None:
    stack = running.stacks.get()
    stack.outputs = {"Evil": "javascript:alert(1)", "<b>x</b>": "<script>alert(1)</script>"}
    stack.save()
    StackResource.objects.filter(stack=stack).update(reason="<img src=x onerror=alert(1)>", status="CREATE_FAILED")
    text = page(people, running)
    assert 'href="javascript' not in text
    assert "<script>alert" not in text
    assert "<img src=x" not in text


def test_a_failure_is_told_in_plain_words_with_the_next_action(failed: Environment, people: People) -> None:
    text = page(people, failed)
    assert "The account has reached a quota of AWS with the database." in text
    assert "Have it raised." in text
    assert "Resource handler returned message: quota exceeded" in text
    assert f'action="/environments/{failed.pk}/retry/"' in text
    assert "retry/" not in page(people, failed, "olivia")


def test_what_failed_stays_marked_after_the_rollback(failed: Environment, people: People) -> None:
    StackResource.objects.update(status="DELETE_COMPLETE", reason="", end="deleted")
    text = page(people, failed)
    assert re.search(r'class="pic-box is-bad"[^>]* data-address="postgres.main"', text)
    assert re.search(r'id="group-postgres.main" open>\s*<summary><span class="dot bad">', text)
    assert text.count('class="dot bad"') == 1
    assert "resources ready" not in text


def test_trying_again_starts_another_attempt(failed: Environment, people: People) -> None:
    bob = people.client("bob")
    assert bob.post(f"/environments/{failed.pk}/retry/").status_code == 302
    failed.refresh_from_db()
    assert failed.state == "creating"
    again = bob.post(f"/environments/{failed.pk}/retry/")
    assert again.status_code == 409
    assert "nothing to retry" in again.content.decode()
    assert f'href="/environments/{failed.pk}/"' in again.content.decode()


def test_a_poll_without_news_is_small(
    fresh: Environment, people: People, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    bob = people.client("bob")
    bob.get(f"/environments/{fresh.pk}/live/?v={fresh.version}")
    with django_assert_num_queries(6):  # session, user, version; that it is viewed, and how old its two rows are
        answer = bob.get(f"/environments/{fresh.pk}/live/?v={fresh.version}")
    assert (answer.status_code, answer.content) == (204, b"")


def test_a_poll_with_news_brings_the_parts_of_the_page(fresh: Environment, people: People) -> None:
    answer = people.client("bob").get(f"/environments/{fresh.pk}/live/?v=0", headers={"hx-request": "true"})
    text = answer.content.decode()
    assert answer.status_code == 200
    for part in ("env-top", "env-diagram", "env-outputs", "env-resources", "env-side"):
        assert re.search(rf'id="{part}"[^>]* hx-swap-oob="true"', text), part
    assert f"?v={fresh.version}" in text
    assert "<html" not in text


def test_at_rest_the_page_stops_asking(running: Environment, people: People) -> None:
    bob = people.client("bob")
    assert bob.get(f"/environments/{running.pk}/live/?v={running.version}").status_code == 286
    last = bob.get(f"/environments/{running.pk}/live/?v=0")
    assert last.status_code == 286
    assert "hx-trigger" not in last.content.decode()


def test_a_waiting_teardown_keeps_the_page_asking(people: People) -> None:
    asked = people.ask("shop", size="prod")
    text = page(people, asked.environment)
    assert "Nothing is created before that" in text
    assert 'hx-trigger="every 5s"' in text


def test_an_old_look_at_aws_is_told_and_fails_nothing(fresh: Environment, people: People) -> None:
    assert "Last contact with AWS" not in page(people, fresh)
    fresh.stacks.update(polled_at=timezone.now() - timedelta(minutes=5))
    assert "Last contact with AWS" in page(people, fresh)


def test_the_page_takes_as_many_queries_however_much_happened(
    running: Environment, people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    bob = people.client("bob")
    with django_assert_max_num_queries(18):
        bob.get(f"/environments/{running.pk}/")
    StackResource.objects.bulk_create(
        StackResource(
            stack=running.stacks.get(), logical_id=f"More{n}", type="AWS::SQS::Queue", status="CREATE_COMPLETE"
        )
        for n in range(300)
    )
    with django_assert_max_num_queries(18):
        bob.get(f"/environments/{running.pk}/")


@pytest.mark.parametrize(
    "state",
    ["requested", "creating", "running", "create_failed", "tearing_down", "teardown_failed", "gone", "withdrawn"],
)
def test_every_state_has_its_page(state: str, running: Environment, people: People) -> None:
    put(running, state=state)
    for name in ("bob", "olivia"):
        assert people.client(name).get(f"/environments/{running.pk}/").status_code == 200


def test_every_end_of_an_operation_has_its_page(people: People) -> None:
    for number, state in enumerate(("refused", "failed", "errored", "abandoned")):
        environment = people.ask(f"ends-{number}").environment
        finish(
            environment,
            "create_failed",
            state,
            "failed",
            cause=f"It ended: {state}.",
            step_data={"ended_in": "queued", "after": []},
        )
        assert f"It ended: {state}." in page(people, environment)
