"""After signing in, a person is back on the page where they were, whatever URL their form posts to."""

from __future__ import annotations

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client, RequestFactory
from django.urls import URLPattern

from portal.urls import pages
from portal.web.way_back import page_of, takes_get
from provisioning.models import Environment
from tests.portal.conftest import People
from tests.portal.identity.test_sign_in import RIGHT
from tests.portal.test_access import addresses

PK = "0f0f0f0f-0000-4000-8000-000000000000"


@pytest.mark.parametrize(
    ("method", "url", "headers", "page"),
    [
        ("GET", "/environments/?state=running", {}, "/environments/?state=running"),
        ("POST", f"/requests/{PK}/approve/", {"referer": f"http://testserver/requests/{PK}/"}, f"/requests/{PK}/"),
        ("POST", f"/requests/{PK}/approve/", {}, f"/requests/{PK}/"),
        ("POST", f"/requests/{PK}/approve/", {"referer": f"http://testserver/requests/{PK}/approve/"}, f"/requests/{PK}/"),
        ("GET", f"/requests/{PK}/approve/", {}, f"/requests/{PK}/"),
        ("POST", f"/requests/{PK}/reject/", {"referer": "https://evil.example/x/"}, f"/requests/{PK}/"),
        ("POST", f"/environments/{PK}/drift/put-back/", {}, f"/environments/{PK}/drift/"),
        ("POST", "/adopt/", {}, "/adopt/"),
        ("POST", "/sign-out/", {"referer": "http://testserver/sign-in/"}, "/"),
        ("POST", "/catalogue/a/request/preview/", {"hx-current-url": "http://testserver/catalogue/a/request/?size=dev"}, "/catalogue/a/request/?size=dev"),
        ("GET", f"/environments/{PK}/live/", {"hx-current-url": f"http://testserver/environments/{PK}/"}, f"/environments/{PK}/"),
    ],
)  # fmt: skip
def test_the_page_of_a_url(method: str, url: str, headers: dict[str, str], page: str) -> None:
    assert page_of(RequestFactory().generic(method, url, headers=headers)) == page


def test_every_url_that_is_returned_to_shows_a_page(gone: Environment, people: People) -> None:
    """What `takes_get` reads from a decorator's closure is what the URL answers."""
    views = {pattern.name: pattern.callback for pattern in pages if isinstance(pattern, URLPattern)}
    alice = people.client("alice")
    for name, url in addresses(gone):
        assert takes_get(views[name]) is (alice.get(url).status_code != 405), name


def test_an_ended_session_leads_back_to_the_page_of_the_form(people: People) -> None:
    asked = people.ask("shop", size="prod")
    client = Client()
    sent = client.post(f"/requests/{asked.pk}/approve/", {"note": "typed"})
    assert sent.headers["Location"] == f"/sign-in/?next=/requests/{asked.pk}/"
    signed_in = client.post(
        "/sign-in/", {"username": "olivia", "password": RIGHT, "next": f"/requests/{asked.pk}/"}, follow=True
    )
    assert (signed_in.status_code, signed_in.request["PATH_INFO"]) == (200, f"/requests/{asked.pk}/")


def test_a_script_is_sent_to_the_sign_in_with_401(people: People) -> None:
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/catalogue/amply/request/?size=dev"}
    answer = Client().post("/catalogue/amply/request/preview/", headers=headers)
    assert answer.status_code == 401
    assert answer.headers["Portal-Sign-In"] == "/sign-in/?next=/catalogue/amply/request/%3Fsize%3Ddev"


def test_a_page_that_does_not_exist_as_a_page_says_so(people: People) -> None:
    asked = people.ask("shop", size="prod")
    answer = people.client("olivia").get(f"/requests/{asked.pk}/approve/", headers={"accept": "text/html"})
    text = answer.content.decode()
    assert (answer.status_code, answer.headers["Allow"]) == (405, "POST")
    assert f'href="/requests/{asked.pk}/">Show the current state' in text
    assert "Nothing was done" in text
    assert people.client("olivia").get(f"/requests/{asked.pk}/approve/").content == b"", "programs get no page"


@pytest.mark.parametrize("who", ["nobody", "olivia"])
def test_a_form_that_has_expired_has_a_way_back(who: str, people: People) -> None:
    asked = people.ask("shop", size="prod")
    client = Client(enforce_csrf_checks=True)
    if who == "olivia":
        client.force_login(people.olivia)
    answer = client.post(f"/requests/{asked.pk}/approve/", {"note": "typed"})
    assert answer.status_code == 403
    assert f'href="/requests/{asked.pk}/">Back to the form' in answer.content.decode()


@pytest.mark.parametrize(
    ("path", "status", "headers"), [("/nope/", 404, {}), ("/sign-in/", 400, {"host": "evil.example"})]
)
def test_errors_have_a_page_for_anonymous_visitors(path: str, status: int, headers: dict[str, str], db: None) -> None:
    answer = Client(raise_request_exception=False).get(path, headers=headers)
    assert answer.status_code == status
    assert "<h1>" in answer.content.decode()
    assert "Sign out" not in answer.content.decode()


def test_errors_of_django_itself_have_pages_too(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for error, status, text in (
        (PermissionDenied, 403, "This page is not open to you"),
        (RuntimeError, 500, "Portal error"),
    ):

        def fail(*_args: object, error: type[Exception] = error, **_kwargs: object) -> object:
            raise error

        monkeypatch.setattr("portal.pages.sign_in.views.render_sign_in", fail)
        answer = Client(raise_request_exception=False).get("/sign-in/")
        assert (answer.status_code, text in answer.content.decode()) == (status, True)
