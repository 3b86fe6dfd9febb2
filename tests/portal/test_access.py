"""Who gets in where: every address of the portal, for nobody, for an outsider, for a member and for
an approver.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.test import Client
from django.urls import URLPattern, reverse

from portal.urls import pages
from provisioning.models import AuditEvent, Environment
from tests.portal.conftest import SLUG, People

SIGN_IN = {"sign_in", "sign_in_code", "sign_in_sso", "sign_in_sso_callback"}
PUBLIC = {"healthz", "sign_out", "invitation", "open_invitation", "set_password", *SIGN_IN}
CHANGES = {
    "approve",
    "reject",
    "ask_question",
    "answer_question",
    "end_delegation",
    "withdraw",
    "try_again",
    "preview",
    "sign_out",
    "sign_in_sso_again",
    "change_password",
    "start_second_factor",
    "confirm_second_factor",
    "remove_second_factor",
    "renew_recovery_codes",
    "end_sessions",
    "check_drift",
    "accept_drift",
    "put_back",
    "audit_export",
    "evidence",
    "dismiss_setup",
    "read_account_outputs",
    "test_account",
    "open_account",
    "close_account",
    "remove_account",
    "remove_account_team",
    "rename_team",
    "delete_team",
    "add_member",
    "change_member_role",
    "remove_member",
    "withdraw_invitation",
    "update_person",
    "password_link",
    "confirm_person",
    "deactivate_person",
    "reactivate_person",
    "give_role",
    "take_role",
    "decide_role",
    "withdraw_offer",
    "accept_offer",
    "decline_offer",
    "test_own_mail",
    "test_channel",
    "switch_on_channel",
    "remove_channel",
    "rotate_webhook",
    "test_webhook",
    "switch_webhook",
    "remove_webhook",
    "redeliver_webhook",
    "forbid_destination",
    "revoke_token",
}


def addresses(environment: Environment) -> Iterator[tuple[str, str]]:
    """Each named pattern with an address that exists."""
    request = environment.requests.latest("requested_at")
    nothing = "00000000-0000-4000-8000-000000000000"
    person = str(environment.created_by_id)
    others = {
        "team": environment.team.slug,
        **dict.fromkeys(("member", "person"), person),
        **dict.fromkeys(("invitation", "change", "offer"), nothing),
        "role": "approver",
        "decision": "confirm",
        "token": "x",
        "uidb64": "x",
    }
    for pattern in pages:
        assert isinstance(pattern, URLPattern)
        assert pattern.name
        route = str(pattern.pattern)
        kwargs = {}
        if "<slug:slug>" in route:
            kwargs["slug"] = SLUG
        if "<slug:kind>" in route:
            kwargs["kind"] = "postgres"
        if "<version:before>" in route:
            version = environment.blueprint_version.version
            kwargs |= {"before": version, "after": version}
        if "<slug:name>" in route:
            kwargs["name"] = "onboarding"
        if "<uuid:team>" in route:
            kwargs["team"] = str(environment.team_id)
        if "<uuid:pk>" in route:
            keys = {"requests": request.pk, "rules": nothing, "accounts": environment.account_id}
            kwargs["pk"] = str(keys.get(route.partition("/")[0], environment.pk))
        if "<int:pk>" in route:
            kwargs["pk"] = str(AuditEvent.objects.filter(environment=environment).latest("id").pk)
        kwargs |= {name: text for name, text in others.items() if f":{name}>" in route and name not in kwargs}
        yield pattern.name, reverse(pattern.name, kwargs=kwargs)


def test_nobody_is_sent_to_sign_in_from_everywhere(gone: Environment, client: Client) -> None:
    seen = 0
    for name, url in addresses(gone):
        for answer in (client.get(url), client.post(url)):
            if name in PUBLIC:
                assert "/sign-in/?next" not in answer.headers.get("Location", ""), name
            else:
                assert (answer.status_code, answer.headers["Location"].split("?")[0]) == (302, "/sign-in/"), name
        seen += 1
    assert seen == len(pages)


def test_an_outsider_finds_nothing_of_another_team(gone: Environment, people: People) -> None:
    charlie = people.client("charlie")
    tried = 0
    for name, url in addresses(gone):
        if str(gone.pk) not in url and "/requests/" not in url.removesuffix("/requests/"):
            continue
        if name == "forbid_destination":  # it belongs to no team, and only portal admins know of it
            continue
        get, post = charlie.get(url), charlie.post(url)
        assert {get.status_code, post.status_code} <= {404, 405}, name
        assert 404 in {get.status_code, post.status_code}, name
        assert gone.name not in get.content.decode() + post.content.decode(), name
        tried += 1
    assert tried >= 9


def test_lists_of_an_outsider_are_empty(gone: Environment, people: People) -> None:
    charlie = people.client("charlie")
    for url in ("/", "/environments/?state=", "/requests/"):
        assert gone.name not in charlie.get(url).content.decode()


def test_an_approver_sees_everything_and_operates_nothing(running: Environment, people: People) -> None:
    olivia = people.client("olivia")
    assert olivia.get(f"/environments/{running.pk}/").status_code == 200
    assert running.name in olivia.get("/environments/").content.decode()
    assert olivia.get(f"/environments/{running.pk}/teardown/").status_code == 403
    assert olivia.post(f"/environments/{running.pk}/retry/").status_code == 403
    assert olivia.get(f"/catalogue/{SLUG}/request/").status_code == 403


def test_a_member_decides_on_nothing(people: People) -> None:
    asked = people.ask("shop", size="prod")
    answer = people.client("alice").post(f"/requests/{asked.pk}/approve/", {"digest": asked.plan.digest})
    asked.refresh_from_db()
    assert (answer.status_code, asked.state) == (403, "waiting")


@pytest.mark.parametrize("name", sorted(CHANGES))
def test_what_changes_something_takes_post_only(name: str, gone: Environment, people: People) -> None:
    url = dict(addresses(gone))[name]
    assert people.client("bob").get(url).status_code == 405


def test_a_post_without_a_token_is_refused(people: People) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(people.bob)
    answer = client.post(f"/catalogue/{SLUG}/request/", people.form())
    assert answer.status_code == 403
    assert "expired" in answer.content.decode()


def test_pages_forbid_inline_script_and_style(running: Environment, people: People) -> None:
    answer = people.client("bob").get(f"/environments/{running.pk}/")
    policy = answer.headers["Content-Security-Policy"]
    text = answer.content.decode()
    assert "script-src 'self'" in policy
    assert "unsafe" not in policy
    assert " style=" not in text
    assert " onclick=" not in text
    assert "<script>" not in text


def test_the_next_page_after_signing_in_is_one_of_ours(people: People, client: Client) -> None:
    sent = {"username": "bob", "password": "correct horse battery", "next": "https://evil.example/"}
    assert client.post("/sign-in/", sent).headers["Location"] == "/"
