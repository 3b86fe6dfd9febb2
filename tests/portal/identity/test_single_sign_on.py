"""Single sign-on with a real OpenID Connect provider."""

from __future__ import annotations

import json
import re

import pytest
from django.test import Client
from pytest_django import Settings

from portal.identity.sessions import AUTHENTICATED_AT
from provisioning.models import AuditEvent, ExternalIdentity, Membership, Request, Role, User
from tests.portal.conftest import People
from tests.portal.identity.conftest import Provider
from tests.portal.identity.test_signing_in_again import carried_by

GROUPS = {
    "payments-devs": "payments:operator",
    "payments-leads": ["payments:owner", "logistics:viewer"],
    "deciders": "approver",
    "platform": ["admin", "auditor"],
    "ghosts": "no-such-team:viewer",
}


@pytest.fixture(autouse=True)
def _mapping(settings: Settings) -> None:
    settings.SSO_GROUPS = json.dumps(GROUPS)


def rights(user: User) -> tuple[dict[str, str], list[str]]:
    teams = dict(Membership.objects.filter(user=user).values_list("team__slug", "role"))
    return teams, [flag for flag in ("is_approver", "is_admin", "is_auditor", "is_superuser") if getattr(user, flag)]


def vera() -> User:
    return User.objects.get(username="vera")


def test_vera_signs_in_and_her_groups_give_her_teams_and_roles(provider: Provider, people: People) -> None:
    provider.set_groups("vera", "payments-devs", "payments-leads", "deciders", "ghosts", "unmapped")
    client = Client()
    assert "Continue with Example ID" in client.get("/sign-in/").content.decode()
    answer = provider.sign_in(client, "vera", url="/sign-in/sso/?next=/environments/")
    assert answer.headers["Location"] == "/environments/"
    assert client.get("/environments/").status_code == 200
    assert rights(vera()) == ({"payments": Role.OWNER, "logistics": Role.VIEWER}, ["is_approver"])
    assert (vera().first_name, vera().has_usable_password()) == ("Vera", False)
    assert vera().email == "", "the provider did not say that it is verified"
    actions = list(AuditEvent.objects.filter(actor=vera()).order_by("id").values_list("action", flat=True))
    assert actions == ["identity:link", "identity:update", "sign_in:succeed"]

    provider.set_groups("vera", "payments-devs", "platform")
    assert provider.sign_in(Client(), "vera").status_code == 302
    assert rights(vera()) == ({"payments": Role.OPERATOR}, ["is_admin", "is_auditor"])
    provider.set_groups("vera")
    assert provider.sign_in(Client(), "vera").status_code == 302
    assert rights(vera()) == ({}, [])
    last = AuditEvent.objects.filter(action="identity:update").latest("id")
    assert (last.before, last.after) == (
        {"teams": {"payments": "operator"}, "roles": ["admin", "auditor"]},
        {"teams": {}, "roles": []},
    )
    assert User.objects.filter(username__startswith="vera").count() == 1


def test_what_was_given_here_is_not_taken_away_there(provider: Provider, people: People) -> None:
    provider.set_groups("vera", "payments-devs")
    provider.sign_in(Client(), "vera")
    User.objects.filter(username="vera").update(is_auditor=True)
    Membership.objects.create(user=vera(), team=people.logistics, role=Role.OWNER)
    provider.set_groups("vera", "payments-leads", "platform")
    provider.sign_in(Client(), "vera")
    assert rights(vera()) == ({"payments": Role.OWNER, "logistics": Role.OWNER}, ["is_admin", "is_auditor"])
    provider.set_groups("vera")
    provider.sign_in(Client(), "vera")
    assert rights(vera()) == ({"logistics": Role.OWNER}, ["is_auditor"])


def test_a_name_or_an_address_gives_nobody_an_account(provider: Provider, people: People) -> None:
    User.objects.filter(pk=people.olivia.pk).update(email="olivia@example.org")
    provider.set_groups("olivia")
    client = Client()
    assert provider.sign_in(client, "olivia").status_code == 302
    other = ExternalIdentity.objects.get().user
    assert (other.username, other.is_approver) == ("olivia-2", False)


def test_olivia_connects_her_account_herself(provider: Provider, people: People) -> None:
    provider.set_groups("olivia", "platform")
    client = people.client("olivia")
    assert "Connect with Example ID" in client.get("/profile/").content.decode()
    assert provider.sign_in(client, "olivia", url="/sign-in/sso/?for=connect").headers["Location"] == "/profile/"
    again = Client()
    provider.sign_in(again, "olivia")
    assert again.get("/profile/").context["page"].user == people.olivia
    assert rights(User.objects.get(pk=people.olivia.pk))[1] == ["is_approver", "is_admin", "is_auditor"]
    taken = provider.sign_in(people.client("alice"), "olivia", url="/sign-in/sso/?for=connect")
    assert (taken.status_code, "belongs to another account" in taken.content.decode()) == (409, True)


