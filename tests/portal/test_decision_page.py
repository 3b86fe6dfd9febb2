"""The page that people decide on: votes, questions, what others do meanwhile, and where it leads."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from provisioning.lifecycle.rules.scope import Scope
from provisioning.lifecycle.rules.settings import RequiredApprovals
from provisioning.lifecycle.services.delegations import delegate_approvals
from provisioning.lifecycle.services.questions import ask_question
from provisioning.models import Environment, Request, User
from tests.lifecycle.rules.support import write_rule
from tests.portal.conftest import People, put


@pytest.fixture
def waiting(people: People) -> Request:
    return people.ask("shop", size="prod")


def text_of(people: People, name: str, request: Request) -> str:
    return people.client(name).get(f"/requests/{request.pk}/").content.decode()


def live(people: People, name: str, request: Request, *, version: int, digest: str = "") -> str:
    return f"/requests/{request.pk}/live/?v={version}&plan={digest or request.plan.digest}"


def test_the_page_says_what_is_needed_and_who_may_still_approve(waiting: Request, people: People) -> None:
    User.objects.create_user("oscar", first_name="Oscar", is_approver=True)
    write_rule(Scope(), approvals=(RequiredApprovals("create", approvers=2),))
    text = text_of(people, "bob", waiting)
    assert "Needs 2 more approvals by approvers." in text
    assert "Olivia, Oscar may still approve." in text
    assert ", version 1, Ada" in text
    olivia = people.client("olivia")
    answer = olivia.post(f"/requests/{waiting.pk}/approve/", {"digest": waiting.plan.digest, "note": "Fine <b>"})
    assert answer.headers["Location"] == f"/requests/{waiting.pk}/", "further approvals are needed"
    text = text_of(people, "olivia", waiting)
    assert "Needs 1 more approval by approvers." in text
    assert "Oscar may still approve." in text
    assert "Fine &lt;b&gt;" in text
    assert "Your decision" not in text


def test_the_last_approval_leads_to_the_environment(waiting: Request, people: People) -> None:
    answer = people.client("olivia").post(f"/requests/{waiting.pk}/approve/", {"digest": waiting.plan.digest})
    assert answer.headers["Location"] == f"/environments/{waiting.environment_id}/"


def test_a_question_goes_to_the_team_and_comes_back(waiting: Request, people: People) -> None:
    olivia, alice = people.client("olivia"), people.client("alice")
    assert olivia.post(f"/requests/{waiting.pk}/ask/", {"note": " "}).status_code == 422
    olivia.post(f"/requests/{waiting.pk}/ask/", {"note": "Why <i>three</i> zones?"})
    assert "Question asked" in alice.get("/").content.decode()
    text = text_of(people, "alice", waiting)
    assert "Answer the question" in text
    assert "Why &lt;i&gt;three&lt;/i&gt; zones?" in text
    empty = alice.post(f"/requests/{waiting.pk}/answer/", {"text": ""})
    assert (empty.status_code, "Enter an answer." in empty.content.decode()) == (422, True)
    alice.post(f"/requests/{waiting.pk}/answer/", {"text": "The contract says so."})
    assert "Question asked" not in alice.get("/").content.decode()
    assert "The contract says so." in text_of(people, "olivia", waiting)


def test_nobody_asks_or_answers_without_the_right(waiting: Request, people: People) -> None:
    for name, what in (("alice", "ask"), ("olivia", "answer")):
        answer = people.client(name).post(f"/requests/{waiting.pk}/{what}/", {"note": "x", "text": "x"})
        assert answer.status_code == 403
    for what in ("ask", "answer"):
        assert people.client("charlie").post(f"/requests/{waiting.pk}/{what}/", {"note": "x"}).status_code == 404


def test_an_open_page_asks_cheaply_and_gets_what_others_did(
    waiting: Request, people: People, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    version = Environment.objects.get(pk=waiting.environment_id).version
    alice = people.client("alice")
    with django_assert_max_num_queries(3):  # session and person included
        answer = alice.get(live(people, "alice", waiting, version=version))
    assert (answer.status_code, answer.content) == (204, b"")
    ask_question(actor=people.olivia, request=waiting, text="Why?")
    answer = alice.get(live(people, "alice", waiting, version=version))
    assert answer.status_code == 200
    assert '<p id="request-news" class="visually-hidden" role="status">Olivia asked a question.</p>' in (
        answer.content.decode()
    )
    assert 'role="status"></p>' in text_of(people, "alice", waiting), "a page that is opened announces nothing"


def test_another_plan_loads_the_page_again(waiting: Request, people: People) -> None:
    answer = people.client("olivia").get(live(people, "olivia", waiting, version=0, digest="0" * 64))
    assert (answer.status_code, answer.headers["HX-Refresh"]) == (204, "true")


def test_an_open_page_says_that_it_was_decided_and_stops_asking(waiting: Request, people: People) -> None:
    version = Environment.objects.get(pk=waiting.environment_id).version
    people.client("olivia").post(f"/requests/{waiting.pk}/reject/", {"note": "Too big."})
    text = people.client("bob").get(live(people, "bob", waiting, version=version)).content.decode()
    assert "no longer pending approval: Rejected. Olivia decided on it." in text
    assert '<div id="poller"></div>' in text


def test_the_last_day_of_the_calendar_is_too_late_for_a_delegation(people: People) -> None:
    typed = {"delegate": "bob", "last_day": "9999-12-31", "reason": "Holidays."}
    answer = people.client("olivia").post("/delegation/", typed)
    text = answer.content.decode()
    assert (answer.status_code, "at most 60 days from now" in text, 'name="delegate"' in text) == (422, True, True)


def test_a_person_who_stands_in_sees_it_for_that_time_only(waiting: Request, people: People) -> None:
    people.otto = User.objects.create_user("otto", first_name="Otto")  # type: ignore[attr-defined]
    otto = people.client("otto")
    assert otto.get(f"/requests/{waiting.pk}/").status_code == 404
    delegate_approvals(
        actor=people.olivia,
        delegate=User.objects.get(username="otto"),
        ends_at=timezone.now() + timedelta(days=3),
        reason="Holidays.",
    )
    text = otto.get(f"/requests/{waiting.pk}/").content.decode()
    assert "You decide for Olivia and use their one vote." in text
    assert "shop" in otto.get("/requests/?awaiting=me").content.decode()
    assert "Olivia’s approvals are decided by Otto until" in text_of(people, "bob", waiting)
    put(User.objects.get(username="otto"), delegate_until=timezone.now() - timedelta(seconds=1))
    assert otto.get(f"/requests/{waiting.pk}/").status_code == 404


def test_a_production_request_is_compared_with_the_teams_smaller_environment(
    running: Environment, people: People
) -> None:
    asked = people.ask("shop", size="prod")
    text = text_of(people, "olivia", asked)
    assert f'Compared with <a href="/environments/{running.pk}/">{running.name}</a>' in text
    charlie = people.ask("cargo", size="prod", actor=people.charlie, team=people.logistics)
    assert running.name not in text_of(people, "olivia", charlie)


def test_the_teardown_of_data_asks_for_the_name_at_the_approval_too(running: Environment, people: People) -> None:
    from provisioning.lifecycle.services.teardown import preview_teardown, request_teardown  # noqa: PLC0415

    write_rule(Scope(), approvals=(RequiredApprovals("teardown", approvers=1),))
    digest = preview_teardown(actor=people.bob, environment=running).digest
    asked = request_teardown(actor=people.bob, environment=running, typed_name=running.name, expected_digest=digest)
    assert (asked.state, asked.is_dangerous) == ("waiting", True)
    olivia = people.client("olivia")
    text = text_of(people, "olivia", asked)
    assert "This deletes data." in text
    assert 'class="card danger" id="decision"' in text
    sent = {"digest": asked.plan.digest, "typed_name": "another"}
    assert olivia.post(f"/requests/{asked.pk}/approve/", sent).status_code == 422
    asked.refresh_from_db()
    assert asked.state == "waiting"
    olivia.post(f"/requests/{asked.pk}/approve/", sent | {"typed_name": running.name})
    asked.refresh_from_db()
    assert asked.state == "approved"


@pytest.mark.parametrize("what", ["approve", "reject", "ask", "answer"])
def test_no_link_decides(waiting: Request, people: People, what: str) -> None:
    assert people.client("olivia").get(f"/requests/{waiting.pk}/{what}/").status_code == 405
    waiting.refresh_from_db()
    assert waiting.state == "waiting"
