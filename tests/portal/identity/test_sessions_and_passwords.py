"""Sessions, their end, and the change of a password."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.test import Client
from django.utils import timezone
from pytest_django import Settings

from portal.identity import breached
from portal.identity.breached import BreachedPasswordValidator, count_breaches
from portal.identity.credentials import PASSWORD_LIMIT
from portal.identity.sessions import AUTHENTICATED_AT, STARTED_AT, USED_AT
from portal.pages.profile.page import browser_of
from provisioning.lifecycle.access import revoke
from provisioning.models import AuditEvent, SignInSession, User
from tests.portal.conftest import People
from tests.portal.identity.test_sign_in import RIGHT, attempt

NEW = "a brand-new passphrase"
FIREFOX = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:140.0) Gecko/20100101 Firefox/140.0"


def signed_in(username: str, *, user_agent: str = FIREFOX, address: str = "192.0.2.1") -> Client:
    client = Client(headers={"user-agent": user_agent}, REMOTE_ADDR=address)
    assert attempt(username, RIGHT, client=client, address=address).status_code == 302
    return client


def shift(client: Client, key: str, seconds: int) -> None:
    session = client.session
    session[key] -= seconds
    session.save()


def is_in(client: Client) -> bool:
    return client.get("/requests/").status_code == 200


def change(client: Client, **fields: str) -> HttpResponse:
    sent = {"current_password": RIGHT, "new_password": NEW, "new_password_again": NEW, **fields}
    return client.post("/profile/password/", sent)  # type: ignore[return-value]


@pytest.mark.parametrize(
    ("key", "seconds", "over"), [(USED_AT, 7_000, False), (USED_AT, 7_300, True), (STARTED_AT, 43_300, True)]
)
def test_a_session_ends_when_it_is_idle_or_old(key: str, seconds: int, over: bool, people: People) -> None:
    bob = signed_in("bob")
    shift(bob, key, seconds)
    assert is_in(bob) is not over
    assert AuditEvent.objects.filter(action="session:expire", actor=people.bob).exists() is over
    assert is_in(bob) is not over


def test_a_page_that_refreshes_itself_does_not_keep_the_session_alive(people: People) -> None:
    bob = signed_in("bob")
    shift(bob, USED_AT, 3_600)
    then = bob.session[USED_AT]
    bob.get("/requests/", headers={"HX-Request": "true"})
    assert bob.session[USED_AT] == then
    bob.get("/requests/")
    assert bob.session[USED_AT] >= then + 3_600
    assert (timezone.now() - SignInSession.objects.get(user=people.bob).last_used_at).total_seconds() < 60


def test_bob_ends_one_session_and_then_all_others(people: People) -> None:
    here, phone = (
        signed_in("bob"),
        signed_in("bob", user_agent="Mozilla/5.0 (iPhone) Safari/604.1", address="2001:db8::7"),
    )
    third, foreign = signed_in("bob"), signed_in("alice")
    page = here.get("/profile/").content.decode()
    for text in ("Firefox on Windows", "this one", "Safari on iPhone", "2001:db8::7", "End all other sessions"):
        assert text in page
    row = SignInSession.objects.get(user=people.bob, address="2001:db8::7")
    assert here.post("/profile/sessions/end/", {"session": str(row.pk)}).headers["Location"] == "/profile/"
    assert [is_in(client) for client in (here, phone, third, foreign)] == [True, False, True, True]
    assert here.post("/profile/sessions/end/", {"others": "1"}).status_code == 302
    assert [is_in(client) for client in (here, third, foreign)] == [True, False, True]
    assert AuditEvent.objects.filter(action="session:end", actor=people.bob).count() == 2


def test_sessions_are_ended_by_people_who_have_proved_who_they_are(people: People) -> None:
    here, other = signed_in("bob"), signed_in("bob")
    shift(here, AUTHENTICATED_AT, 3_600)
    assert "Sign in again" in here.post("/profile/sessions/end/", {"others": "1"}).content.decode()
    assert is_in(other)


def test_nothing_of_a_long_password_is_cut_off(people: People) -> None:
    longest = "x" * PASSWORD_LIMIT
    people.bob.set_password(longest)
    people.bob.save()
    assert [attempt("bob", typed).status_code for typed in (longest + "y", longest)] == [422, 302]


def test_nobody_ends_a_session_of_somebody_else_or_their_own(people: People) -> None:
    alice, bob = signed_in("alice"), signed_in("bob")
    hers, his = (SignInSession.objects.get(user=user) for user in (people.alice, people.bob))
    for value, status in ((str(hers.pk), 404), ("nonsense", 404), (str(his.pk), 422)):
        assert bob.post("/profile/sessions/end/", {"session": value}).status_code == status
    assert is_in(alice)
    assert is_in(bob)


def test_all_sessions_end_when_a_person_is_deactivated(people: People) -> None:
    bob = signed_in("bob")
    User.objects.filter(pk=people.bob.pk).update(is_active=False)
    revoke(people.bob, at=timezone.now())
    assert not is_in(bob)
    User.objects.filter(pk=people.bob.pk).update(is_active=True)
    assert not is_in(bob)


def test_a_new_password_ends_the_other_sessions_and_keeps_this_one(people: People) -> None:
    here, other = signed_in("bob"), signed_in("bob")
    answer = change(here)
    assert answer.headers["Location"] == "/profile/"
    assert "1 other session ended" in here.get("/profile/").content.decode()
    assert [is_in(here), is_in(other)] == [True, False]
    assert SignInSession.objects.filter(user=people.bob).count() == 1
    assert attempt("bob", RIGHT).status_code == 422
    assert attempt("bob", NEW).status_code == 302
    event = AuditEvent.objects.get(action="password:change")
    assert (event.actor, event.detail) == (people.bob, {"sessions_ended": 1})


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"current_password": "wrong"}, "Wrong password."),
        ({"new_password_again": "another"}, "The two new passwords differ."),
        ({"new_password": "short", "new_password_again": "short"}, "at least 12 characters"),
        ({"new_password": "a b" + " " * 20, "new_password_again": "a b" + " " * 20}, "several spaces count as one"),
        ({"new_password": "aB3 " * 33, "new_password_again": "aB3 " * 33}, "at most 128 characters"),
        ({"new_password": "password1234", "new_password_again": "password1234"}, "too common"),
        ({"new_password": RIGHT, "new_password_again": RIGHT}, "This is the current password."),
        ({"new_password": ""}, "Enter the new password."),
    ],
)
def test_a_password_that_is_not_good_enough_is_named_at_its_field(
    fields: dict[str, str], sentence: str, people: People
) -> None:
    bob = people.client("bob")
    answer = change(bob, **fields)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert sentence in text
    assert text.count("autofocus") == 1
    assert NEW not in text
    people.bob.refresh_from_db()
    assert people.bob.check_password(RIGHT)


def test_the_current_password_cannot_be_guessed_here(people: People, settings: Settings) -> None:
    settings.SIGN_IN_ATTEMPTS_PER_ACCOUNT = 2
    bob = people.client("bob")
    statuses = [change(bob, current_password="wrong").status_code for _ in range(3)]
    assert statuses == [422, 422, 429]


def sha1_of(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest().upper()


class Range(BaseHTTPRequestHandler):
    """Answers as Have I Been Pwned documents it: one password with a count, and padding."""

    leaked = "correct horse battery staple"
    mode = "ok"
    asked: list[str] = []
    release = threading.Event()

    def do_GET(self) -> None:
        self.asked.append(f"{self.path} {self.headers['Add-Padding']}")
        if self.mode == "slow":
            self.release.wait(20)
        rest = sha1_of(self.leaked)[5:]
        padding = sha1_of(NEW)[5:]
        body = f"0018A45C4D1DEF81644B54AB7F969B88D65:1\r\n{rest}:42\r\n{padding}:0".encode()
        self.send_response(200 if self.mode != "broken" else 500)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def pwned(settings: Settings) -> Iterator[type[Range]]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Range)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.BREACHED_PASSWORDS_URL = f"http://127.0.0.1:{server.server_port}/range/"
    Range.mode, Range.asked = "ok", []
    Range.release.clear()
    yield Range
    Range.release.set()
    server.shutdown()
    server.server_close()


def test_a_breached_password_is_refused_and_not_sent(pwned: type[Range], people: People) -> None:
    digest = sha1_of(pwned.leaked)
    answer = change(people.client("bob"), new_password=pwned.leaked, new_password_again=pwned.leaked)
    assert "appears 42 times in known data breaches" in answer.content.decode()
    assert pwned.asked == [f"/range/{digest[:5]} true"]
    BreachedPasswordValidator().validate(NEW)


@pytest.mark.parametrize("mode", ["broken", "slow", "away", "off"])
def test_without_an_answer_the_list_that_ships_decides(
    mode: str, pwned: type[Range], people: People, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    pwned.mode = mode
    monkeypatch.setattr(breached, "SECONDS", 0.1)
    if mode in {"away", "off"}:
        settings.BREACHED_PASSWORDS_URL = "http://127.0.0.1:9/range/" if mode == "away" else ""
    assert count_breaches(pwned.leaked) == 0
    common = change(people.client("bob"), new_password="password1234", new_password_again="password1234")
    assert "too common" in common.content.decode()
    assert change(people.client("bob")).status_code == 302


def test_the_sentence_counts(pwned: type[Range], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(breached, "count_breaches", lambda _password: 1)
    with pytest.raises(ValidationError, match="appears once in known data breaches"):
        BreachedPasswordValidator().validate("x")


@pytest.mark.parametrize(
    ("user_agent", "name"),
    [
        (FIREFOX, "Firefox on Windows"),
        (
            "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36 Edg/143.0",
            "Edge on Linux",
        ),
        ("curl/8.5.0", "curl/8.5.0"),
        ("", "Unknown browser"),
    ],
)
def test_browsers_have_names(user_agent: str, name: str) -> None:
    assert browser_of(user_agent) == name
