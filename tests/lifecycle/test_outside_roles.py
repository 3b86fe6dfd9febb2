"""Roles outside teams: root and rita are superusers, ada is a portal admin, olivia is to approve."""

from __future__ import annotations

import threading
from datetime import timedelta
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from provisioning.errors import NotAllowed, PortalError, Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.services.outside_roles import (
    confirm_role,
    decline_role,
    pending_changes,
    propose_role,
    take_role,
    withdraw_role,
)
from provisioning.lifecycle.services.people import NewPerson, create_person, deactivate_person
from provisioning.models import AuditEvent, OutsideRole, RoleChange, User

PASSWORD = "correct horse battery"


def person(name: str, **roles: bool) -> User:
    return User.objects.create_user(name, password=PASSWORD, **roles)


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", password=PASSWORD)


@pytest.fixture
def ada(db: None) -> User:
    return person("ada", is_admin=True)


@pytest.fixture
def olivia(db: None) -> User:
    return person("olivia")


def holds(user: User, flag: str) -> bool:
    return bool(getattr(User.objects.get(pk=user.pk), flag))


def test_an_approver_needs_two_people(root: User, ada: User, olivia: User) -> None:
    change = propose_role(actor=root, user=olivia, role=OutsideRole.APPROVER)
    assert not holds(olivia, "is_approver")
    with pytest.raises(NotAllowed, match="You proposed this role"):
        confirm_role(actor=root, change=change)
    with pytest.raises(NotAllowed, match="Only portal admins and superusers confirm"):
        confirm_role(actor=olivia, change=change)
    assert [found.pk for found in pending_changes(at=clock.now())] == [change.pk]
    confirm_role(actor=ada, change=change)
    assert holds(olivia, "is_approver")
    with pytest.raises(WrongState):
        confirm_role(actor=ada, change=change)
    event = AuditEvent.objects.get(action="role:confirm")
    assert (event.actor, event.subject, event.before, event.after) == (
        ada,
        "olivia",
        {"approver": False},
        {"approver": True},
    )
    assert event.detail["why"] == "Proposed by root."


def test_nobody_confirms_a_role_for_themselves(root: User, ada: User) -> None:
    rita = User.objects.create_superuser("rita", password=PASSWORD)
    change = propose_role(actor=root, user=rita, role=OutsideRole.APPROVER)
    with pytest.raises(NotAllowed, match="Nobody confirms a role for themselves"):
        confirm_role(actor=rita, change=change)
    confirm_role(actor=ada, change=change)
    own = propose_role(actor=rita, user=rita, role=OutsideRole.ADMIN)
    with pytest.raises(NotAllowed, match="Nobody confirms a role for themselves"):
        confirm_role(actor=rita, change=own)


def test_only_superusers_give_and_take(root: User, ada: User, olivia: User) -> None:
    for role in OutsideRole:
        with pytest.raises(NotAllowed, match="Only superusers"):
            propose_role(actor=ada, user=olivia, role=role)
        with pytest.raises(NotAllowed, match="Only superusers"):
            take_role(actor=ada, user=root, role=role)
    assert not RoleChange.objects.exists()


def test_taking_a_role_has_effect_at_once(root: User, ada: User) -> None:
    take_role(actor=root, user=ada, role=OutsideRole.ADMIN)
    assert not holds(ada, "is_admin")
    with pytest.raises(WrongState, match="no longer has the role portal admin"):
        take_role(actor=root, user=ada, role=OutsideRole.ADMIN)
    with pytest.raises(Refused, match="root is the only superuser"):
        take_role(actor=root, user=root, role=OutsideRole.SUPERUSER)


def test_a_superuser_gets_in_to_the_emergency_pages_and_out_again(root: User, ada: User, olivia: User) -> None:
    confirm_role(actor=ada, change=propose_role(actor=root, user=olivia, role=OutsideRole.SUPERUSER))
    assert holds(olivia, "is_superuser")
    assert holds(olivia, "is_staff")
    take_role(actor=User.objects.get(pk=olivia.pk), user=root, role=OutsideRole.SUPERUSER)
    assert not holds(root, "is_superuser")
    assert not holds(root, "is_staff")


