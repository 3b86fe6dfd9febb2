"""The list of people, and the page of one person with their roles."""

from __future__ import annotations

from dataclasses import dataclass, field

from django.conf import settings

from portal.pages.people.forms import PersonForm
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import has_role_outside_teams, is_admin, is_superuser
from provisioning.lifecycle.read.people import PEOPLE_PER_PAGE, PersonRow, TeamOfPerson, person_rows, teams_of_person
from provisioning.lifecycle.services.former_access import what_ends, why_not_yet
from provisioning.lifecycle.services.outside_roles import (
    NEEDS_CONFIRMATION,
    confirmers,
    pending_changes,
    why_not_alone,
    why_not_decide,
    why_not_without_superuser,
)
from provisioning.lifecycle.services.people import why_not_acted_on, why_not_confirm
from provisioning.lifecycle.services.tokens import is_valid, tokens_of_person
from provisioning.models import ApiToken, OutsideRole, RoleChange, User
from provisioning.models.role_change import FLAGS

ROLE_WORDS = {
    OutsideRole.APPROVER: "Decides on the requests of all teams, never on their own.",
    OutsideRole.ADMIN: "Sets up accounts, teams, rules and people.",
    OutsideRole.AUDITOR: "Reads everything, the audit log included. Changes nothing.",
    OutsideRole.SUPERUSER: "Is a portal admin, gives and takes roles, and signs in to /admin/.",
}


@dataclass(frozen=True, slots=True)
class Proposal:
    """`why_not` says why the reader cannot decide on it, and `why_not_yet` why nobody can confirm it yet;
    each is empty if nothing prevents it.
    """

    change: RoleChange
    why_not: str
    may_withdraw: bool
    why_not_yet: str
    what_ends: str


@dataclass(frozen=True, slots=True)
class PeoplePage:
    rows: list[PersonRow]
    next_after: str
    search: str
    role: str
    roles: list[tuple[str, str]]
    proposals: list[Proposal]
    may_create: bool


@dataclass(frozen=True, slots=True)
class RoleLine:
    """A role with what the reader may do about it; `why_not` explains why they cannot."""

    role: OutsideRole
    words: str
    is_held: bool
    proposal: Proposal | None
    offers_give: bool
    offers_take: bool
    is_alone: bool
    needs_second: bool
    why_not: str

    @property
    def title(self) -> str:
        label = str(self.role.label)
        return label[0].upper() + label[1:]


@dataclass(frozen=True, slots=True)
class PersonPage:
    person: User
    teams: list[TeamOfPerson]
    roles: list[RoleLine]
    form: PersonForm
    is_you: bool
    may_edit: bool
    why_not_edit: str
    may_deactivate: bool
    inviter: User | None
    why_not_confirm: str
    local_passwords: bool
    what_ends: str
    tokens: tuple[ApiToken, ...]
    may_revoke: bool
    link: str = field(default="", repr=False)


def people_page(user: User, *, search: str, role: str, after: str) -> PeoplePage:
    rows = person_rows(search=search, role=role, after=after, limit=PEOPLE_PER_PAGE + 1)
    return PeoplePage(
        rows=rows[:PEOPLE_PER_PAGE],
        next_after=rows[PEOPLE_PER_PAGE - 1].username if len(rows) > PEOPLE_PER_PAGE else "",
        search=search,
        role=role,
        roles=[(str(value), str(label)) for value, label in OutsideRole.choices],
        proposals=[_proposal(user, change) for change in pending_changes(at=clock.now())],
        may_create=is_admin(user),
    )


def person_page(user: User, person: User, *, form: PersonForm | None = None, link: str = "") -> PersonPage:
    now = clock.now()
    why_not = why_not_acted_on(user, person)
    initial = {"first_name": person.first_name, "last_name": person.last_name, "email": person.email}
    changes = pending_changes(at=now).filter(user=person)
    proposals = {change.role: _proposal(user, change) for change in changes}
    return PersonPage(
        person=person,
        teams=teams_of_person(person),
        roles=[_role_line(user, person, role, proposals.get(role.value)) for role in OutsideRole],
        form=form or PersonForm(initial=initial),
        is_you=user.pk == person.pk,
        may_edit=is_admin(user) and not why_not,
        why_not_edit=why_not if is_admin(user) else "",
        may_deactivate=_may_deactivate(user, person),
        inviter=person.counts_as,
        why_not_confirm=why_not_confirm(user, person) if person.counts_as_id else "",
        local_passwords=settings.LOCAL_PASSWORDS,
        what_ends=what_ends(person),
        tokens=tuple(token for token in tokens_of_person(user, person=person) if is_valid(token, at=now)),
        may_revoke=is_admin(user),
        link=link,
    )


def _may_deactivate(user: User, person: User) -> bool:
    if user.pk == person.pk or not is_admin(user):
        return False
    return is_superuser(user) or not has_role_outside_teams(person)


def _proposal(user: User, change: RoleChange) -> Proposal:
    return Proposal(
        change, why_not_decide(user, change), is_superuser(user), why_not_yet(change.user), what_ends(change.user)
    )


def _role_line(user: User, person: User, role: OutsideRole, proposal: Proposal | None) -> RoleLine:
    held, gives = getattr(person, FLAGS[role]), is_superuser(user) and person.is_active
    needs_second = role in NEEDS_CONFIRMATION
    nobody_confirms = gives and not held and needs_second and not confirmers(user, person).exists()
    why_not = why_not_alone(user, person, role) if nobody_confirms else ""
    if gives and not held and proposal is None:
        why_not = why_not or why_not_yet(person)
    if held and role is OutsideRole.SUPERUSER and gives:
        why_not = why_not_without_superuser(person)
    return RoleLine(
        role=role,
        words=ROLE_WORDS[role],
        is_held=held,
        proposal=proposal,
        offers_give=gives and not held and proposal is None,
        offers_take=gives and held,
        is_alone=nobody_confirms and not why_not,
        needs_second=needs_second,
        why_not=why_not,
    )
