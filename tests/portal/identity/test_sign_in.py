"""The sign-in: who gets in, how often somebody may try, and what the audit log says about it."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import PBKDF2PasswordHasher, make_password
from django.db import connections
from django.http import HttpResponse
from django.test import Client
from pytest_django import Settings

from portal import settings as product
from portal.identity import hashing
from portal.identity.budgets import Budget, may_note, network_of, spend
from portal.identity.hashing import Gate, HashingBusyError, LimitedArgon2
from provisioning.lifecycle import clock
from provisioning.models import AttemptBudget, AuditEvent, User
from tests.portal.conftest import People

RIGHT = "correct horse battery"
REAL_HASHERS = ["portal.identity.hashing.LimitedArgon2", "portal.identity.hashing.LimitedPBKDF2"]


def attempt(
    username: str = "alice",
    password: str = "wrong",  # noqa: S107 - wrong, so no secret
    *,
    client: Client | None = None,
    address: str = "192.0.2.1",
    **more: str,
) -> HttpResponse:
    sent = {"username": username, "password": password, **more}
    return (client or Client()).post("/sign-in/", sent, REMOTE_ADDR=address)  # type: ignore[return-value]


def said(response: HttpResponse) -> str:
    found = re.search(r'id="denied">([^<]*)<', response.content.decode())
    return found[1] if found else ""


def events() -> list[tuple[str, str]]:
    return list(AuditEvent.objects.order_by("id").values_list("action", "subject"))


class MovedClock:
    """The database's clock, some time later."""

    def __init__(self, later: timedelta) -> None:
        self._later, self._real = later, clock.DatabaseClock()

    def now(self) -> object:
        return self._real.now() + self._later

    def uptime(self) -> float:
        return self._real.uptime()


def test_alice_signs_in_and_lands_where_she_wanted_to_go(people: People) -> None:
    client = Client()
    assert (
        attempt(password=RIGHT, client=client, next="/environments/?state=").headers["Location"]
        == "/environments/?state="
    )
    assert client.get("/").status_code == 200
    assert client.get("/sign-in/?next=/requests/").headers["Location"] == "/requests/"
    event = AuditEvent.objects.get()
    assert (event.action, event.actor, event.address) == ("sign_in:succeed", people.alice, "192.0.2.1")


def test_a_wrong_password_and_an_unknown_name_look_the_same(people: People) -> None:
    known, unknown = attempt("alice"), attempt("nobody")
    assert (known.status_code, said(known)) == (422, "Wrong user name or password.")
    assert (unknown.status_code, said(unknown)) == (known.status_code, said(known))
    assert {*known.headers} == {*unknown.headers}


@pytest.mark.parametrize("username", ["", "a\0b", "n" * 500, "alice\r\n", "ａｌｉｃｅ2"])
def test_odd_names_are_wrong_names(username: str, people: People) -> None:
    assert said(attempt(username)) == "Wrong user name or password."
    assert [action for action, _ in events()] == ["sign_in:fail"]


def test_deactivated_and_service_users_do_not_get_in(people: People) -> None:
    User.objects.create_user("robot", password=RIGHT, is_service=True)
    User.objects.create_user("gone", password=RIGHT, is_active=False)
    for name in ("robot", "gone"):
        assert said(attempt(name, RIGHT)) == "Wrong user name or password."


def test_the_audit_log_never_has_what_was_typed(people: People) -> None:
    attempt("alice", "my secret password")
    attempt("my secret password", "my secret password")
    assert [action for action, _ in events()] == ["sign_in:fail", "sign_in:fail"]
    assert events()[0][1] == "alice"
    assert re.fullmatch(r"unknown [0-9a-f]{16}", events()[1][1])
    assert "secret" not in str(list(AuditEvent.objects.values())) + str(list(AttemptBudget.objects.values()))


def test_after_ten_wrong_passwords_alice_waits(people: People, settings: Settings) -> None:
    settings.SIGN_IN_ATTEMPTS_PER_ACCOUNT = 3
    for _ in range(3):
        assert attempt().status_code == 422
    refused = attempt(password=RIGHT)
    assert refused.status_code == 429
    assert re.fullmatch(
        r"Too many attempts to sign in\. Try again in (1 minute|\d\d seconds), after \d\d:\d\d:\d\d UTC\.",
        said(refused),
    )
    assert 50 <= int(refused.headers["Retry-After"]) <= 60
    assert events()[-1] == ("sign_in:throttle", "alice")
    assert attempt(password=RIGHT, address="192.0.2.2").status_code == 302, (
        "an attacker does not lock her out elsewhere"
    )
    with clock.using(MovedClock(timedelta(seconds=61))):  # type: ignore[arg-type]
        assert attempt(password=RIGHT).status_code == 302
    assert attempt().status_code == 422, "a success gives the attempts back"


