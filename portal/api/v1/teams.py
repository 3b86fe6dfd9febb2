"""Teams, their members, and what they may use in which account."""

from __future__ import annotations

from typing import Annotated, Any, Final
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field

from portal.api.auth import Token, caller
from portal.api.idempotency import Key, created_once
from portal.api.schemas import Body, Resource, changes, creates, reads, removes
from portal.api.v1.lookups import invalid
from portal.web.lookups import get_team_for
from provisioning.errors import NotFound
from provisioning.lifecycle.access import check_admin, check_may_manage_members
from provisioning.lifecycle.read.teams import member_rows, team_rows, usable_accounts
from provisioning.lifecycle.services.members import add_member, change_member_role, remove_member
from provisioning.lifecycle.services.people import find_person
from provisioning.lifecycle.services.teams import create_team, delete_team, rename_team
from provisioning.lifecycle.services.tokens import Scope
from provisioning.models import Membership, Role, Team, User

router = Router(tags=["Teams"])

ROLES: Final = "^(viewer|operator|owner)$"
_MOST_TEAMS: Final = 1000


class TeamOut(Resource):
    id: UUID
    slug: str = Field(examples=["payments"])
    name: str = Field(examples=["Payments"])
    role: str = Field(description="The caller's own role; empty for others.", examples=["owner"])
    members: int
    environments: int = Field(description="Those that were not torn down.")


def _described(actor: User, team: Team) -> TeamOut:
    (row,) = team_rows(actor, own=False, only=team, limit=1)
    return TeamOut(**{name: getattr(row, name) for name in TeamOut.model_fields})


@router.get("", response=reads(list[TeamOut]), operation_id="teams_list", summary="List teams")
def teams(request: HttpRequest) -> Any:
    """The teams that the caller may see, by slug."""
    rows = team_rows(caller(request), own=False, limit=_MOST_TEAMS)
    return [TeamOut(**{name: getattr(row, name) for name in TeamOut.model_fields}) for row in rows]


class NewTeam(Body):
    name: str = Field(max_length=80, examples=["Payments"])
    slug: str = Field(
        max_length=32, description="Part of the team's names in AWS. It never changes.", examples=["payments"]
    )


@router.post(
    "", response=creates(TeamOut), auth=Token(Scope.ADMIN), operation_id="teams_create", summary="Create a team"
)
@created_once
def create(request: HttpRequest, body: NewTeam, idempotency_key: Key) -> Any:
    """Portal admins do."""
    del idempotency_key
    actor = caller(request)
    return Status(201, _described(actor, create_team(actor=actor, name=body.name, slug=body.slug)))


class TeamName(Body):
    name: str = Field(max_length=80, examples=["Payments and billing"])


@router.patch(
    "/{slug:slug}",
    response=changes(TeamOut),
    auth=Token(Scope.ADMIN),
    operation_id="teams_rename",
    summary="Rename a team",
)
def rename(request: HttpRequest, slug: str, body: TeamName) -> Any:
    actor = caller(request)
    return _described(actor, rename_team(actor=actor, team=get_team_for(actor, slug), name=body.name))


@router.delete(
    "/{slug:slug}",
    response=removes(),
    auth=Token(Scope.ADMIN),
    operation_id="teams_delete",
    summary="Delete a team that has no environments",
)
def delete(
    request: HttpRequest,
    slug: str,
    confirm: Annotated[str, Query(max_length=32, description="The team's slug once more.", examples=["payments"])],
) -> Any:
    """Its slug remains taken. What is in AWS is not touched."""
    actor = caller(request)
    team = get_team_for(actor, slug)
    check_admin(actor)
    delete_team(actor=actor, team=team, typed_slug=confirm)
    return Status(204, None)


class MemberOut(Resource):
    id: UUID = Field(description="The person.")
    username: str = Field(examples=["bob"])
    name: str
    role: str = Field(description="viewer, operator or owner.", examples=["operator"])
    is_active: bool


@router.get(
    "/{slug:slug}/members",
    response=reads(list[MemberOut]),
    operation_id="members_list",
    summary="List the members of a team",
)
def members(request: HttpRequest, slug: str) -> Any:
    return _members(get_team_for(caller(request), slug))


def _members(team: Team) -> list[MemberOut]:
    return [
        MemberOut(id=row.user_id, username=row.username, name=row.name, role=row.role_label, is_active=row.is_active)
        for row in member_rows(team)
    ]


class NewMember(Body):
    username: str = Field(max_length=150, description="A person who has an account.", examples=["bob"])
    role: str = Field(pattern=ROLES, examples=["operator"])


@router.post(
    "/{slug:slug}/members",
    response=changes(list[MemberOut]),
    auth=Token(Scope.MANAGE),
    operation_id="members_add",
    summary="Add a person to a team, or change the role of a member",
)
def add(request: HttpRequest, slug: str, body: NewMember) -> Any:
    """The answer lists all members. People without an account are invited on the team's page."""
    actor = caller(request)
    team = get_team_for(actor, slug)
    check_may_manage_members(actor, team)  # before the answer says whether the person exists
    person = find_person(body.username)
    if person is None:
        raise invalid("username", f"There is no person {body.username}. Invite the holder of an address instead.")
    role = stored_role(body.role)
    if Membership.objects.filter(team=team, user=person).exists():
        change_member_role(actor=actor, team=team, user=person, role=role)
    else:
        add_member(actor=actor, team=team, user=person, role=role)
    return _members(team)


def stored_role(label: str) -> str:
    return str(next(role for role in Role if role.label == label))


@router.delete(
    "/{slug:slug}/members/{uuid:person_id}",
    response=changes(list[MemberOut]),
    auth=Token(Scope.MANAGE),
    operation_id="members_remove",
    summary="Remove a person from a team",
)
def remove(request: HttpRequest, slug: str, person_id: UUID) -> Any:
    """The last owner cannot be removed."""
    actor = caller(request)
    team = get_team_for(actor, slug)
    person = User.objects.filter(pk=person_id, memberships__team=team, is_service=False).first()
    if person is None:
        raise NotFound("This person is not in the team.")
    remove_member(actor=actor, team=team, user=person)
    return _members(team)


class UsableAccountOut(Schema):
    name: str = Field(examples=["sandbox-dev"])
    account_id: str = Field(examples=["123456789012"])
    sizes: list[str]
    regions: list[str]


@router.get(
    "/{slug:slug}/accounts",
    response=reads(list[UsableAccountOut]),
    operation_id="teams_accounts",
    summary="List the accounts that a team may use",
)
def accounts(request: HttpRequest, slug: str) -> Any:
    team = get_team_for(caller(request), slug)
    return [
        UsableAccountOut(name=row.name, account_id=row.account_id, sizes=list(row.sizes), regions=list(row.regions))
        for row in usable_accounts(team)
    ]
