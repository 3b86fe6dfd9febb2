"""Invitations to a team, for its owners and portal admins. People accept them in the browser."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest
from django.urls import reverse
from ninja import Router, Schema
from ninja.responses import Status
from pydantic import Field

from portal.api.auth import Token, caller
from portal.api.idempotency import Key, created_once
from portal.api.schemas import Body, Resource, creates, reads, removes
from portal.api.v1.teams import ROLES, stored_role
from portal.web.lookups import get_team_for
from provisioning.errors import NotFound
from provisioning.lifecycle.access import check_may_manage_members
from provisioning.lifecycle.read.teams import invitation_rows
from provisioning.lifecycle.services.invitations import invite, withdraw_invitation
from provisioning.lifecycle.services.tokens import Scope
from provisioning.models import Invitation, Role, Team, User

router = Router(tags=["Teams"])

_NO_SUCH: Final = "This invitation does not exist."


class InvitationOut(Resource):
    """Nobody has accepted it yet."""

    id: UUID
    email: str = Field(examples=["dora@example.com"])
    role: str = Field(description="viewer, operator or owner.", examples=["operator"])
    invited_at: datetime
    expires_at: datetime


def _team(actor: User, slug: str) -> Team:
    team = get_team_for(actor, slug)
    check_may_manage_members(actor, team)
    return team


@router.get(
    "/{slug:slug}/invitations",
    response=reads(list[InvitationOut]),
    operation_id="invitations_list",
    summary="List the open invitations of a team",
)
def invitations(request: HttpRequest, slug: str) -> Any:
    """Newest first, those that have expired as well."""
    team = _team(caller(request), slug)
    return [
        InvitationOut(
            id=row.id, email=row.email, role=row.role_label, invited_at=row.invited_at, expires_at=row.expires_at
        )
        for row in invitation_rows(team)
    ]


class NewInvitation(Body):
    email: str = Field(max_length=254, description="Of a person without an account.", examples=["dora@example.com"])
    role: str = Field(pattern=ROLES, examples=["operator"])


class NewInvitationOut(Schema):
    invitation: InvitationOut
    link: str | None = Field(
        description="Works once, for this address. It is in this answer only; null if the call is repeated.",
        examples=["https://portal.example.com/invitation/…/"],
    )


@router.post(
    "/{slug:slug}/invitations",
    response=creates(NewInvitationOut),
    auth=Token(Scope.MANAGE),
    operation_id="invitations_create",
    summary="Invite a person without an account",
)
@created_once
def create(request: HttpRequest, slug: str, body: NewInvitation, idempotency_key: Key) -> Any:
    """Pass the link on. An open invitation of the same address ends."""
    del idempotency_key
    actor = caller(request)
    issued = invite(actor=actor, team=_team(actor, slug), email=body.email, role=stored_role(body.role))
    stored = issued.invitation
    described = InvitationOut(
        id=stored.pk,
        email=stored.email,
        role=str(Role(stored.role).label),
        invited_at=stored.invited_at,
        expires_at=stored.expires_at,
    )
    link = request.build_absolute_uri(reverse("open_invitation", kwargs={"token": issued.token}))
    return Status(201, NewInvitationOut(invitation=described, link=link))


@router.delete(
    "/{slug:slug}/invitations/{uuid:invitation_id}",
    response=removes(),
    auth=Token(Scope.MANAGE),
    operation_id="invitations_withdraw",
    summary="Withdraw an invitation",
)
def withdraw(request: HttpRequest, slug: str, invitation_id: UUID) -> Any:
    """Its link no longer works."""
    actor = caller(request)
    team = _team(actor, slug)
    stored = Invitation.objects.filter(pk=invitation_id, team=team).select_related("team").first()
    if stored is None:
        raise NotFound(_NO_SUCH)
    withdraw_invitation(actor=actor, invitation=stored)
    return Status(204, None)
