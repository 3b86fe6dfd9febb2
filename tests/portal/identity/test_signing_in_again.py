"""Before an approval and before a production teardown, a person signs in again, and the POST goes on."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from pytest_django import Settings

from portal.identity.reauthentication import FIELD, SENT_FIELD, requires_recent_sign_in
from portal.identity.sessions import AUTHENTICATED_AT, was_authenticated_within
from provisioning.models import Plan, Request
from tests.portal.conftest import People

RIGHT = "correct horse battery"


def long_ago(client: Client) -> Client:
    """Move the moment of the client's sign-in into the past."""
    session = client.session
    session[AUTHENTICATED_AT] -= 3_600
    session.save()
    return client


def carried_by(page: HttpResponse) -> dict[str, str]:
    """The fields that a browser would post from the page."""
    found = re.findall(r'<textarea name="([^"]+)" hidden readonly>\n(.*?)</textarea>', page.content.decode(), re.DOTALL)
    return {name: html.unescape(value) for name, value in found}


@pytest.fixture
def waiting(people: People) -> Request:
    return people.ask("shop", size="prod")


def test_olivia_signs_in_again_before_she_approves(waiting: Request, people: People) -> None:
    olivia, url = long_ago(people.client("olivia")), f"/requests/{waiting.pk}/approve/"
    typed = {"digest": waiting.plan.digest, "note": "Line one\nline <two> & “three”", "accept_findings": "on"}
    page = olivia.post(url, typed)
    assert (page.status_code, page.headers["Cache-Control"]) == (200, "no-store")
    assert carried_by(page) == typed
    waiting.refresh_from_db()
    assert waiting.state == "waiting"

    wrong = olivia.post(url, {**carried_by(page), FIELD: "wrong"})
    assert (wrong.status_code, "Wrong password." in wrong.content.decode()) == (422, True)
    assert "wrong" not in carried_by(wrong).values()
    waiting.refresh_from_db()
    assert waiting.state == "waiting"

    answer = olivia.post(url, {**carried_by(wrong), FIELD: RIGHT})
    assert answer.headers["Location"] == f"/environments/{waiting.environment_id}/"
    waiting.refresh_from_db()
    assert (waiting.state, waiting.decided_by) == ("approved", people.olivia)


def test_strangers_cannot_keep_olivia_from_signing_in_again(
    waiting: Request, people: People, settings: Settings
) -> None:
    settings.SIGN_IN_ATTEMPTS_PER_ACCOUNT, settings.SIGN_IN_ATTEMPTS_PER_ADDRESS = 1, 4
    typed = {"username": "olivia", "password": "wrong"}
    sent = [Client().post("/sign-in/", typed, REMOTE_ADDR=f"192.0.2.{n}").status_code for n in range(4)]
    assert sent == [422] * 3 + [429], "her name"
    sent = [Client().post("/sign-in/", {**typed, "username": f"name-{n}"}).status_code for n in range(5)]
    assert sent == [422] * 4 + [429], "her address"
    olivia, url = long_ago(people.client("olivia")), f"/requests/{waiting.pk}/approve/"
    fields = {"digest": waiting.plan.digest, "note": "Fine", "accept_findings": "on", FIELD: RIGHT}
    assert olivia.post(url, fields).status_code == 302
    waiting.refresh_from_db()
    assert waiting.state == "approved"


def test_guesses_in_a_session_have_their_own_limit(waiting: Request, people: People) -> None:
    olivia, url = long_ago(people.client("olivia")), f"/requests/{waiting.pk}/approve/"
    statuses = [olivia.post(url, {FIELD: "wrong"}, REMOTE_ADDR=f"192.0.2.{n}").status_code for n in range(6)]
    assert statuses == [422] * 5 + [429]
    assert olivia.post(url, {FIELD: RIGHT}).status_code == 429
    sign_in = Client().post("/sign-in/", {"username": "olivia", "password": RIGHT})
    assert sign_in.status_code == 302, "she may sign in"


def test_another_persons_password_does_not_help(waiting: Request, people: People) -> None:
    people.charlie.set_password("charlie's own password")
    people.charlie.save()
    olivia = long_ago(people.client("olivia"))
    answer = olivia.post(f"/requests/{waiting.pk}/approve/", {FIELD: "charlie's own password"})
    assert answer.status_code == 422


def test_a_session_without_a_moment_of_sign_in_is_not_recent(people: People) -> None:
    client = Client()
    client.force_login(people.olivia)
    assert not was_authenticated_within(client.session, 10**9)
    session = people.client("olivia").session
    session[AUTHENTICATED_AT] += 600
    assert not was_authenticated_within(session, 3_600)


