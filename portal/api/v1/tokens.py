"""The caller's own tokens, and the service tokens of teams."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from portal.api.auth import Token, caller
from portal.api.schemas import Resource, changes, reads
from portal.web.lookups import get_team_for
from provisioning.lifecycle.services.tokens import Scope, get_token, revoke_token, tokens_of_person, tokens_of_team
from provisioning.models import ApiToken

router = Router(tags=["Tokens"])
of_teams = Router(tags=["Tokens"])


class TokenOut(Resource):
    """A token without its text, which is shown once, when it is created on the portal's pages."""

    id: UUID
    name: str = Field(examples=["deploys"])
    hint: str = Field(description="The last characters of the text.")
    scopes: list[str] = Field(examples=[["read", "operate"]])
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    revoked_at: datetime | None


def describe(token: ApiToken) -> TokenOut:
    return TokenOut(**{name: getattr(token, "pk" if name == "id" else name) for name in TokenOut.model_fields})


@router.get("", response=reads(list[TokenOut]), operation_id="tokens_list", summary="List the caller's own tokens")
def tokens(request: HttpRequest) -> Any:
    """Newest first. A token is created on the page of tokens, after a recent sign-in."""
    return [describe(token) for token in tokens_of_person(caller(request))]


@of_teams.get(
    "/{slug:slug}/tokens",
    response=reads(list[TokenOut]),
    operation_id="tokens_of_team",
    summary="List the service tokens of a team",
)
def team_tokens(request: HttpRequest, slug: str) -> Any:
    actor = caller(request)
    return [describe(token) for token in tokens_of_team(actor=actor, team=get_team_for(actor, slug))]


@router.delete(
    "/{uuid:token_id}",
    response=changes(TokenOut),
    auth=Token(Scope.MANAGE),
    operation_id="tokens_revoke",
    summary="Revoke a token",
)
def revoke(request: HttpRequest, token_id: UUID) -> Any:
    """It ends at once. A program can thus end its own token, and a portal admin those of other people and of teams."""
    actor = caller(request)
    return describe(revoke_token(actor=actor, token=get_token(actor=actor, token_id=token_id)))
