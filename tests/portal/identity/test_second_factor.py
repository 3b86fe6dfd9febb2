"""The second factor: an authenticator app, and recovery codes in its place."""

from __future__ import annotations

import re
from datetime import timedelta
from io import StringIO

import pyotp
import pytest
from django.core.management import CommandError, call_command
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from portal.identity.credentials import Denied, Step
from portal.identity.second_factor import begin_set_up, check_code, confirm_set_up, pending_secret, remove_second_factor
from portal.identity.sessions import AUTHENTICATED_AT
from provisioning.lifecycle import clock
from provisioning.models import AuditEvent, RecoveryCode, SecondFactor, User
from tests.portal.conftest import People
from tests.portal.identity.test_sign_in import RIGHT, MovedClock, attempt, said


def code_of(secret: str, *, steps: int = 0) -> str:
    return str(pyotp.TOTP(secret).at(clock.now(), counter_offset=steps))


def set_up(user: User) -> tuple[str, list[str]]:
    """Return the secret and the recovery codes. The first code is used up."""
    begin_set_up(user)
    secret = pending_secret(user)
    assert secret is not None
    codes = confirm_set_up(user, code_of(secret, steps=-1))
    assert isinstance(codes, list)
    return secret, codes


def half_signed_in(username: str) -> Client:
    client = Client()
    assert (
        attempt(username, RIGHT, client=client, next="/requests/").headers["Location"]
        == "/sign-in/code/?next=/requests/"
    )
    return client


def send(client: Client, code: str) -> HttpResponse:
    url = "/sign-in/code/?next=/requests/"
    return client.post(url, {"code": code}, REMOTE_ADDR="192.0.2.1")  # type: ignore[return-value]


def test_olivia_sets_it_up_on_her_profile(people: People) -> None:
    olivia = people.client("olivia")
    assert olivia.post("/profile/second-factor/start/").headers["Location"] == "/profile/second-factor/"
    secret = pending_secret(people.olivia)
    assert secret is not None
    page = olivia.get("/profile/second-factor/").content.decode()
    assert "".join(re.findall(r'class="mono break">([A-Z2-7 ]+)<', page)[0].split()) == secret
    assert "<svg" in page
    assert f"otpauth://totp/Portal:olivia?secret={secret}" in page
    assert attempt("olivia", RIGHT).headers["Location"] == "/", "it does not count yet"

    wrong = olivia.post("/profile/second-factor/confirm/", {"code": "000000"})
    assert (wrong.status_code, said(wrong)[:18]) == (422, "Wrong or used code")
    shown = olivia.post("/profile/second-factor/confirm/", {"code": code_of(secret)}).content.decode()
    codes = re.findall(r"<li>([a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4}-[a-z2-7]{4})</li>", shown)
    assert len(set(codes)) == 10
    assert "10 of your recovery codes are left" in olivia.get("/profile/").content.decode()
    assert AuditEvent.objects.latest("id").action == "second_factor:add"
    stored = str(list(SecondFactor.objects.values())) + str(list(RecoveryCode.objects.values()))
    assert secret not in stored
    assert not any(code in stored or code.replace("-", "") in stored for code in codes)


def test_olivia_signs_in_with_password_and_code(people: People) -> None:
    secret, _ = set_up(people.olivia)
    olivia = half_signed_in("olivia")
    assert olivia.get("/requests/").status_code == 302, "the password alone lets nobody in"
    wrong = send(olivia, "123 45")
    assert (wrong.status_code, said(wrong)[:18]) == (422, "Wrong or used code")
    code = code_of(secret)
    assert send(olivia, f"{code[:3]} {code[3:]}").headers["Location"] == "/requests/"
    assert olivia.get("/requests/").status_code == 200
    assert send(half_signed_in("olivia"), code).status_code == 422, "a code is good once"
    assert send(half_signed_in("olivia"), code_of(secret, steps=-1)).status_code == 422
    event = AuditEvent.objects.get(action="sign_in:succeed")
    assert event.detail["method"] == "password and code"
    assert AuditEvent.objects.filter(action="sign_in:fail_second_factor", subject="olivia").count() == 3


def test_a_recovery_code_is_good_once(people: People) -> None:
    _, codes = set_up(people.olivia)
    assert send(half_signed_in("olivia"), codes[0].upper()).status_code == 302
    assert send(half_signed_in("olivia"), codes[0]).status_code == 422
    assert AuditEvent.objects.get(action="second_factor:recover").detail == {"left": 9}


