"""Bob becomes an approver, and what ada, a portal admin, did as Bob before ends: root is a superuser."""

from __future__ import annotations

from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from pytest_django import Settings

from portal.identity.sessions import USED_AT
from provisioning.errors import NotAllowed, Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import NEW_ROLE
from provisioning.lifecycle.services.delegations import delegate_approvals
from provisioning.lifecycle.services.outside_roles import confirm_role, give_role_from_server, propose_role
from provisioning.lifecycle.services.people import (
    create_password_link,
    deactivate_person,
    note_password_was_set,
    update_person,
)
from provisioning.lifecycle.services.provider_identity import Grants, Person, admit_person, connect_identity
from provisioning.lifecycle.services.tokens import create_personal_token, create_service_token, find_token
from provisioning.models import AuditEvent, ExternalIdentity, OutsideRole, Role, Team, User
from provisioning.notify.audience import recipients_of
from provisioning.notify.topics import Topic
from provisioning.notify.wording import text_for
from tests.support.signed_in import signed_in

PASSWORD = "correct horse battery"


@pytest.fixture(autouse=True)
def _provider(settings: Settings) -> None:
    settings.SSO_ISSUER = "https://id"


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", password=PASSWORD)


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada", password=PASSWORD, is_admin=True)


@pytest.fixture
def bob(db: None) -> User:
    return User.objects.create_user("bob", password=PASSWORD)


def token_of(bob: User) -> str:
    return create_personal_token(actor=bob, name="kept", scopes=["read", "approve"], days=30).text


def session_of(bob: User) -> Client:
    client = signed_in(bob)
    session = client.session
    del session[USED_AT]  # so that the first page puts it into the list of sessions
    session.save()
    assert client.get("/profile/").status_code == 200
    return client


def uses_single_sign_on(bob: User, *, roles: tuple[str, ...] = ()) -> None:
    ExternalIdentity.objects.create(
        user=bob,
        issuer="https://id",
        subject="bob",
        roles=list(roles),
        created_at=clock.now(),
        last_sign_in_at=clock.now(),
    )


def after_a_link(bob: User) -> User:
    note_password_was_set(user=bob)
    return User.objects.get(pk=bob.pk)


def is_out(text: str, session: Client) -> bool:
    return find_token(text) is None and session.get("/profile/").status_code == 302


@pytest.mark.parametrize("way", ["confirmed", "given", "command", "groups", "delegation"])
def test_tokens_and_sessions_from_before_end(root: User, ada: User, bob: User, way: str) -> None:
    text, session = token_of(bob), session_of(bob)
    match way:
        case "confirmed":
            change = propose_role(actor=root, user=bob, role=OutsideRole.APPROVER)
            assert find_token(text) is not None
            confirm_role(actor=ada, change=change)
        case "given":
            propose_role(actor=root, user=bob, role=OutsideRole.AUDITOR)
        case "command":
            call_command("give_role", "bob", "superuser", stdout=StringIO())
        case "groups":
            uses_single_sign_on(bob)
            person = Person("https://id", "bob", "bob", "Bob", "", "")
            admit_person(person=person, grants=Grants(outside=frozenset({OutsideRole.APPROVER})))
        case _:
            olivia = User.objects.create_user("olivia", is_approver=True)
            ends_at = clock.now() + timedelta(days=1)
            delegate_approvals(actor=olivia, delegate=bob, ends_at=ends_at, reason="Holidays")
    assert is_out(text, session)
    assert User.objects.get(pk=bob.pk).check_password(PASSWORD), "his own password remains"
    actions = list(AuditEvent.objects.filter(actor=None).values_list("action", flat=True))
    assert (actions.count("token:revoke"), actions.count("session:end")) == (1, 1)
    reason = "An approver delegated approvals to the person." if way == "delegation" else NEW_ROLE
    for event in AuditEvent.objects.filter(action__in=("token:revoke", "session:end")):
        assert event.detail["why"] == reason


def test_a_password_from_a_link_is_changed_before_the_role(root: User, ada: User, bob: User) -> None:
    change = propose_role(actor=root, user=bob, role=OutsideRole.APPROVER)
    bob = after_a_link(bob)
    with pytest.raises(Refused, match="The password of bob was set through a link"):
        confirm_role(actor=ada, change=change)
    with pytest.raises(Refused, match="Ask bob to sign in and change it under Profile first"):
        propose_role(actor=root, user=bob, role=OutsideRole.AUDITOR)
    olivia = User.objects.create_user("olivia", is_approver=True)
    with pytest.raises(Refused, match="was set through a link"):
        delegate_approvals(actor=olivia, delegate=bob, ends_at=clock.now() + timedelta(days=1), reason="Holidays")
    new = "staple gun 9 quartz"
    changed = {"current_password": PASSWORD, "new_password": new, "new_password_again": new}
    assert signed_in(bob).post("/profile/password/", changed).status_code == 302
    confirm_role(actor=ada, change=change)
    bob.refresh_from_db()
    assert bob.is_approver
    assert bob.check_password(new)


