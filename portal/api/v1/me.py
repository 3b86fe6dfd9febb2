"""Who is calling, and what the token allows."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from portal.api.auth import caller
from portal.api.schemas import Resource, reads
from provisioning.lifecycle.access import is_admin, is_approver, is_auditor, memberships_of
from provisioning.models import ApiToken, Role

router = Router(tags=["Tokens"])


class MembershipOut(Schema):
    team: str = Field(description="The team's slug.", examples=["payments"])
    role: str = Field(description="viewer, operator or owner.", examples=["operator"])


class CallerOut(Resource):
    id: UUID
    username: str
    is_service: bool = Field(description="The token belongs to a team.")
    is_approver: bool
    is_admin: bool
    is_auditor: bool
    teams: list[MembershipOut]
    token: str = Field(description="The name of the token.")
    scopes: list[str]
    expires_at: datetime


@router.get("", response=reads(CallerOut), operation_id="me_get", summary="Read who is calling")
def me(request: HttpRequest) -> Any:
    user, token = caller(request), request.auth  # type: ignore[attr-defined]
    assert isinstance(token, ApiToken)  # noqa: S101 - narrowed for the type checker
    return CallerOut(
        id=user.pk,
        username=user.username,
        is_service=user.is_service,
        is_approver=is_approver(user),
        is_admin=is_admin(user),
        is_auditor=is_auditor(user),
        teams=[MembershipOut(team=one.team.slug, role=Role(one.role).label) for one in memberships_of(user)],
        token=token.name,
        scopes=token.scopes,
        expires_at=token.expires_at,
    )
