"""Teams, their members and invitations, and people. Ada is a portal admin."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from provisioning.errors import InvalidFields, NotAllowed, NotFound, PortalError, Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import is_approver, may_operate, on_revocation, permissions_in, revocation, visible
from provisioning.lifecycle.services import invitations
from provisioning.lifecycle.services.invitations import (
    accept_as_new_person,
    accept_invitation,
    digest_of,
    invite,
    withdraw_invitation,
)
from provisioning.lifecycle.services.members import add_member, change_member_role, remove_member
from provisioning.lifecycle.services.people import (
    NewPerson,
    create_password_link,
    create_person,
    deactivate_person,
    find_person,
    reactivate_person,
    update_person,
)
from provisioning.lifecycle.services.provider_identity import Grants, Person, admit_person
from provisioning.lifecycle.services.teams import create_team, delete_team, rename_team
from provisioning.lifecycle.team_lock import lock_team
from provisioning.models import (
    AuditEvent,
    Invitation,
    Membership,
    NotificationChannel,
    Role,
    Team,
    User,
    Webhook,
)
from provisioning.models.notification import ChannelKind

PASSWORD = "correct horse battery"


@dataclass
class Cast:
    ada: User
    alice: User
    bob: User
    charlie: User
    payments: Team


@pytest.fixture
def cast(db: None) -> Cast:
    return make_cast()


def make_cast() -> Cast:
    people = {
        name: User.objects.create_user(name, email=f"{name}@example.com", password=PASSWORD, is_admin=name == "ada")
        for name in ("ada", "alice", "bob", "charlie")
    }
    payments = Team.objects.create(slug="payments", name="Payments")
    Membership.objects.create(team=payments, user=people["alice"], role=Role.OWNER)
    Membership.objects.create(team=payments, user=people["bob"], role=Role.OPERATOR)
    return Cast(**people, payments=payments)


def events(action: str) -> list[AuditEvent]:
    return list(AuditEvent.objects.filter(action=action).order_by("id"))


# Teams


def test_an_admin_creates_renames_and_deletes_a_team(cast: Cast) -> None:
    team = create_team(actor=cast.ada, name="  Data  platform ", slug="data")
    rename_team(actor=cast.ada, team=team, name="Data")
    add_member(actor=cast.ada, team=team, user=cast.charlie, role=Role.OWNER)
    with pytest.raises(Refused, match="Type the team’s short name, data"):
        delete_team(actor=cast.ada, team=team, typed_slug="Data")
    stale = Team.objects.get(pk=team.pk)
    delete_team(actor=cast.ada, team=team, typed_slug="data")
    assert permissions_in(cast.charlie, team) == frozenset()
    assert [event.before for event in events("team:rename")] == [{"name": "Data platform"}]
    assert events("team:delete")[0].before["members"] == ["charlie: owner"]
    with pytest.raises(WrongState, match="was deleted in the meantime"):
        add_member(actor=cast.ada, team=stale, user=cast.bob, role=Role.OWNER)
    with pytest.raises(InvalidFields) as refusal:
        create_team(actor=cast.ada, name="Data", slug="data")
    assert set(refusal.value.fields) == {"slug"}, "its names in AWS are nobody else's"


def test_only_admins_create_teams(cast: Cast) -> None:
    with pytest.raises(NotAllowed):
        create_team(actor=cast.alice, name="Mine", slug="mine")
    assert not Team.objects.filter(slug="mine").exists()


@pytest.mark.parametrize(
    ("name", "slug", "field"),
    [("", "data", "name"), ("payments", "data", "name"), ("x" * 81, "data", "name"), ("Data", "no spaces", "slug"), ("Data", "portal", "slug")],
)  # fmt: skip
def test_a_wrong_field_has_a_sentence(cast: Cast, name: str, slug: str, field: str) -> None:
    with pytest.raises(InvalidFields) as refusal:
        create_team(actor=cast.ada, name=name, slug=slug)
    assert list(refusal.value.fields) == [field]


# Members


def test_an_owner_adds_changes_and_removes_members(cast: Cast) -> None:
    add_member(actor=cast.alice, team=cast.payments, user=cast.charlie, role=Role.VIEWER)
    assert not may_operate(cast.charlie, cast.payments)
    change_member_role(actor=cast.alice, team=cast.payments, user=cast.charlie, role=Role.OPERATOR)
    assert may_operate(cast.charlie, cast.payments)
    remove_member(actor=cast.alice, team=cast.payments, user=cast.charlie)
    assert not Team.objects.filter(visible(cast.charlie, "pk")).exists()
    changed = events("member:change_role")[0]
    assert (changed.subject, changed.before, changed.after) == ("charlie", {"role": "viewer"}, {"role": "operator"})


def test_others_manage_no_members(cast: Cast) -> None:
    for actor in (cast.bob, cast.charlie):
        for call in (
            lambda actor=actor: add_member(actor=actor, team=cast.payments, user=cast.charlie, role=Role.OWNER),
            lambda actor=actor: change_member_role(actor=actor, team=cast.payments, user=cast.bob, role=Role.OWNER),
            lambda actor=actor: remove_member(actor=actor, team=cast.payments, user=cast.alice),
            lambda actor=actor: invite(actor=actor, team=cast.payments, email="erin@example.com", role=Role.OWNER),
        ):
            with pytest.raises(NotAllowed, match="Only owners of Payments and portal admins"):
                call()
    remove_member(actor=cast.bob, team=cast.payments, user=cast.bob)  # everyone may leave


def test_the_last_owner_neither_leaves_nor_is_removed(cast: Cast) -> None:
    calls: list[Callable[[], object]] = [
        lambda: remove_member(actor=cast.alice, team=cast.payments, user=cast.alice),
        lambda: remove_member(actor=cast.ada, team=cast.payments, user=cast.alice),
        lambda: change_member_role(actor=cast.alice, team=cast.payments, user=cast.alice, role=Role.VIEWER),
    ]
    for call in calls:
        with pytest.raises(Refused, match="alice is the only owner of Payments"):
            call()
    change_member_role(actor=cast.alice, team=cast.payments, user=cast.bob, role=Role.OWNER)
    deactivate_person(actor=cast.ada, user=cast.bob)
    with pytest.raises(Refused):  # an owner who cannot sign in does not count
        calls[0]()


@pytest.mark.django_db(transaction=True)
def test_two_owners_who_remove_each_other_leave_one() -> None:
    cast = make_cast()
    Membership.objects.filter(user=cast.bob).update(role=Role.OWNER)
    together, outcomes = threading.Barrier(2), []

    def remove(actor: User, user: User) -> None:
        try:
            together.wait(timeout=10)
            remove_member(actor=actor, team=cast.payments, user=user)
            outcomes.append("removed")
        except PortalError as error:
            outcomes.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=remove, args=pair) for pair in ((cast.alice, cast.bob), (cast.bob, cast.alice))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(outcomes) == ["NotAllowed", "removed"]
    assert Membership.objects.filter(team=cast.payments, role=Role.OWNER).count() == 1


def test_a_removed_or_deactivated_person_loses_rights_at_once(cast: Cast) -> None:
    """With the objects of a session that is still open. Hooks are called in the same transaction."""
    seen: list[tuple[str, Team | None]] = []
    hook = on_revocation(lambda user, team, _at: seen.append((user.username, team)))
    try:
        remove_member(actor=cast.alice, team=cast.payments, user=cast.bob)
        deactivate_person(actor=cast.ada, user=cast.alice)
    finally:
        revocation._hooks.remove(hook)
    assert seen == [("bob", cast.payments), ("alice", None)]
    alice = User.objects.get(username="alice")
    assert permissions_in(alice, cast.payments) == permissions_in(cast.bob, cast.payments) == frozenset()
    assert not Team.objects.filter(visible(alice, "pk")).exists()
    reactivate_person(actor=cast.ada, user=alice)
    assert may_operate(User.objects.get(username="alice"), cast.payments)


# Invitations


def test_an_invited_person_creates_an_account_and_is_a_member(cast: Cast) -> None:
    issued = invite(actor=cast.alice, team=cast.payments, email="Erin@Example.com", role=Role.OPERATOR)
    stored = str(list(Invitation.objects.values())) + str(list(AuditEvent.objects.values()))
    assert issued.token not in stored + repr(issued)
    new = {"username": "erin", "first_name": "Erin", "last_name": "Ek"}
    with pytest.raises(InvalidFields) as refusal:
        accept_as_new_person(token_sha256=digest_of(issued.token), **new, password="password")
    assert set(refusal.value.fields) == {"password"}
    membership = accept_as_new_person(token_sha256=digest_of(issued.token), **new, password="staple gun 9 quartz")
    assert (membership.user.email, membership.role) == ("erin@example.com", Role.OPERATOR)
    with pytest.raises(NotFound, match="was used or withdrawn, or has expired"):
        accept_as_new_person(
            token_sha256=digest_of(issued.token), username="eve", first_name="", last_name="", password=PASSWORD
        )
    assert [event.actor for event in events("invitation:accept")] == [membership.user]


def test_an_invitation_is_bound_to_its_address(cast: Cast) -> None:
    issued = invite(actor=cast.alice, team=cast.payments, email="erin@example.com", role=Role.OWNER)
    with pytest.raises(NotAllowed, match=r"is for erin@example\.com\. You are signed in as charlie"):
        accept_invitation(actor=cast.charlie, token_sha256=digest_of(issued.token))
    erin = User.objects.create_user("erin", email="ERIN@example.com", password=PASSWORD)
    with pytest.raises(Refused, match="has an account already"):
        accept_as_new_person(
            token_sha256=digest_of(issued.token), username="erin2", first_name="", last_name="", password=PASSWORD
        )
    assert accept_invitation(actor=erin, token_sha256=digest_of(issued.token)).role == Role.OWNER


def test_invitations_end(cast: Cast) -> None:
    first = invite(actor=cast.alice, team=cast.payments, email="erin@example.com", role=Role.VIEWER)
    second = invite(actor=cast.alice, team=cast.payments, email="erin@example.com", role=Role.VIEWER)
    erin = User.objects.create_user("erin", email="erin@example.com", password=PASSWORD)
    with pytest.raises(NotFound):
        accept_invitation(actor=erin, token_sha256=digest_of(first.token))
    withdraw_invitation(actor=cast.alice, invitation=second.invitation)
    with pytest.raises(WrongState):
        withdraw_invitation(actor=cast.alice, invitation=second.invitation)
    erin.delete()
    third = invite(actor=cast.alice, team=cast.payments, email="erin@example.com", role=Role.VIEWER)
    Invitation.objects.filter(pk=third.invitation.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    for issued in (second, third):
        with pytest.raises(NotFound):
            accept_as_new_person(
                token_sha256=digest_of(issued.token), username="erin", first_name="", last_name="", password=PASSWORD
            )
    assert not User.objects.filter(username="erin").exists()


def test_each_invitation_that_ends_has_its_event(cast: Cast) -> None:
    change_member_role(actor=cast.alice, team=cast.payments, user=cast.bob, role=Role.OWNER)
    data = create_team(actor=cast.ada, name="Data", slug="data")
    for actor, team in ((cast.bob, cast.payments), (cast.alice, cast.payments), (cast.bob, cast.payments)):
        invite(actor=actor, team=team, email="erin@example.com", role=Role.VIEWER)
    invite(actor=cast.ada, team=data, email="erin@example.com", role=Role.VIEWER)
    deactivate_person(actor=cast.ada, user=cast.bob)
    delete_team(actor=cast.ada, team=data, typed_slug="data")
    assert [(event.actor_name, event.detail["why"]) for event in events("invitation:withdraw")] == [
        ("alice", "The address was invited again."),
        ("bob", "The address was invited again."),
        ("ada", "The person who invited was deactivated."),
        ("ada", "The team was deleted."),
    ]


def test_nothing_that_holds_a_secret_of_a_deleted_team_remains(cast: Cast) -> None:
    data = create_team(actor=cast.ada, name="Data", slug="data")
    for team in (data, cast.payments):
        about = {"team": team, "name": "Deployments", "created_at": clock.now()}
        Webhook.objects.create(url="https://hooks.example.com/secret", masked="https://hooks.example.com/…", **about)
        NotificationChannel.objects.create(
            kind=ChannelKind.CHAT, scheme="slack", target="slack://secret", masked="slack://…", topics=[], **about
        )
    delete_team(actor=cast.ada, team=data, typed_slug="data")
    assert [hook.team for hook in Webhook.objects.all()] == [cast.payments]
    assert [channel.team for channel in NotificationChannel.objects.all()] == [cast.payments]
    [event] = events("team:delete")
    assert event.before["webhooks and channels"] == [
        "Deployments: https://hooks.example.com/…",
        "Deployments: slack://…",
    ]


def test_an_owner_who_was_removed_leaves_no_way_back(cast: Cast) -> None:
    change_member_role(actor=cast.alice, team=cast.payments, user=cast.bob, role=Role.OWNER)
    issued = invite(actor=cast.bob, team=cast.payments, email="bob2@example.com", role=Role.OWNER)
    remove_member(actor=cast.alice, team=cast.payments, user=cast.bob)
    with pytest.raises(NotFound, match="no longer manages Payments"):
        accept_as_new_person(
            token_sha256=digest_of(issued.token), username="bob2", first_name="", last_name="", password=PASSWORD
        )


def test_an_owner_who_is_removed_while_somebody_accepts_lets_nobody_in(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    issued = invite(actor=cast.alice, team=cast.payments, email="erin@example.com", role=Role.OWNER)
    erin = User.objects.create_user("erin", email="erin@example.com", password=PASSWORD)

    def lock_after_removal(team: Team) -> Team:
        Membership.objects.filter(user=cast.alice).delete()
        return lock_team(team)

    monkeypatch.setattr(invitations, "lock_team", lock_after_removal)
    with pytest.raises(NotFound, match="no longer manages Payments"):
        accept_invitation(actor=erin, token_sha256=digest_of(issued.token))
    assert not Membership.objects.filter(user=erin).exists()


# People


def test_a_person_who_has_just_become_an_approver_is_protected(cast: Cast) -> None:
    User.objects.filter(pk=cast.charlie.pk).update(is_approver=True)
    with pytest.raises(NotAllowed, match="Take the roles away first"):
        update_person(actor=cast.ada, user=cast.charlie, first_name="", last_name="", email="ada2@example.com")


def test_an_admin_creates_and_corrects_a_person(cast: Cast) -> None:
    erin = create_person(actor=cast.ada, new=NewPerson("erin", "Erin", "Ek", "erin@example.com"))
    assert not erin.has_usable_password()
    link = create_password_link(actor=cast.ada, user=erin)
    assert link.token not in str(list(AuditEvent.objects.values()))
    update_person(actor=cast.ada, user=erin, first_name="Erin", last_name="Ekdahl", email="")
    assert events("person:update")[0].after["name"] == "Erin Ekdahl"
    with pytest.raises(InvalidFields) as refusal:
        create_person(actor=cast.ada, new=NewPerson("Alice", email="BOB@example.com"))
    assert set(refusal.value.fields) == {"username", "email"}
    with pytest.raises(NotAllowed):
        create_person(actor=cast.alice, new=NewPerson("frank"))


def test_nobody_gets_at_a_role_through_the_person_who_has_it(cast: Cast) -> None:
    olivia = User.objects.create_user("olivia", password=PASSWORD, is_approver=True)
    root = User.objects.create_superuser("root", password=PASSWORD)
    for actor in (cast.ada, root):
        with pytest.raises(NotAllowed, match="Take the roles away first"):
            create_password_link(actor=actor, user=olivia)
        with pytest.raises(NotAllowed, match="Take the roles away first"):
            update_person(actor=actor, user=olivia, first_name="", last_name="", email="ada@example.com")
    with pytest.raises(NotAllowed, match="Only superusers"):
        deactivate_person(actor=cast.ada, user=olivia)
    with pytest.raises(Refused, match="root is the only superuser"):
        other = User.objects.create(username="other", is_superuser=True, is_active=False)
        User.objects.filter(pk=other.pk).update(is_active=False)
        deactivate_person(actor=User(username="x", is_superuser=True, pk=other.pk), user=root)
    deactivate_person(actor=root, user=olivia)
    reactivate_person(actor=cast.ada, user=olivia)
    assert not is_approver(User.objects.get(username="olivia"))
    assert events("role:take")[0].before == {"approver": True}


def test_a_person_is_found_by_user_name_or_address(cast: Cast) -> None:
    assert find_person(" BOB@example.com ") == find_person("Bob") == cast.bob
    User.objects.create(username="robot", email="robot@example.com", is_service=True)
    User.objects.filter(pk=cast.charlie.pk).update(is_active=False)
    assert [find_person(text) for text in ("robot", "robot@example.com", "charlie", "", "nobody")] == [None] * 5


def test_an_address_that_the_provider_changes_has_its_event(cast: Cast) -> None:
    for email in ("vera@example.com", "v@example.com", "", "v@example.com"):
        admit_person(person=Person("https://id.example.com", "1", "vera", "", "", email), grants=Grants())
    changes = [(event.before, event.after) for event in events("person:update")]
    assert changes == [({"email": "vera@example.com"}, {"email": "v@example.com"})]


def test_nobody_takes_the_address_of_somebody_else_as_a_user_name(cast: Cast) -> None:
    """Otherwise, an owner who adds the chief by address would add the person who has taken it."""
    for username, email in (("chief@example.com", "eve@example.com"), ("bob@example.com", "eve@example.com")):
        issued = invite(actor=cast.alice, team=cast.payments, email=email, role=Role.VIEWER)
        with pytest.raises(InvalidFields, match="own e-mail address"):
            accept_as_new_person(
                token_sha256=digest_of(issued.token), username=username, first_name="", last_name="", password=PASSWORD
            )
    create_person(actor=cast.ada, new=NewPerson(username="Dana@example.com", email="dana@example.com"))
    with pytest.raises(InvalidFields, match="Another person has this user name"):
        create_person(actor=cast.ada, new=NewPerson(username="\N{FULLWIDTH LATIN SMALL LETTER A}lice"))
    User.objects.create(username="bob@example.com", email="eve@example.com")  # as single sign-on may name people
    assert find_person("bob@example.com") is None
    assert find_person("dana@example.com") == User.objects.get(email="dana@example.com")


def test_the_clock_of_an_invitation_is_the_databases(cast: Cast) -> None:
    issued = invite(actor=cast.alice, team=cast.payments, email="erin@example.com", role=Role.VIEWER)
    assert timedelta(days=6) < issued.invitation.expires_at - timezone.now() < timedelta(days=8)