def test_an_unknown_name_is_limited_like_a_known_one(people: People, settings: Settings) -> None:
    settings.SIGN_IN_ATTEMPTS_PER_ACCOUNT = 2
    statuses = {name: [attempt(name).status_code for _ in range(3)] for name in ("alice", "nobody")}
    assert statuses["alice"] == statuses["nobody"] == [422, 422, 429]
    assert attempt("ALICE").status_code == 429, "another spelling is the same name"


def test_one_address_may_not_try_many_names(people: People, settings: Settings) -> None:
    settings.SIGN_IN_ATTEMPTS_PER_ADDRESS = 4
    assert [attempt(f"name-{n}").status_code for n in range(5)] == [422] * 4 + [429]
    assert attempt("alice", RIGHT).status_code == 429
    assert attempt("alice", RIGHT, address="192.0.2.2").status_code == 302


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:0:7:1:2:3:4", "2001:db8:0:7::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
        ("unix:", "unix:"),
    ],
)
def test_a_client_is_an_ipv4_address_or_a_64(address: str, network: str) -> None:
    assert network_of(address) == network


def test_the_addresses_of_one_64_share_their_budget(people: People, settings: Settings) -> None:
    settings.SIGN_IN_ATTEMPTS_PER_ADDRESS = 4
    statuses = [attempt(f"name-{n}", address=f"2001:db8::{n + 1}").status_code for n in range(5)]
    assert statuses == [422] * 4 + [429]
    assert attempt("alice", RIGHT, address="2001:db8:0:1::1").status_code == 302, "the next network"


def test_throttled_attempts_do_not_fill_the_audit_log(people: People, settings: Settings) -> None:
    settings.SIGN_IN_ATTEMPTS_PER_ACCOUNT = 1
    assert [attempt().status_code for _ in range(9)] == [422] + [429] * 8
    assert events() == [("sign_in:fail", "alice")] + [("sign_in:throttle", "alice")] * 5
    with clock.using(MovedClock(timedelta(seconds=12))):  # type: ignore[arg-type]
        assert [attempt().status_code for _ in range(2)] == [429] * 2
    assert len(events()) == 7, "one more after 12 seconds"


def test_many_networks_do_not_fill_the_audit_log_together(db: None) -> None:
    noted = [may_note("throttle", f"2001:db8:{n:x}::1") for n in range(140)]
    assert noted[:120] == [True] * 120
    assert sum(noted) < 140, "one a second after the first 120"
    assert may_note("busy", "192.0.2.1"), "another kind"


def test_many_addresses_may_not_try_one_name(people: People, settings: Settings) -> None:
    settings.SIGN_IN_ATTEMPTS_PER_ACCOUNT = 2
    statuses = [attempt(address=f"198.51.100.{n}").status_code for n in range(7)]
    assert statuses == [422] * 6 + [429]


def test_the_door_of_django_admin_is_the_same_door(people: People) -> None:
    client = Client()
    assert client.get("/admin/").headers["Location"] == "/sign-in/?next=/admin/"
    assert client.get("/admin/login/?next=/admin/").headers["Location"] == "/sign-in/?next=/admin/"
    assert client.post("/admin/login/", {"username": "alice", "password": RIGHT}).status_code == 405
    assert people.client("charlie").get("/admin/login/").status_code == 403
    assert people.client("charlie").post("/admin/logout/").headers["Location"] == "/sign-in/"
    assert events() == [("session:sign_out", "charlie")]


