"""Programs of admins, owners and auditors: teams, members, accounts, tokens, orphans, the audit log."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from provisioning.lifecycle import clock
from provisioning.lifecycle.services.tokens import create_personal_token, create_service_token
from provisioning.models import ApiToken, AuditEvent, ExternalIdentity, Membership, SecondFactor, Team, User
from provisioning.notify.audience import recipients_of
from tests.portal.api.conftest import Program, program
from tests.portal.api.test_requests import body as request_body
from tests.portal.conftest import People


@pytest.fixture
def adas(people: People) -> Program:
    return program(User.objects.create_user("ada", is_admin=True))


def test_ada_creates_and_renames_a_team(adas: Program, bobs: Program) -> None:
    answer = adas.post("/teams", {"name": "Search", "slug": "search"})
    assert (answer.status, answer.json["slug"], answer.json["members"]) == (201, "search", 0), answer.content
    assert adas.post("/teams", {"name": "Other", "slug": "search"}).status == 422
    assert adas._send("PATCH", "/teams/search", {"name": "Search and find"}, {}).json["name"] == "Search and find"
    assert bobs.post("/teams", {"name": "Mine", "slug": "mine"}).status == 403
    assert [team["slug"] for team in bobs.get("/teams").json] == ["payments"]


def test_a_team_is_created_where_there_are_more_than_a_list_holds(adas: Program) -> None:
    Team.objects.bulk_create(Team(slug=f"a{number:04}", name=f"Team {number}") for number in range(1000))
    answer = adas.post("/teams", {"name": "Search", "slug": "search"})
    assert (answer.status, answer.json["slug"]) == (201, "search"), answer.content


def test_alice_adds_a_member_changes_the_role_and_removes_the_person(people: People, bobs: Program) -> None:
    alices = program(people.alice)
    added = alices.post("/teams/payments/members", {"username": "charlie", "role": "viewer"})
    assert {one["username"]: one["role"] for one in added.json}["charlie"] == "viewer"
    alices.post("/teams/payments/members", {"username": "charlie", "role": "operator"})
    assert Membership.objects.get(team=people.payments, user=people.charlie).role == "member"
    assert bobs.post("/teams/payments/members", {"username": "charlie", "role": "owner"}).status == 403
    assert alices.delete(f"/teams/payments/members/{people.charlie.pk}").status == 200
    assert alices.delete(f"/teams/payments/members/{people.charlie.pk}").status == 404
    assert alices.delete(f"/teams/payments/members/{people.alice.pk}").status == 422
    unknown = alices.post("/teams/payments/members", {"username": "nobody", "role": "viewer"})
    assert unknown.json["errors"][0]["field"] == "username"


def test_a_member_who_adds_nobody_does_not_learn_who_has_an_account(bobs: Program) -> None:
    answers = [
        bobs.post("/teams/payments/members", {"username": name, "role": "viewer"}) for name in ("charlie", "nobody")
    ]
    assert [answer.status for answer in answers] == [403, 403]
    assert answers[0].json == answers[1].json


def test_a_team_knows_its_accounts_and_an_outsider_knows_nothing(bobs: Program, charlies: Program) -> None:
    assert [one["name"] for one in bobs.get("/teams/payments/accounts").json] == ["acme-dev", "acme-prod"]
    for path in ("members", "accounts", "tokens"):
        assert charlies.get(f"/teams/payments/{path}").status == 404


def test_accounts_and_orphans_are_for_those_who_see_all_teams(people: People, adas: Program, bobs: Program) -> None:
    accounts = {one["name"]: one for one in adas.get("/accounts").json}
    assert accounts["acme-dev"]["teams"] == 2
    assert adas.get(f"/accounts/{people.dev.pk}/test").status == 404
    assert adas.get("/orphans").json == []
    for path in ("/accounts", f"/accounts/{people.dev.pk}/test", "/orphans"):
        assert bobs.get(path).status == 403, path


def test_tokens_are_listed_without_their_text_and_revoked(people: People, bobs: Program, charlies: Program) -> None:
    new = create_personal_token(actor=people.bob, name="nightly", scopes=["read"], days=3)
    listed = bobs.get("/tokens")
    assert [one["name"] for one in listed.json] == ["nightly", "a program"]
    assert new.text.encode() not in listed.content
    assert charlies.delete(f"/tokens/{new.token.pk}").status == 404
    assert bobs.delete(f"/tokens/{new.token.pk}").json["revoked_at"] is not None
    assert Program(new.text).get("/me").status == 401


def test_ada_ends_the_token_of_somebody_else_who_gets_a_message(people: People, adas: Program, bobs: Program) -> None:
    ada, new = (
        User.objects.get(username="ada"),
        create_personal_token(actor=people.bob, name="nightly", scopes=["read"], days=3),
    )
    address = f"/people/{people.bob.pk}/tokens"
    assert [one["name"] for one in adas.get(address).json] == ["nightly", "a program"]
    assert bobs.get(f"/people/{ada.pk}/tokens").status == 403
    assert bobs.delete(f"/tokens/{ApiToken.objects.get(owner=ada).pk}").status == 404
    assert adas.delete(f"/tokens/{new.token.pk}").json["revoked_at"] is not None
    assert Program(new.text).get("/me").status == 401
    event = AuditEvent.objects.get(action="token:revoke")
    assert (event.actor, event.subject) == (ada, "token nightly of bob")
    hears = recipients_of(event)
    assert hears is not None
    assert hears.people == (people.bob,)


@pytest.mark.parametrize("role", ["is_approver", "is_admin", "is_superuser", ""])
def test_where_the_setting_says_so_tokens_of_admins_and_approvers_need_one(
    people: People, bobs: Program, settings: Settings, role: str
) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    if role:
        User.objects.filter(pk=people.bob.pk).update(**{role: True})
    answer = bobs.get("/me")
    assert answer.status == (403 if role else 200)
    if not role:
        return
    assert answer.json["code"] == "second_factor_missing"
    at = clock.now()
    SecondFactor.objects.create(user=people.bob, secret="x", created_at=at, confirmed_at=at)
    assert bobs.get("/me").status == 200


def test_the_provider_of_single_sign_on_decides_on_its_own_factors(
    people: People, olivias: Program, settings: Settings
) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    settings.SSO_ISSUER = "https://id"
    at = clock.now()
    assert olivias.get("/me").status == 403
    ExternalIdentity.objects.create(
        user=people.olivia, issuer="https://id", subject="olivia", created_at=at, last_sign_in_at=at
    )
    assert olivias.get("/me").status == 200
    settings.SSO_ISSUER = "https://new"
    assert olivias.get("/me").status == 403, "she cannot sign in there any more"


def test_a_service_token_reads_and_operates_for_its_team_and_never_decides(people: People) -> None:
    text = create_service_token(
        actor=people.alice, team=people.payments, name="ci", scopes=["read", "operate"], days=3
    ).text
    assert Program(text).get("/me").json["is_service"] is True
    waiting = people.ask("shop", size="prod")
    answer = Program(text).post(f"/requests/{waiting.pk}/approve", {"digest": waiting.plan.digest})
    assert (answer.status, answer.json["code"]) == (403, "scope_missing")
    assert [one["name"] for one in program(people.bob).get("/teams/payments/tokens").json] == ["ci"]


def test_auditors_and_owners_read_the_audit_log(people: People, bobs: Program) -> None:
    people.ask("shop", size="prod")
    otto = program(User.objects.create_user("otto", is_auditor=True))
    events = otto.get("/audit?limit=1").json
    assert events["next_cursor"]
    found = otto.get("/audit?action=request:create").json["items"]
    assert [(one["actor"], one["team"], one["environment"]) for one in found] == [("bob", "Payments", "shop")]
    assert otto.get("/audit?cursor=x").status == 422
    assert otto.get("/audit?action=request:create&last_day=9999-12-31").json["items"] == found
    assert otto.get("/audit?words=%00").json["code"] == "bad_request"
    assert program(people.alice).get("/audit?who=bob").json["items"]
    assert program(people.charlie).get("/audit?who=bob").json["items"] == []
    assert bobs.get("/audit").status == 403


def test_olivia_asks_and_bob_answers(people: People, bobs: Program, olivias: Program, charlies: Program) -> None:
    base = f"/requests/{people.ask('shop', size='prod').pk}"
    assert olivias.post(f"{base}/questions", {"text": "Who is on call?"}).json["is_question"] is True
    assert bobs.post(f"{base}/questions", {"text": "Me?"}).status == 403
    assert bobs.post(f"{base}/answers", {"text": "Alice."}).status == 200
    assert [one["author"] for one in olivias.get(f"{base}/comments").json] == ["olivia", "bob"]
    assert charlies.get(f"{base}/comments").status == 404


def test_nobody_approves_what_they_sent_with_a_service_token(people: People) -> None:
    people.alice.is_approver = True
    people.alice.save()
    text = create_service_token(
        actor=people.alice, team=people.payments, name="ci", scopes=["read", "operate"], days=3
    ).text
    sent = Program(text).post("/requests", request_body("shop", size="prod")).json
    decided = {"digest": sent["digest"]}
    refused = program(people.alice).post(f"/requests/{sent['id']}/approve", decided)
    assert (refused.status, "your own request" in refused.json["detail"]) == (403, True)
    assert program(people.olivia).post(f"/requests/{sent['id']}/approve", decided).json["state"] == "approved"
