"""Programs about people: ada creates and deactivates, alice invites and hands over, olivia delegates."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from provisioning.lifecycle.services.delegations import delegate_approvals
from provisioning.models import ApiCall, Delegation, Environment, Invitation, Membership, Role, User
from tests.portal.api.conftest import Program, program
from tests.portal.conftest import People


@pytest.fixture
def adas(people: People) -> Program:
    return program(User.objects.create_user("ada", is_admin=True))


@pytest.fixture
def alices(people: People) -> Program:
    return program(people.alice)


def test_ada_creates_corrects_and_deactivates_a_person(people: People, adas: Program) -> None:
    made = adas.post("/people", {"username": "dora", "email": "Dora@example.org"}).json
    base = f"/people/{made['id']}"
    assert adas.patch(base, {"first_name": "Dora"}).json | {"name": "", "last_login": None} == made | {"name": ""}
    assert adas.post("/people", {"username": "DORA"}).json["errors"][0]["field"] == "username"
    dora = program(User.objects.get(username="dora"))
    assert adas.post(f"{base}/deactivate").json["is_active"] is False
    assert dora.get("/me").status == 401
    assert adas.post(f"{base}/reactivate").json["is_active"] is True
    first = adas.get("/people?limit=2&fields=id,username").json
    assert [one["username"] for one in first["items"]] == ["ada", "alice"]
    assert adas.get(f"/people?cursor={first['next_cursor']}&limit=1").json["items"][0]["username"] == "bob"
    assert [one["username"] for one in adas.get("/people?role=approver").json["items"]] == ["olivia"]
    assert adas.patch(f"/people/{people.olivia.pk}", {"email": "x@example.org"}).status == 403
    assert adas.post(f"/people/{people.olivia.pk}/deactivate").status == 403


def test_the_link_of_an_invitation_is_in_the_first_answer_only(alices: Program, bobs: Program) -> None:
    new = {"email": "dora@example.org", "role": "operator"}
    first = alices.post("/teams/payments/invitations", new, key="invite-dora")
    token = first.json["link"].rstrip("/").rpartition("/")[2]
    assert first.status == 201
    assert Invitation.objects.get().token_sha256 not in ("", token)
    assert alices.post("/teams/payments/invitations", new, key="invite-dora").json == first.json | {"link": None}
    assert token.encode() not in bytes(ApiCall.objects.get().answer)
    [open_one] = alices.get("/teams/payments/invitations").json
    assert open_one == first.json["invitation"]
    assert bobs.get("/teams/payments/invitations").status == 403
    withdraw = f"/teams/payments/invitations/{open_one['id']}"
    assert [alices.delete(withdraw).status, alices.delete(withdraw).status] == [204, 409]


def test_a_team_is_deleted_only_with_its_slug_and_without_environments(people: People, adas: Program) -> None:
    environment = people.ask("orders-dev").environment
    assert adas.delete("/teams/logistics?confirm=payments").status == 422
    assert adas.delete("/teams/payments?confirm=payments").json["code"] == "refused"
    assert adas.delete("/teams/logistics?confirm=logistics").status == 204
    assert environment.team.deleted_at is None
    assert [team["slug"] for team in adas.get("/teams").json] == ["payments"]


def test_an_environment_changes_its_team_only_when_an_owner_there_accepts(
    running: Environment, people: People, alices: Program, bobs: Program, charlies: Program
) -> None:
    base = f"/environments/{running.pk}/handover"
    offer = {"receiver": "logistics", "name": running.name}
    assert bobs.post(base, offer).status == 403
    assert alices.post(base, offer | {"name": "other"}).status == 422
    made = alices.post(base, offer, key="offer-orders-1")
    assert (made.status, made.json["to_team"]) == (201, "logistics"), made.content
    assert alices.post(base, offer, key="offer-orders-1").json == made.json
    received = f"/handovers/{made.json['id']}"
    assert alices.get(received).status == 404
    assert [one["id"] for one in charlies.get("/handovers").json] == [made.json["id"]]
    assert alices.post(f"{base}/withdraw").json["state"] == "withdrawn"
    assert charlies.post(f"{received}/accept").status == 404
    again = f"/handovers/{alices.post(base, offer).json['id']}"
    member = program(User.objects.create_user("mia"))
    Membership.objects.create(team=people.logistics, user=User.objects.get(username="mia"), role=Role.VIEWER)
    assert (member.get(again).status, member.post(f"{again}/decline").status) == (403, 403)
    answer = charlies.get(again).json
    accepted = charlies.post(f"{again}/accept")
    running.refresh_from_db()
    if answer["why_not"]:  # the team may not use all that the environment names
        assert (accepted.status, running.team) == (422, people.payments)
    else:
        assert (accepted.json["state"], running.team) == ("accepted", people.logistics)


def test_a_delegation_begins_in_the_browser_and_ends_with_a_token(
    people: People, olivias: Program, bobs: Program
) -> None:
    ends_at = timezone.now() + timedelta(days=5)
    new = {"delegate": "alice", "last_day": ends_at.date().isoformat(), "reason": "Away"}
    assert olivias.post("/delegations", new).status == 405, "it would outlive the token"
    assert not Delegation.objects.exists()
    begun = delegate_approvals(actor=people.olivia, delegate=people.alice, ends_at=ends_at, reason="Away")
    alices = program(User.objects.get(pk=people.alice.pk))
    [listed] = alices.get("/delegations").json
    assert (listed["delegate"], listed["is_in_effect"]) == ("alice", True)
    end = f"/delegations/{begun.pk}/end"
    assert bobs.post(end).status == 404
    assert alices.post(end).json["is_in_effect"] is False