@pytest.mark.django_db(transaction=True)
def test_parallel_attempts_do_not_pass_the_limit_together() -> None:
    passed: list[int] = []
    start = threading.Barrier(8)

    def hammer() -> None:
        start.wait()
        passed.extend(spend([Budget("account:x", 5, timedelta(hours=1), resets=True)]) for _ in range(3))
        connections.close_all()

    threads = [threading.Thread(target=hammer) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(wait == 0 for wait in passed) == [False] * 19 + [True] * 5


def test_a_refused_attempt_costs_no_budget(db: None) -> None:
    plenty, little = (Budget(f"k:{n}", n, timedelta(hours=1), resets=True) for n in (9, 1))
    assert spend([plenty, little]) == 0
    before = AttemptBudget.objects.get(key="k:9").full_at
    assert spend([plenty, little]) > 3_500
    assert AttemptBudget.objects.get(key="k:9").full_at == before


def test_new_passwords_have_argon2_and_old_hashes_are_replaced_at_sign_in(people: People, settings: Settings) -> None:
    settings.PASSWORD_HASHERS = REAL_HASHERS
    old = PBKDF2PasswordHasher().encode(RIGHT, "salt", 10)
    User.objects.filter(pk=people.alice.pk).update(password=old)
    assert attempt(password="wrong").status_code == 422
    assert attempt(password=RIGHT).status_code == 302
    people.alice.refresh_from_db()
    assert people.alice.password.startswith("argon2$argon2id$v=19$m=19456,t=2,p=1$")
    assert attempt(password=RIGHT).status_code == 302


@pytest.mark.parametrize("kinds", [{"argon2"}, {"argon2", "pbkdf2_sha256"}], ids=["new hashes", "some old hashes"])
def test_every_wrong_attempt_costs_the_same_hashes(
    kinds: set[str], people: People, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PASSWORD_HASHERS = REAL_HASHERS
    User.objects.update(password=make_password(RIGHT))
    if len(kinds) > 1:
        User.objects.filter(username="bob").update(password=PBKDF2PasswordHasher().encode(RIGHT, "salt", 10))
    User.objects.filter(username="olivia").update(password="!")
    monkeypatch.setattr(hashing.LimitedPBKDF2, "iterations", 100)
    computed: list[str] = []
    for hasher in (hashing.LimitedArgon2, hashing.LimitedPBKDF2):
        for name in ("encode", "verify"):
            monkeypatch.setattr(hasher, name, _counted(getattr(hasher, name), hasher.algorithm, computed))
    costs = {}
    for name in ("alice", "bob", "olivia", "nobody"):
        computed.clear()
        assert attempt(name).status_code == 422
        costs[name] = sorted(set(computed))
    assert set(map(tuple, costs.values())) == {tuple(sorted(kinds))}


def _counted(function: Callable[..., object], name: str, computed: list[str]) -> Callable[..., object]:
    def counted(*args: object, **kwargs: object) -> object:
        computed.append(name)
        return function(*args, **kwargs)

    return counted


def test_the_gate_admits_one_lets_two_wait_and_refuses_the_rest() -> None:
    gate, inside, leave = Gate(1, 1), threading.Event(), threading.Event()

    def hold() -> None:
        with gate.entered(), gate.entered():
            inside.set()
            leave.wait()

    first, second = threading.Thread(target=hold), threading.Thread(target=hold)
    first.start()
    inside.wait()
    second.start()
    while gate._places._value:  # until the second one waits
        pass
    with pytest.raises(HashingBusyError), gate.entered():
        pass
    leave.set()
    first.join()
    second.join()
    with gate.entered():
        pass


def test_a_full_gate_answers_503_with_a_sentence(
    people: People, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings.PASSWORD_HASHERS = REAL_HASHERS
    settings.SIGN_IN_ATTEMPTS_PER_ACCOUNT = 1
    monkeypatch.setattr(hashing, "gate", Gate(0, 0))
    for _ in range(9):
        busy = attempt(password=RIGHT)
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "1")
    assert "Many people are signing in" in busy.content.decode()
    assert events() == [("sign_in:throttle", "alice")] * 5, "in the log, not without limit, and paid back"
    assert Client().get("/sign-in/").status_code == 200
    with pytest.raises(HashingBusyError):
        LimitedArgon2().encode("x", "y" * 8)


def test_without_local_passwords_only_the_superuser_has_one(people: People, settings: Settings) -> None:
    settings.LOCAL_PASSWORDS, settings.SSO_ISSUER = False, "https://id.example.org"
    User.objects.create_superuser("root", password=RIGHT)
    assert said(attempt(password=RIGHT)) == "Wrong user name or password."
    assert "Emergency access" in Client().get("/sign-in/").content.decode()
    assert attempt("root", RIGHT).status_code == 302


def test_the_product_uses_these_hashers() -> None:
    """The tests use a fast hash; the product does not."""
    assert product.PASSWORD_HASHERS == REAL_HASHERS
