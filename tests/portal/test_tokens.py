"""The pages of tokens: people create their own, and owners those of their team."""

from __future__ import annotations

import re

import pytest
from django.test import Client

from portal.identity.sessions import AUTHENTICATED_AT
from provisioning.models import ApiToken, AuditEvent, Membership, Role, User
from provisioning.notify.audience import recipients_of
from provisioning.notify.wording import text_for
from tests.portal.api.conftest import Program
from tests.portal.conftest import People, signed_in

FIELDS = {"name": "deploys", "scopes": ["read", "operate"], "days": "30"}


def created_text(page: str) -> str:
    [text] = set(re.findall(r"ptl_\w+", page))
    return str(text)


def test_bob_creates_a_token_that_is_shown_once_and_revokes_it(people: People) -> None:
    bob = people.client("bob")
    text = created_text(bob.post("/tokens/", FIELDS).content.decode())
    assert Program(text).get("/me").json["username"] == "bob"
    page = bob.get("/tokens/").content.decode()
    assert (text in page, f'ends in <span class="mono">{text[-4:]}</span>' in page) == (False, True)
    token = ApiToken.objects.get()
    assert text not in str(vars(token)) + "".join(map(str, AuditEvent.objects.values_list("detail", flat=True)))
    assert bob.post(f"/tokens/{token.pk}/revoke/").status_code == 302
    assert Program(text).get("/me").status == 401
    assert "Revoked" in bob.get("/tokens/").content.decode()


def test_a_token_needs_a_recent_sign_in(people: People) -> None:
    bob = people.client("bob")
    session = bob.session
    session[AUTHENTICATED_AT] -= 3_600
    session.save()
    page = bob.post("/tokens/", FIELDS).content.decode()
    assert ("ptl_" in page, "sign_in_again_password" in page) == (False, True)
    assert not ApiToken.objects.exists()


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"name": ""}, "Enter a name, such as the program that uses the token."),
        ({"scopes": []}, "Choose at least one scope."),
        ({"days": "3650"}, "Select a valid choice."),
    ],
)
def test_what_is_wrong_is_said_at_its_field(people: People, change: dict[str, object], sentence: str) -> None:
    answer = people.client("bob").post("/tokens/", FIELDS | change)
    assert (answer.status_code, sentence in answer.content.decode()) == (422, True)
    assert not ApiToken.objects.exists()


def test_only_owners_create_and_revoke_the_tokens_of_a_team(people: People) -> None:
    address = "/teams/payments/tokens/"
    alice, bob, charlie = (people.client(name) for name in ("alice", "bob", "charlie"))
    assert bob.post(address, FIELDS).status_code == 403
    assert charlie.get(address).status_code == charlie.post(address, FIELDS).status_code == 404
    text = created_text(alice.post(address, FIELDS).content.decode())
    me = Program(text).get("/me").json
    assert (me["is_service"], me["teams"]) == (True, [{"team": "payments", "role": "operator"}])
    page = bob.get(address).content.decode()
    assert ("deploys" in page, "Create token" in page) == (True, False)
    token = ApiToken.objects.get()
    assert bob.post(f"/tokens/{token.pk}/revoke/").status_code == 403
    assert charlie.post(f"/tokens/{token.pk}/revoke/").status_code == 404
    alice.post(f"/tokens/{token.pk}/revoke/")
    assert Program(text).get("/me").status == 401


def test_a_portal_admin_ends_a_token_of_a_team_and_its_owners_hear_of_it(people: People) -> None:
    ada = signed_in(User.objects.create_user("ada", is_admin=True))
    address = "/teams/payments/tokens/"
    text = created_text(people.client("alice").post(address, FIELDS).content.decode())
    token = ApiToken.objects.get()
    page = ada.get(address).content.decode()
    assert (f"/tokens/{token.pk}/revoke/" in page, "Create token" in page) == (True, False)
    assert ada.post(f"/tokens/{token.pk}/revoke/").status_code == 302
    assert Program(text).get("/me").status == 401
    event = AuditEvent.objects.get(action="token:revoke")
    recipients = recipients_of(event)
    assert recipients is not None
    assert [person.username for person in recipients.people] == ["alice"]
    assert "ada revoked the token deploys of Payments" in text_for(event, None).sentence


def test_a_service_token_outlives_who_created_it_but_never_approves(people: People) -> None:
    alice, address = people.client("alice"), "/teams/payments/tokens/"
    assert alice.post(address, FIELDS | {"scopes": ["approve"]}).status_code == 422
    text = created_text(alice.post(address, FIELDS | {"scopes": ["read"]}).content.decode())
    Membership.objects.filter(user=people.alice).delete()
    User.objects.filter(pk=people.alice.pk).update(is_active=False)
    me = Program(text).get("/me").json
    assert (me["is_approver"], me["teams"][0]["role"]) == (False, str(Role.VIEWER.label).lower())


def test_nobody_sees_the_tokens_of_another_person(people: People) -> None:
    people.client("bob").post("/tokens/", FIELDS)
    alice = people.client("alice")
    assert "ends in" not in alice.get("/tokens/").content.decode()
    assert alice.post(f"/tokens/{ApiToken.objects.get().pk}/revoke/").status_code == 404


def test_the_reference_describes_every_operation_and_every_code(people: People) -> None:
    from portal.api.published import openapi_document  # noqa: PLC0415
    from portal.web.problem import TITLES  # noqa: PLC0415 - with the view that it describes

    answer = people.client("bob").get("/api/v1/docs")
    page = answer.content.decode()
    assert answer.headers["Content-Type"].startswith("text/html")
    for methods in openapi_document()["paths"].values():
        for operation in methods.values():
            assert f'id="{operation["operationId"]}"' in page
    for code in TITLES:
        assert f"<code>{code}</code>" in page
    assert Client().get("/api/v1/docs").status_code == 302
    assert not re.search(r"<style|style=|<script(?![^>]*src=)", page)