def test_a_deactivated_person_does_not_get_in(provider: Provider, people: People) -> None:
    provider.sign_in(Client(), "vera")
    User.objects.filter(username="vera").update(is_active=False)
    client = Client()
    assert provider.sign_in(client, "vera").status_code == 403
    assert client.get("/").headers["Location"] == "/sign-in/"


@pytest.mark.parametrize("how", ["unsigned", "foreign key", "nonce", "no audience", "audience", "issuer", "expired"])
def test_a_forged_token_lets_nobody_in(how: str, provider: Provider, people: People) -> None:
    client = Client()
    provider.tamper(how)
    answer = provider.sign_in(client, "vera")
    assert answer.status_code == 422
    assert "Wrong user name" not in answer.content.decode()
    assert client.get("/").headers["Location"] == "/sign-in/"
    assert not User.objects.filter(username="vera").exists()
    assert AuditEvent.objects.latest("id").action == "sign_in:fail"
    assert provider.sign_in(client, "vera").status_code == 302, "a good one does"


def test_the_answer_is_good_once_and_in_the_browser_that_asked(provider: Provider, people: People) -> None:
    client, thief = Client(), Client()
    callback = provider.visit(client, "vera")
    assert thief.get(callback).status_code == 422
    provider.visit(thief, "vera")
    assert thief.get(callback).status_code == 422, "another state"
    assert client.get(callback.replace("state=", "state=x")).status_code == 422
    assert client.get(callback).status_code == 422, "the attempt is over"
    callback = provider.visit(client, "vera")
    assert client.get(callback).status_code == 302
    client.post("/sign-out/")
    assert client.get(callback).status_code == 422


def test_the_provider_says_no_or_nothing(provider: Provider, people: People, settings: Settings) -> None:
    client = Client()
    client.get("/sign-in/sso/")
    refused = client.get("/sign-in/sso/callback/?error=access_denied&state=x")
    assert (refused.status_code, "access_denied" in refused.content.decode()) == (422, True)
    settings.SSO_ISSUER = "http://127.0.0.1:9"
    away = client.get("/sign-in/sso/")
    assert (away.status_code, "The provider does not answer" in away.content.decode()) == (422, True)
    settings.SSO_ISSUER = ""
    assert client.get("/sign-in/sso/").status_code == client.get("/sign-in/sso/callback/").status_code == 404


def test_failures_of_strangers_do_not_fill_the_audit_log(people: People, settings: Settings) -> None:
    settings.SSO_ISSUER = "http://127.0.0.1:9"
    statuses = {Client().get("/sign-in/sso/callback/").status_code for _ in range(9)}
    assert (statuses, AuditEvent.objects.count()) == ({422}, 5)
    alice = people.client("alice")
    for _ in range(9):
        alice.get("/sign-in/sso/callback/")
    assert AuditEvent.objects.filter(subject="alice", action="sign_in:fail").count() == 9, "she is known"


def test_metadata_of_another_issuer_are_refused(provider: Provider, people: People, settings: Settings) -> None:
    settings.SSO_ISSUER = f"{provider.issuer}/"
    answer = Client().get("/sign-in/sso/")
    assert (answer.status_code, "another issuer" in answer.content.decode()) == (422, True)


def test_vera_signs_in_again_at_the_provider_and_her_approval_goes_on(provider: Provider, people: People) -> None:
    waiting: Request = people.ask("shop", size="prod")
    provider.set_groups("vera", "deciders")
    client = Client()
    provider.sign_in(client, "vera")
    session = client.session
    session[AUTHENTICATED_AT] -= 3_600
    session.save()

    url = f"/requests/{waiting.pk}/approve/"
    page = client.post(url, {"digest": waiting.plan.digest, "note": "Two\nlines", "accept_findings": "on"})
    text = page.content.decode()
    assert "Continue with Example ID" in text
    assert "sign_in_again_password" not in text
    leave = client.post("/sign-in/sso/again/", {**carried_by(page), "sign_in_again_action": url})
    assert 'http-equiv="refresh" content="0; url=/sign-in/sso/?for=again"' in leave.content.decode()
    assert "lines" not in json.dumps(dict(client.session.items())), "encrypted"
    provider.tamper("old")
    assert provider.sign_in(client, "vera", url="/sign-in/sso/?for=again").status_code == 422
    assert provider.sign_in(client, "olivia", url="/sign-in/sso/?for=again").status_code == 422, "somebody else"
    back = provider.sign_in(client, "vera", url="/sign-in/sso/?for=again")
    assert back.headers["Location"] == "/sign-in/continue/"
    going_on = client.get("/sign-in/continue/")
    assert re.search(rf'<form method="post" action="{url}"[^>]*data-send-at-once', going_on.content.decode())
    assert client.post(url, carried_by(going_on)).headers["Location"] == f"/environments/{waiting.environment_id}/"
    waiting.refresh_from_db()
    assert (waiting.state, waiting.decided_by) == ("approved", vera())
    assert client.get("/sign-in/continue/").headers["Location"] == "/", "what was kept is gone"
