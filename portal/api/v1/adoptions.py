"""Adoptions: the portal watches a stack that was created without it."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from portal.api.auth import Token, caller
from portal.api.idempotency import Key, idempotent, request_id
from portal.api.schemas import Body, creates
from portal.api.v1.lookups import account_of, team_of
from portal.api.v1.requests import RequestOut, created
from portal.api.values import NOTE_TO_DECIDERS
from provisioning.lifecycle.services.adopt import request_adoption

router = Router(tags=["Changes"])


class NewAdoption(Body):
    team: str = Field(max_length=32, examples=["payments"])
    account: str = Field(max_length=64, examples=["sandbox-dev"])
    region: str = Field(max_length=25, examples=["eu-north-1"])
    stack: str = Field(max_length=400, description="The name or the ARN of the stack.", examples=["legacy-orders"])
    name: str = Field(max_length=32, description="Its name in the portal.", examples=["orders-legacy"])
    size: str = Field(max_length=10, examples=["dev"])
    note: str = NOTE_TO_DECIDERS


@router.post("", response=creates(RequestOut), auth=Token(), operation_id="adoptions_create", summary="Adopt a stack")
@idempotent
def adopt(request: HttpRequest, body: NewAdoption, idempotency_key: Key) -> Any:
    """Reads the stack in AWS and changes nothing. It always needs an approval."""
    del idempotency_key
    actor = caller(request)
    team = team_of(actor, body.team)
    stored = request_adoption(
        actor=actor,
        team=team,
        name=body.name,
        size=body.size,
        account=account_of(team, body.account),
        region=body.region,
        stack=body.stack,
        request_id=request_id(request),
        note=body.note,
    )
    return created(stored)