@pytest.mark.parametrize("changed", [False, True])
def test_a_password_that_nobody_would_notice_ends(root: User, ada: User, bob: User, changed: bool) -> None:
    uses_single_sign_on(bob)
    bob = after_a_link(bob)
    if changed:
        new = "staple gun 9 quartz"
        sent = {"current_password": PASSWORD, "new_password": new, "new_password_again": new}
        assert signed_in(bob).post("/profile/password/", sent).status_code == 302
    confirm_role(actor=ada, change=propose_role(actor=root, user=bob, role=OutsideRole.APPROVER))
    bob.refresh_from_db()
    assert not bob.has_usable_password()
    hears = recipients_of(AuditEvent.objects.get(action="password:end"))
    assert hears is not None
    assert hears.people == (bob,)


def connect(bob: User, *groups: OutsideRole, teams: dict[str, str] | None = None) -> None:
    """As an identity of ada’s own at the provider."""
    grants = Grants({slug: Role(role) for slug, role in (teams or {}).items()}, frozenset(groups))
    person = Person("https://id", "ada-at-the-provider", "bob", "", "", "")
    connect_identity(actor=bob, person=person, grants=grants, session_key="")


def test_no_identity_is_connected_while_others_may_know_the_password(bob: User) -> None:
    with pytest.raises(WrongState, match="Change it under Profile first, then connect"):
        connect(after_a_link(bob))
    assert not ExternalIdentity.objects.exists()


def test_a_connected_identity_ends_when_a_link_is_used(root: User, ada: User, bob: User) -> None:
    payments = Team.objects.create(slug="payments", name="Payments")
    connect(bob, teams={"payments": Role.VIEWER})
    assert payments.memberships.get().user == bob
    bob = after_a_link(bob)
    assert (ExternalIdentity.objects.exists(), payments.memberships.exists()) == (False, False)
    hears = recipients_of(AuditEvent.objects.get(action="identity:end"))
    assert hears is not None
    assert hears.people == (bob,)
    with pytest.raises(Refused, match="Ask bob to sign in and change it under Profile first"):
        propose_role(actor=root, user=bob, role=OutsideRole.APPROVER)


def test_an_account_that_began_with_single_sign_on_keeps_its_identity(bob: User) -> None:
    """Its person would get another account at the next sign-in, and would not notice the password."""
    uses_single_sign_on(bob)
    after_a_link(bob)
    assert ExternalIdentity.objects.get().user == bob


@pytest.mark.parametrize("case", ["connected", "former provider", "no provider"])
def test_only_an_account_that_began_at_the_current_provider_needs_no_own_password(
    root: User, bob: User, case: str, settings: Settings
) -> None:
    uses_single_sign_on(bob)
    bob = after_a_link(bob)
    if case == "connected":
        ExternalIdentity.objects.update(is_connected=True)
    else:
        settings.SSO_ISSUER = "https://new" if case == "former provider" else ""
    with pytest.raises(Refused, match="was set through a link"):
        propose_role(actor=root, user=bob, role=OutsideRole.APPROVER)


def test_an_identity_of_a_former_provider_is_replaced(bob: User, settings: Settings) -> None:
    uses_single_sign_on(bob)
    with pytest.raises(WrongState, match="already connected"):
        connect(bob)
    settings.SSO_ISSUER = "https://new"
    new = Person("https://new", "bob-2", "bob", "", "", "")
    connect_identity(actor=bob, person=new, grants=Grants(), session_key="")
    identity = ExternalIdentity.objects.get()
    assert (identity.user, identity.issuer, identity.subject, identity.is_connected) == (
        bob,
        "https://new",
        "bob-2",
        True,
    )


def test_the_server_gives_a_role_and_the_password_ends(bob: User) -> None:
    give_role_from_server(user=after_a_link(bob), role=OutsideRole.APPROVER)
    assert not User.objects.get(pk=bob.pk).has_usable_password()


def test_no_token_is_made_in_a_request_that_began_before_the_role(root: User, ada: User, bob: User) -> None:
    before = User.objects.get(pk=bob.pk)
    confirm_role(actor=ada, change=propose_role(actor=root, user=bob, role=OutsideRole.APPROVER))
    with pytest.raises(WrongState, match="Sign in again"):
        token_of(before)


def test_bob_hears_of_each_step_with_which_somebody_could_act_as_him(ada: User, bob: User) -> None:
    create_password_link(actor=ada, user=bob)
    update_person(actor=ada, user=bob, first_name="Bob", last_name="", email="bob@example.org")
    note_password_was_set(user=bob)
    actions = ["person:create_password_link", "person:update", "person:use_password_link"]
    for event in AuditEvent.objects.filter(action__in=actions):
        hears = recipients_of(event)
        assert hears is not None, event.action
        assert (hears.topic, [person.username for person in hears.people]) == (Topic.SECURITY, ["bob"])
        assert text_for(event, None).sentence
    assert AuditEvent.objects.filter(action__in=actions).count() == len(actions)


def test_no_token_is_made_in_a_request_that_began_before_a_deactivation(ada: User, bob: User) -> None:
    payments = Team.objects.create(slug="payments", name="Payments")
    payments.memberships.create(user=bob, role=Role.OWNER)
    before = User.objects.get(pk=bob.pk)
    deactivate_person(actor=ada, user=bob)
    with pytest.raises(NotAllowed, match="deactivated"):
        token_of(before)
    with pytest.raises(NotAllowed, match="deactivated"):
        create_service_token(actor=before, team=payments, name="CI", scopes=["read"], days=30)
