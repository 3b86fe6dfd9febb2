"""People, for portal admins and auditors: who has an account, in which teams, with which roles outside teams.

Passwords and roles outside teams are given in the browser only, after a recent sign-in: they outlive a
token, and with them one could make tokens of one's own.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from portal.api.auth import Token, caller
from portal.api.idempotency import Key, created_once
from portal.api.paging import Limit, among, chosen, fields_query
from portal.api.schemas import Body, Page, Resource, changes, creates, only, reads
from portal.api.v1.tokens import TokenOut
from portal.api.v1.tokens import describe as describe_token
from portal.api.values import PRINTABLE
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_admin, check_may_see_people
from provisioning.lifecycle.read.people import get_person, person_rows, row_of_person, teams_of_person
from provisioning.lifecycle.services.outside_roles import pending_changes
from provisioning.lifecycle.services.people import (
    NewPerson,
    create_person,
    deactivate_person,
    reactivate_person,
    update_person,
)
from provisioning.lifecycle.services.tokens import Scope, tokens_of_person
from provisioning.models import RoleChange, User

router = Router(tags=["People"])

_ADMIN: Final = Token(Scope.ADMIN)


class PersonOut(Resource):
    id: UUID
    username: str = Field(examples=["bob"])
    name: str = Field(examples=["Bob Berg"])
    email: str = Field(examples=["bob@example.com"])
    is_active: bool
    last_login: datetime | None
    roles: list[str] = Field(description="Roles outside teams.", examples=[["approver"]])


NAMES: Final = tuple(PersonOut.model_fields)
PersonFields = Annotated[str, among(NAMES), fields_query("id,username")]
NameCursor = Annotated[
    str,
    Query(max_length=150, pattern=PRINTABLE, description="`next_cursor` of the page before; empty for the first page."),
]
"""A user name, which may have characters that no other cursor has."""
RoleFilter = Annotated[Literal["", "approver", "admin", "auditor", "superuser"], Query(description="Empty for all.")]


@router.get("", response=reads(Page[PersonOut]), operation_id="people_list", summary="List people")
def people(  # noqa: PLR0917 - ninja reads the parameters by name
    request: HttpRequest,
    cursor: NameCursor = "",
    limit: Limit = 50,
    fields: PersonFields = "",
    words: Annotated[
        str, Query(max_length=80, pattern=PRINTABLE, description="Parts of user name, name or address.")
    ] = "",
    role: RoleFilter = "",
) -> Any:
    """By user name."""
    names = chosen(fields, NAMES)
    check_may_see_people(caller(request))
    rows = person_rows(search=words, role=role, after=cursor, limit=limit + 1)
    items = [PersonOut(**{name: getattr(row, name) for name in NAMES} | {"roles": list(row.roles)}) for row in rows]
    following = rows[limit - 1].username if len(rows) > limit else ""
    return only(Page(items=items[:limit], next_cursor=following), names)


class RoleChangeOut(Resource):
    """A role outside teams that somebody has proposed. Somebody else confirms it, in the browser."""

    id: UUID
    username: str = Field(description="Who gets the role.", examples=["olivia"])
    role: str = Field(description="approver, admin or superuser.", examples=["approver"])
    proposed_by: str | None
    proposed_at: datetime
    expires_at: datetime | None


def describe_change(change: RoleChange) -> RoleChangeOut:
    return RoleChangeOut(
        id=change.pk,
        username=change.user.username,
        role=change.role,
        proposed_by=change.proposed_by.username if change.proposed_by is not None else None,
        proposed_at=change.proposed_at,
        expires_at=change.expires_at,
    )


@router.get(
    "/role-changes",
    response=reads(list[RoleChangeOut]),
    operation_id="role_changes_list",
    summary="List roles outside teams that wait for a second person",
)
def role_changes(request: HttpRequest) -> Any:
    """Oldest first."""
    check_may_see_people(caller(request))
    return [describe_change(change) for change in pending_changes(at=clock.now())]


class TeamOfPersonOut(Schema):
    team: str = Field(description="The team's slug.", examples=["payments"])
    role: str = Field(description="viewer, operator or owner.", examples=["operator"])


class PersonDetailOut(PersonOut):
    teams: list[TeamOfPersonOut]


def described(user: User) -> PersonDetailOut:
    row = row_of_person(user)
    teams = [TeamOfPersonOut(team=one.slug, role=one.role) for one in teams_of_person(user)]
    return PersonDetailOut(**{name: getattr(row, name) for name in NAMES} | {"roles": list(row.roles)}, teams=teams)


@router.get("/{uuid:person_id}", response=reads(PersonDetailOut), operation_id="people_get", summary="Read a person")
def person(request: HttpRequest, person_id: UUID) -> Any:
    check_may_see_people(caller(request))
    return described(get_person(person_id))


@router.get(
    "/{uuid:person_id}/tokens",
    response=reads(list[TokenOut]),
    operation_id="people_tokens",
    summary="List the personal tokens of a person",
)
def tokens(request: HttpRequest, person_id: UUID) -> Any:
    """Newest first, without their texts. `tokens_revoke` ends one: portal admins may, such as after a theft."""
    actor = caller(request)
    check_may_see_people(actor)
    return [describe_token(token) for token in tokens_of_person(actor, person=get_person(person_id))]


class NewPersonBody(Body):
    username: str = Field(max_length=150, examples=["bob"])
    first_name: str = Field("", max_length=150)
    last_name: str = Field("", max_length=150)
    email: str = Field("", max_length=254, description="Messages go there.", examples=["bob@example.com"])


@router.post(
    "", response=creates(PersonDetailOut), auth=_ADMIN, operation_id="people_create", summary="Create a person"
)
@created_once
def create(request: HttpRequest, body: NewPersonBody, idempotency_key: Key) -> Any:
    """Without a password. A portal admin makes a link that sets it, on the person’s page."""
    del idempotency_key
    made = create_person(actor=caller(request), new=NewPerson(**body.model_dump()))
    return Status(201, described(made))


class PersonChange(Body):
    """What is left out is not changed."""

    first_name: str | None = Field(None, max_length=150)
    last_name: str | None = Field(None, max_length=150)
    email: str | None = Field(None, max_length=254, examples=["bob@example.com"])


@router.patch(
    "/{uuid:person_id}",
    response=changes(PersonDetailOut),
    auth=_ADMIN,
    operation_id="people_change",
    summary="Correct the name or the address of a person",
)
def change(request: HttpRequest, person_id: UUID, body: PersonChange) -> Any:
    """Not of a person with a role outside teams: with their address, one could act as that person."""
    actor = caller(request)
    check_admin(actor)
    user = get_person(person_id)
    given = body.model_dump(exclude_none=True)
    values = {name: given.get(name, getattr(user, name)) for name in ("first_name", "last_name", "email")}
    return described(update_person(actor=actor, user=user, **values))


@router.post(
    "/{uuid:person_id}/deactivate",
    response=changes(PersonDetailOut),
    auth=_ADMIN,
    operation_id="people_deactivate",
    summary="End all rights of a person at once",
)
def deactivate(request: HttpRequest, person_id: UUID) -> Any:
    """Also those of open sessions and of tokens. Only superusers do so to a person with a role outside teams."""
    actor = caller(request)
    check_admin(actor)
    return described(deactivate_person(actor=actor, user=get_person(person_id)))


@router.post(
    "/{uuid:person_id}/reactivate",
    response=changes(PersonDetailOut),
    auth=_ADMIN,
    operation_id="people_reactivate",
    summary="Let a deactivated person sign in again",
)
def reactivate(request: HttpRequest, person_id: UUID) -> Any:
    """With their teams, and without roles outside teams."""
    actor = caller(request)
    check_admin(actor)
    return described(reactivate_person(actor=actor, user=get_person(person_id)))
