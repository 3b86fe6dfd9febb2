"""The groups of the provider change vera's teams and roles: who hears of it, and what people decided here."""

from __future__ import annotations

import pytest
from pytest_django import Settings

from provisioning.lifecycle.services.outside_roles import confirm_role, propose_role, take_role
from provisioning.lifecycle.services.people import deactivate_person
from provisioning.lifecycle.services.provider_identity import Grants, Person, admit_person
from provisioning.models import AuditEvent, OutsideRole, Role, Team, User
from provisioning.notify.audience import recipients_of
from provisioning.notify.wording import text_for

VERA = Person("https://id", "vera", "vera", "Vera", "", "")


@pytest.fixture(autouse=True)
def _provider(settings: Settings) -> None:
    settings.SSO_ISSUER = VERA.issuer


@pytest.fixture
def payments(db: None) -> Team:
    return Team.objects.create(slug="payments", name="Payments")


@pytest.fixture
def root(db: None) -> User:
    return User.objects.create_superuser("root", password="correct horse battery")


@pytest.fixture
def ada(db: None) -> User:
    return User.objects.create_user("ada", is_admin=True)


def sign_in(*outside: OutsideRole, **teams: Role) -> User:
    return admit_person(person=VERA, grants=Grants(teams, frozenset(outside)))


def hears(event: AuditEvent) -> tuple[list[str], list[str]]:
    recipients = recipients_of(event)
    assert recipients is not None
    return sorted(person.username for person in recipients.people), [team.name for team in recipients.teams]


def test_each_change_of_a_team_is_an_event_of_the_team(payments: Team) -> None:
    for role in (Role.VIEWER, Role.OPERATOR, None, None):
        sign_in(**({"payments": role} if role is not None else {}))
    events = list(AuditEvent.objects.filter(team=payments).order_by("id"))
    assert [(event.action, event.before, event.after) for event in events] == [
        ("member:add", None, {"role": "viewer"}),
        ("member:change_role", {"role": "viewer"}, {"role": "operator"}),
        ("member:remove", {"role": "operator"}, None),
    ]
    assert [hears(event) for event in events] == [(["vera"], ["Payments"])] * 3
    assert text_for(events[0], None).sentence == "The portal added vera to Payments."


def test_vera_hears_of_roles_outside_teams(db: None) -> None:
    sign_in(OutsideRole.APPROVER)
    sign_in()
    events = list(AuditEvent.objects.filter(action__startswith="role:").order_by("id"))
    assert [(event.action, event.after) for event in events] == [
        ("role:give", {"approver": True}),
        ("role:take", {"approver": False}),
    ]
    assert [hears(event) for event in events] == [(["vera"], [])] * 2


def test_a_role_that_was_given_here_after_it_was_taken_remains(root: User, ada: User) -> None:
    vera = sign_in(OutsideRole.APPROVER)
    User.objects.filter(pk=vera.pk).update(last_login=vera.date_joined)
    take_role(actor=root, user=vera, role=OutsideRole.APPROVER)
    assert not sign_in(OutsideRole.APPROVER).is_approver, "the group gave it already"
    confirm_role(actor=ada, change=propose_role(actor=root, user=vera, role=OutsideRole.APPROVER))
    assert sign_in().is_approver


def test_a_role_that_was_taken_here_comes_back_with_the_group_only(root: User) -> None:
    vera = sign_in()
    User.objects.filter(pk=vera.pk).update(is_approver=True)
    take_role(actor=root, user=vera, role=OutsideRole.APPROVER)
    assert not sign_in(OutsideRole.APPROVER).is_approver
    assert not sign_in().is_approver
    assert sign_in(OutsideRole.APPROVER).is_approver


@pytest.mark.parametrize("how", ["group", "lower role", "deactivated"])
def test_portal_admins_hear_of_a_team_without_an_owner(how: str, payments: Team, root: User, ada: User) -> None:
    vera = sign_in(payments=Role.OWNER)
    if how == "deactivated":
        deactivate_person(actor=ada, user=vera)
    else:
        sign_in(**({"payments": Role.VIEWER} if how == "lower role" else {}))
    event = AuditEvent.objects.get(action="team:lose_owners")
    assert (event.team, event.subject) == (payments, "Payments")
    assert hears(event) == (["ada", "root"], ["Payments"])
    assert "Payments has no owner any more" in text_for(event, None).sentence


def test_a_team_with_another_owner_has_one(payments: Team, ada: User) -> None:
    payments.memberships.create(user=ada, role=Role.OWNER)
    sign_in(payments=Role.OWNER)
    sign_in()
    assert not AuditEvent.objects.filter(action="team:lose_owners").exists()
