"""People as the pages and the API show them to portal admins and auditors. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, Self
from uuid import UUID

from django.db.models import Q

from provisioning.errors import NotFound
from provisioning.models import Membership, OutsideRole, Role, User
from provisioning.models.role_change import FLAGS

PEOPLE_PER_PAGE: Final = 50
NO_SUCH_PERSON: Final = "This person does not exist."
_COLUMNS: Final = (
    "id",
    "username",
    "first_name",
    "last_name",
    "email",
    "is_active",
    "last_login",
    *FLAGS.values(),
)


@dataclass(frozen=True, slots=True)
class PersonRow:
    id: UUID
    username: str
    name: str
    email: str
    is_active: bool
    last_login: datetime | None
    roles: tuple[str, ...]

    @classmethod
    def of(cls, values: Sequence[Any]) -> Self:
        pk, username, first, last, email, is_active, last_login, *flags = values
        return cls(pk, username, f"{first} {last}".strip() or username, email, is_active, last_login, _held(flags))


@dataclass(frozen=True, slots=True)
class TeamOfPerson:
    slug: str
    name: str
    role: str


def person_rows(*, search: str = "", role: str = "", after: str = "", limit: int = PEOPLE_PER_PAGE) -> list[PersonRow]:
    """Return people by user name. `after` is the user name of the last row that was shown. One query.

    `search` is a part of the user name, name or address; `role` is an `OutsideRole`.
    """
    people = User.objects.filter(is_service=False, username__gt=after)
    for word in search.split():
        people = people.filter(
            Q(username__icontains=word)
            | Q(first_name__icontains=word)
            | Q(last_name__icontains=word)
            | Q(email__icontains=word)
        )
    if role in OutsideRole.values:
        people = people.filter(**{FLAGS[OutsideRole(role)]: True})
    return [PersonRow.of(values) for values in people.order_by("username").values_list(*_COLUMNS)[:limit]]


def get_person(pk: UUID) -> User:
    """Return a person, also a deactivated one. Raises NotFound."""
    if (person := User.objects.filter(pk=pk, is_service=False).first()) is None:
        raise NotFound(NO_SUCH_PERSON)
    return person


def row_of_person(user: User) -> PersonRow:
    return PersonRow.of([getattr(user, name) for name in _COLUMNS])


def teams_of_person(user: User) -> list[TeamOfPerson]:
    """Return the person's teams by name. One query."""
    rows = Membership.objects.filter(user=user, team__deleted_at=None).order_by("team__name")
    values = rows.values_list("team__slug", "team__name", "role")
    return [TeamOfPerson(slug, name, str(Role(role).label)) for slug, name, role in values]


def roles_of(user: User) -> tuple[str, ...]:
    """Return the person's roles outside teams, as people read them."""
    return tuple(str(role.label) for role, flag in FLAGS.items() if getattr(user, flag))


def _held(flags: Sequence[bool]) -> tuple[str, ...]:
    return tuple(str(role.label) for role, held in zip(FLAGS, flags, strict=True) if held)