def test_codes_cannot_be_guessed(people: People) -> None:
    secret, codes = set_up(people.olivia)
    olivia = half_signed_in("olivia")
    statuses = [send(olivia, "000000").status_code for _ in range(6)]
    assert statuses == [422] * 5 + [429]
    assert send(olivia, codes[0]).status_code == 429, "neither can recovery codes"
    assert {send(olivia, "000000").status_code for _ in range(9)} == {429}
    assert AuditEvent.objects.filter(action="sign_in:throttle").count() == 5, "the log is not filled"
    with clock.using(MovedClock(timedelta(minutes=6))):  # type: ignore[arg-type]
        assert check_code(people.olivia, code_of(secret), Step.SIGN_IN) is None


def test_the_half_sign_in_ends_with_the_password_and_with_time(people: People) -> None:
    secret, _ = set_up(people.olivia)
    olivia, late = half_signed_in("olivia"), half_signed_in("olivia")
    session = late.session
    session["sign_in_pending"] = {**session["sign_in_pending"], "at": 1}
    session.save()
    assert send(late, code_of(secret)).headers["Location"].startswith("/sign-in/?")
    people.olivia.set_password("another long password")
    people.olivia.save()
    assert send(olivia, code_of(secret)).headers["Location"].startswith("/sign-in/?")
    assert Client().get("/sign-in/code/").headers["Location"] == "/sign-in/"


@pytest.mark.parametrize("role", ["is_approver", "is_admin", "is_superuser", ""])
def test_where_the_setting_says_so_admins_and_approvers_need_one(role: str, people: People, settings: Settings) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    if role:
        User.objects.filter(pk=people.alice.pk).update(**{role: True})
    alice = people.client("alice")
    page, script, sent = (
        alice.get("/environments/"),
        alice.get("/environments/", headers={"HX-Request": "true"}),
        alice.post("/adopt/"),
    )
    if not role:
        assert (page.status_code, script.status_code) == (200, 200)
        return
    assert page.headers["Location"] == sent.headers["Location"] == "/profile/#second-factor"
    assert (script.status_code, script.headers["Portal-Sign-In"]) == (403, "/profile/#second-factor")
    assert "Set up a second factor first." in alice.get("/profile/").content.decode()
    alice.post("/profile/second-factor/start/")
    secret = pending_secret(people.alice)
    assert secret is not None
    alice.post("/profile/second-factor/confirm/", {"code": code_of(secret)})
    assert alice.get("/environments/").status_code == 200
    assert ">Remove<" not in alice.get("/profile/").content.decode()


def test_bob_removes_his_and_renews_his_codes_after_signing_in_again(people: People) -> None:
    other = Client()
    attempt("bob", RIGHT, client=other)
    secret, codes = set_up(people.bob)
    bob = people.client("bob")
    session = bob.session
    session[AUTHENTICATED_AT] -= 3_600
    session.save()
    asked = bob.post("/profile/second-factor/codes/").content.decode()
    assert "Code of your authenticator app" in asked
    only_password = bob.post("/profile/second-factor/codes/", {"sign_in_again_password": RIGHT})
    assert only_password.status_code == 422
    both = {"sign_in_again_password": RIGHT, "sign_in_again_code": code_of(secret)}
    assert bob.post("/profile/second-factor/codes/", both).status_code == 200
    assert isinstance(check_code(people.bob, codes[1], Step.SIGN_IN), Denied), "former codes are gone"
    assert bob.post("/profile/second-factor/remove/").headers["Location"] == "/profile/"
    assert [client.get("/environments/").status_code for client in (bob, other)] == [200, 302], (
        "a lost phone is signed in"
    )
    assert attempt("bob", RIGHT).headers["Location"] == "/"
    assert not RecoveryCode.objects.filter(user=people.bob).exists()
    remove_second_factor(people.bob, actor=people.alice)
    assert AuditEvent.objects.filter(action="second_factor:remove").count() == 1


def test_a_command_helps_people_who_lost_their_phone(people: People) -> None:
    olivia = Client()
    attempt("olivia", RIGHT, client=olivia)
    set_up(people.olivia)
    call_command("reset_second_factor", "olivia", stdout=StringIO())
    assert attempt("olivia", RIGHT).headers["Location"] == "/"
    assert olivia.get("/requests/").headers["Location"] == "/sign-in/?next=/requests/", "her sessions have ended"
    event = AuditEvent.objects.get(action="second_factor:remove")
    assert (event.actor, event.subject) == (None, "olivia")
    for name, sentence in (("olivia", "has no second factor"), ("nobody", "no user of this name")):
        with pytest.raises(CommandError, match=sentence):
            call_command("reset_second_factor", name)


def test_a_second_start_does_not_replace_a_factor_that_counts(people: People) -> None:
    set_up(people.bob)
    before = SecondFactor.objects.get(user=people.bob).secret
    assert people.client("bob").post("/profile/second-factor/start/").status_code == 409
    begin_set_up(people.bob)
    assert SecondFactor.objects.get(user=people.bob).secret == before