def test_proposals_end(root: User, ada: User, olivia: User) -> None:
    declined = propose_role(actor=root, user=olivia, role=OutsideRole.APPROVER)
    with pytest.raises(Refused, match="is proposed for olivia already"):
        propose_role(actor=root, user=olivia, role=OutsideRole.APPROVER)
    decline_role(actor=ada, change=declined)
    withdrawn = propose_role(actor=root, user=olivia, role=OutsideRole.APPROVER)
    withdraw_role(actor=root, change=withdrawn)
    expired = propose_role(actor=root, user=olivia, role=OutsideRole.APPROVER)
    RoleChange.objects.filter(pk=expired.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    for change in (declined, withdrawn, expired):
        with pytest.raises(WrongState, match="was withdrawn, or has expired"):
            confirm_role(actor=ada, change=change)
    assert not holds(olivia, "is_approver")
    stale = propose_role(actor=root, user=olivia, role=OutsideRole.APPROVER)
    confirm_role(actor=ada, change=propose_role(actor=root, user=person("rita"), role=OutsideRole.SUPERUSER))
    take_role(actor=User.objects.get(username="rita"), user=root, role=OutsideRole.SUPERUSER)
    with pytest.raises(Refused, match="no longer a superuser"):
        confirm_role(actor=ada, change=stale)


def test_an_auditor_needs_no_confirmation(root: User, ada: User) -> None:
    otto = person("otto")
    propose_role(actor=root, user=otto, role=OutsideRole.AUDITOR)
    assert holds(otto, "is_auditor")


def test_the_only_superuser_begins_alone_and_not_for_long(root: User, olivia: User) -> None:
    """One approver and one portal admin; then the admin confirms, and it never comes back."""
    with pytest.raises(Refused, match="Nobody gives this role alone to themselves"):
        propose_role(actor=root, user=root, role=OutsideRole.APPROVER)
    propose_role(actor=root, user=olivia, role=OutsideRole.APPROVER)
    assert holds(olivia, "is_approver")
    assert AuditEvent.objects.get(action="role:give").detail["why"] == "Nobody else could confirm it yet."
    puppet, ada = person("puppet"), person("ada")
    with pytest.raises(Refused, match="Make somebody else a portal admin first"):
        propose_role(actor=root, user=puppet, role=OutsideRole.APPROVER)
    propose_role(actor=root, user=ada, role=OutsideRole.ADMIN)
    assert not holds(puppet, "is_approver")
    take_role(actor=root, user=ada, role=OutsideRole.ADMIN)
    take_role(actor=root, user=olivia, role=OutsideRole.APPROVER)
    for role in (OutsideRole.APPROVER, OutsideRole.ADMIN, OutsideRole.SUPERUSER):
        with pytest.raises(Refused, match=r"manage\.py give_role puppet"):
            propose_role(actor=root, user=puppet, role=role)


def test_a_person_who_never_signed_in_gets_no_role(root: User, ada: User) -> None:
    erin = create_person(actor=ada, new=NewPerson("erin"))
    with pytest.raises(Refused, match="erin has not signed in yet"):
        propose_role(actor=root, user=erin, role=OutsideRole.APPROVER)


def test_the_server_gives_and_takes_roles(root: User, olivia: User) -> None:
    out = StringIO()
    call_command("give_role", "olivia", "approver", stdout=out)
    assert holds(olivia, "is_approver")
    assert AuditEvent.objects.get(action="role:give").detail["why"] == "A command on the server gave it."
    call_command("give_role", "olivia", "approver", "--take", stdout=out)
    assert not holds(olivia, "is_approver")
    assert "olivia now has the role approver." in out.getvalue()
    for arguments in (("nobody", "approver"), ("root", "superuser", "--take")):
        with pytest.raises(CommandError):
            call_command("give_role", *arguments, stdout=out)


@pytest.mark.django_db(transaction=True)
def test_two_superusers_who_take_each_others_role_leave_one() -> None:
    pair = [User.objects.create_superuser(name, password=PASSWORD) for name in ("root", "rita")]
    together, outcomes = threading.Barrier(2), []

    def take(actor: User, user: User) -> None:
        try:
            together.wait(timeout=10)
            take_role(actor=actor, user=user, role=OutsideRole.SUPERUSER)
            outcomes.append("taken")
        except PortalError as error:
            outcomes.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=people) for people in (pair, pair[::-1])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert sorted(outcomes) == ["NotAllowed", "taken"]
    assert User.objects.filter(is_superuser=True).count() == 1


def test_proposals_that_end_with_a_person_or_by_time_are_in_the_log(root: User, ada: User, olivia: User) -> None:
    first = propose_role(actor=root, user=olivia, role=OutsideRole.APPROVER)
    RoleChange.objects.filter(pk=first.pk).update(expires_at=clock.now() - timedelta(seconds=1))
    propose_role(actor=root, user=olivia, role=OutsideRole.APPROVER)
    deactivate_person(actor=root, user=olivia)
    events = AuditEvent.objects.filter(action="role:withdraw").order_by("id")
    assert [(event.actor, event.subject) for event in events] == [(None, "olivia"), (root, "olivia")]
    assert not RoleChange.objects.filter(state="pending").exists()


def test_somebody_who_was_a_superuser_a_moment_ago_proposes_nothing(root: User, ada: User, olivia: User) -> None:
    User.objects.filter(pk=root.pk).update(is_superuser=False)
    assert root.is_superuser
    with pytest.raises(NotAllowed):
        propose_role(actor=root, user=olivia, role=OutsideRole.AUDITOR)
    assert not holds(olivia, "is_auditor")
