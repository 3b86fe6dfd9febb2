"""The pages of teams, people, invitations and hand-overs, as a browser without scripts uses them."""

from __future__ import annotations

import html
import re

import pytest
from django.test import Client

from provisioning.lifecycle.services.handover import offer_environment
from provisioning.models import (
    AccountTeam,
    AuditEvent,
    Environment,
    HandoverOffer,
    Invitation,
    Membership,
    Role,
    RoleChange,
    Team,
    User,
)
from tests.portal.conftest import People

PASSWORD = "correct horse battery"


@pytest.fixture
def ada(people: People) -> Client:
    people.ada = User.objects.create_user("ada", password=PASSWORD, first_name="Ada", is_admin=True)  # type: ignore[attr-defined]
    return people.client("ada")


@pytest.fixture
def root(people: People) -> Client:
    people.root = User.objects.create_superuser("root", password=PASSWORD)  # type: ignore[attr-defined]
    return people.client("root")


def text(answer: object) -> str:
    return html.unescape(answer.content.decode())  # type: ignore[attr-defined]


def test_a_team_is_created_and_filled(ada: Client, people: People) -> None:
    assert "“portal” is reserved" in text(ada.post("/teams/new/", {"name": "Data", "slug": "portal"}))
    assert ada.post("/teams/new/", {"name": "Data", "slug": "data"}).headers["Location"] == "/teams/data/"
    ada.post("/teams/data/members/", {"who": "charlie", "role": "owner"})
    assert Membership.objects.get(team__slug="data").user == people.charlie
    page = text(people.client("charlie").get("/teams/data/"))
    assert "The only owner of Data. Make somebody else an owner first." in page
    assert people.client("bob").get("/teams/data/").status_code == 404
    assert text(people.client("bob").get("/teams/")).count("/teams/") < text(ada.get("/teams/")).count("/teams/")


def test_a_member_without_the_permission_gets_403(people: People) -> None:
    bob, alice = people.client("bob"), people.alice.pk
    page = text(bob.get("/teams/payments/"))
    assert "Add or invite someone" not in page
    for url, sent in (
        ("members/", {"who": "charlie", "role": "owner"}),
        (f"members/{alice}/role/", {"role": "viewer"}),
        (f"members/{alice}/remove/", {}),
        ("rename/", {"name": "Bobs"}),
        ("delete/", {"typed_slug": "payments"}),
    ):
        assert bob.post(f"/teams/payments/{url}", sent).status_code == 403, url
    assert Membership.objects.get(user=people.alice).role == Role.OWNER


def test_an_invitation_is_accepted_by_somebody_without_an_account(people: People, client: Client) -> None:
    alice = people.client("alice")
    page = text(alice.post("/teams/payments/members/", {"who": "erin@example.com", "role": "viewer"}))
    url = re.search(r'data-copy="http://testserver(/invitation/[^"]+/)"', page)
    assert url is not None
    assert "mailto:erin%40example.com" in page
    assert url[1] not in text(alice.get("/teams/payments/")), "the link is shown once"
    opened = client.get(url[1])
    assert opened.headers["Location"] == "/invitation/"
    assert "Join Payments" in text(client.get("/invitation/"))
    new = {"username": "erin", "first_name": "Erin", "last_name": "Ek", "password": "short"}
    refused = client.post("/invitation/", new)
    assert (refused.status_code, 'value="Erin"' in text(refused), "short" in text(refused).split("</head>")[1].split("new-password")[0]) == (422, True, False)  # fmt: skip
    joined = client.post("/invitation/", new | {"password": "staple gun 9 quartz"})
    assert joined.headers["Location"] == "/teams/payments/"
    assert "your role: viewer" in text(client.get("/teams/payments/"))
    assert Client().get(url[1]).status_code == 404


def test_an_invitation_is_not_for_another_address(people: People) -> None:
    page = text(people.client("alice").post("/teams/payments/members/", {"who": "erin@example.com", "role": "owner"}))
    url = re.search(r'data-copy="http://testserver(/invitation/[^"]+/)"', page)
    assert url is not None
    charlie = people.client("charlie")
    charlie.get(url[1])
    assert "This invitation is for erin@example.com" in text(charlie.get("/invitation/"))
    assert charlie.post("/invitation/").status_code == 403
    invitation = Invitation.objects.get()
    withdrawn = people.client("alice").post(f"/teams/payments/invitations/{invitation.pk}/withdraw/")
    assert withdrawn.status_code == 302
    assert charlie.get("/invitation/").status_code == 404
    token = url[1].split("/")[2]
    assert token not in str(list(AuditEvent.objects.values()))


def test_no_other_team_is_named_to_an_owner(people: People) -> None:
    """By a name that is taken, an invitation or an offer."""
    alice = people.client("alice")
    charlie_only = alice.post("/teams/payments/members/", {"who": "nobody", "role": "viewer"})
    assert "Nobody has this user name" in text(charlie_only)
    for url in ("/teams/", "/teams/payments/"):
        assert "Logistics" not in text(alice.get(url))
    assert alice.get("/teams/logistics/").status_code == 404
    assert alice.get("/people/").status_code == 403