@pytest.mark.parametrize(("size", "asked"), [("prod", True), ("dev", False)])
def test_only_a_production_teardown_asks_again(size: str, asked: bool, people: People) -> None:
    environment = people.ask("other", size=size).environment
    bob = long_ago(people.client("bob"))
    page = bob.post(f"/environments/{environment.pk}/teardown/", {"typed_name": "other"})
    assert ("Sign in again" in page.content.decode()) is asked
    assert bob.get(f"/environments/{environment.pk}/teardown/").status_code != 422


def test_an_outsider_is_not_asked_but_sees_404(people: People) -> None:
    environment = people.ask("other", size="prod").environment
    charlie = long_ago(people.client("charlie"))
    assert charlie.post(f"/environments/{environment.pk}/teardown/").status_code == 404


def posted(
    view: Callable[..., HttpResponse], client: Client, people: People, fields: dict[str, object]
) -> HttpResponse:
    request = RequestFactory().post("/somewhere/?a=b", fields, headers={"HX-Request": "true"})
    request.user, request.session = people.olivia, client.session
    return view(request)


def test_the_view_sees_its_own_fields_only_and_htmx_shows_the_page_whole(people: People) -> None:
    seen: list[dict[str, list[str]]] = []

    @requires_recent_sign_in
    def view(request: HttpRequest) -> HttpResponse:
        seen.append(dict(request.POST.lists()))
        return HttpResponse("done")

    olivia = long_ago(people.client("olivia"))
    page = posted(view, olivia, people, {"a": ["1", "2"]})
    assert (page.headers["HX-Retarget"], page.headers["HX-Reswap"]) == ("body", "innerHTML")
    assert 'action="/somewhere/?a=b"' in page.content.decode()
    assert seen == []
    posted(view, olivia, people, {"a": ["1", "2"], FIELD: RIGHT})
    assert seen == [{"a": ["1", "2"]}]


def sent_at(page: HttpResponse) -> str:
    found = re.search(r'name="sign_in_again_sent" value="([^"]+)"', page.content.decode())
    assert found is not None
    return html.unescape(found[1])


@pytest.mark.parametrize("recent", [False, True], ids=["not signed in meanwhile", "signed in in another tab"])
def test_a_page_that_was_left_open_does_nothing_days_later(
    recent: bool, waiting: Request, people: People, monkeypatch: pytest.MonkeyPatch
) -> None:
    olivia, url = long_ago(people.client("olivia")), f"/requests/{waiting.pk}/approve/"
    typed = {"digest": waiting.plan.digest, "note": "Fine", "accept_findings": "on"}
    now = signing.time.time()
    with monkeypatch.context() as patch:
        patch.setattr(signing.time, "time", lambda: now - 15 * 60 - 1)
        page = long_ago(olivia).post(url, typed)
    if recent:
        olivia = people.client("olivia")
    late = olivia.post(url, {**carried_by(page), SENT_FIELD: sent_at(page), FIELD: RIGHT})
    assert (late.status_code, carried_by(late)) == (422, typed)
    assert "more than 15 minutes ago, and nothing was done" in late.content.decode()
    waiting.refresh_from_db()
    assert waiting.state == "waiting"

    wrong = long_ago(olivia).post(url, {**carried_by(late), SENT_FIELD: sent_at(late), FIELD: "wrong"})
    assert sent_at(wrong) == sent_at(late), "a wrong password does not make it younger"
    olivia.post(url, {**carried_by(wrong), SENT_FIELD: sent_at(wrong), FIELD: RIGHT})
    waiting.refresh_from_db()
    assert waiting.state == "approved"


def test_a_time_that_the_portal_has_not_signed_is_too_old(waiting: Request, people: People) -> None:
    olivia = people.client("olivia")
    fields = {"digest": waiting.plan.digest, SENT_FIELD: f":{'x' * 6}:{'y' * 43}"}
    assert olivia.post(f"/requests/{waiting.pk}/approve/", fields).status_code == 422
    waiting.refresh_from_db()
    assert waiting.state == "waiting"


def test_the_digest_that_the_page_carries_must_be_that_of_now(waiting: Request, people: People) -> None:
    olivia, url = long_ago(people.client("olivia")), f"/requests/{waiting.pk}/approve/"
    page = olivia.post(url, {"digest": waiting.plan.digest, "note": "Fine", "accept_findings": "on"})
    Plan.objects.filter(pk=waiting.plan_id).update(digest="f" * 64)
    late = olivia.post(url, {**carried_by(page), SENT_FIELD: sent_at(page), FIELD: RIGHT})
    assert late.status_code == 409
    waiting.refresh_from_db()
    assert waiting.state == "waiting"