def test_somebody_without_a_team_reads_whom_to_ask(ada: Client, people: People) -> None:
    User.objects.create_user("erin", password=PASSWORD)
    erin = Client()
    erin.login(username="erin", password=PASSWORD)
    for url in ("/", "/teams/"):
        assert "a portal admin: Ada" in text(erin.get(url))
    Team.objects.all()
    assert "Create a team" in text(ada.get("/teams/"))


def test_a_role_takes_two_people(ada: Client, root: Client, people: People) -> None:
    page = f"/people/{people.bob.pk}/"
    assert "Propose" in text(root.get(page))
    assert ada.post(f"{page}roles/approver/give/").status_code == 403
    assert root.post(f"{page}roles/approver/give/").status_code == 302
    change = RoleChange.objects.get()
    assert "You proposed this role" in text(root.get("/people/"))
    assert root.post(f"/people/role-changes/{change.pk}/confirm/").status_code == 403
    assert "Confirm" in text(ada.get("/people/"))
    assert ada.post(f"/people/role-changes/{change.pk}/confirm/").status_code == 302
    assert User.objects.get(pk=people.bob.pk).is_approver
    assert root.post(f"{page}roles/approver/take/").status_code == 302
    assert not User.objects.get(pk=people.bob.pk).is_approver


def test_a_person_sets_a_password_once(ada: Client, people: People, client: Client) -> None:
    assert ada.post("/people/new/", {"username": "erin", "email": "erin@example.com"}).status_code == 302
    erin = User.objects.get(username="erin")
    page = text(ada.post(f"/people/{erin.pk}/password-link/"))
    url = re.search(r'data-copy="http://testserver(/set-password/[^"]+)"', page)
    assert url is not None
    form = client.get(url[1], follow=True)
    assert "Set your password" in text(form)
    sent = {"new_password1": "staple gun 9 quartz", "new_password2": "staple gun 9 quartz"}
    assert client.post(form.request["PATH_INFO"], sent).headers["Location"] == "/sign-in/"
    erin.refresh_from_db()
    assert erin.check_password("staple gun 9 quartz")
    assert Client().get(url[1]).status_code == 404
    again = re.search(
        r'data-copy="http://testserver(/set-password/[^"]+)"', text(ada.post(f"/people/{erin.pk}/password-link/"))
    )
    assert again is not None
    User.objects.filter(pk=erin.pk).update(is_approver=True)
    assert Client().get(again[1], follow=True).status_code == 404, (
        "a link from before the role would be one to the role"
    )
    assert ada.post(f"/people/{erin.pk}/password-link/").status_code == 403


def test_a_deactivated_person_is_out_at_once(ada: Client, people: People) -> None:
    bob = people.client("bob")
    assert bob.get("/teams/payments/").status_code == 200
    assert ada.post(f"/people/{people.bob.pk}/deactivate/").status_code == 302
    assert bob.get("/teams/payments/").status_code == 302
    assert "Deactivated" in text(ada.get("/teams/payments/"))
    assert ada.post(f"/people/{people.bob.pk}/reactivate/").status_code == 302


def test_an_environment_is_handed_over(running: Environment, people: People) -> None:
    alice, charlie, url = people.client("alice"), people.client("charlie"), f"/environments/{running.pk}/hand-over/"
    assert "Hand over…" in text(alice.get(f"/environments/{running.pk}/"))
    assert people.client("bob").get(url).status_code == 403
    wrong = alice.post(url, {"receiver": "sales", "typed_name": running.name})
    assert "There is no team with the short name “sales”" in text(wrong)
    assert alice.post(url, {"receiver": "logistics", "typed_name": running.name}).status_code == 302
    offer = HandoverOffer.objects.get()
    assert running.name in text(charlie.get("/teams/logistics/"))
    AccountTeam.objects.filter(team=people.logistics).update(certificates=[])
    page = f"/handovers/{offer.pk}/"
    assert "which Logistics may not use" in text(charlie.get(page))
    assert charlie.post(f"{page}accept/").status_code == 422
    lists = AccountTeam.objects.get(team=people.payments, account=running.account).certificates
    AccountTeam.objects.filter(team=people.logistics).update(certificates=lists)
    assert alice.get(page).status_code == 404
    assert charlie.post(f"{page}accept/").headers["Location"] == f"/environments/{running.pk}/"
    assert "Handed over from Payments to Logistics." in text(charlie.get(f"/environments/{running.pk}/"))
    assert alice.get(f"/environments/{running.pk}/").status_code == 404


def test_an_offer_can_be_declined_and_withdrawn(running: Environment, people: People) -> None:
    given = {"actor": people.alice, "environment": running, "receiver": "logistics", "typed_name": running.name}
    offer = offer_environment(**given)
    viewer = User.objects.create_user("vera", password=PASSWORD)
    Membership.objects.create(team=people.logistics, user=viewer, role=Role.VIEWER)
    people.vera = viewer  # type: ignore[attr-defined]
    assert people.client("vera").post(f"/handovers/{offer.pk}/accept/").status_code == 403
    assert people.client("charlie").post(f"/handovers/{offer.pk}/decline/").status_code == 302
    offer_environment(**given)
    assert people.client("alice").post(f"/environments/{running.pk}/hand-over/withdraw/").status_code == 302
    assert set(HandoverOffer.objects.values_list("state", flat=True)) == {"declined", "withdrawn"}
