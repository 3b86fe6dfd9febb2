"""Delegations: an approver who is away lets somebody else decide until a day.

They begin in the browser, after a recent sign-in: a delegation outlives the token of the approver, so a
thief of the token could keep the right to decide.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from portal.api.auth import Token, caller
from portal.api.schemas import Resource, changes, reads
from provisioning.lifecycle import clock
from provisioning.lifecycle.services.delegations import delegations_of, end_delegation, get_delegation
from provisioning.lifecycle.services.tokens import Scope
from provisioning.models import Delegation

router = Router(tags=["Requests"])

_SHOWN = 50


class DelegationOut(Resource):
    id: UUID
    delegator: str = Field(description="The approver.", examples=["olivia"])
    delegate: str = Field(description="Who decides for the approver.", examples=["bob"])
    reason: str
    begins_at: datetime
    ends_at: datetime
    ended_at: datetime | None = Field(description="When it was ended before its time.")
    is_in_effect: bool


def describe(delegation: Delegation, *, at: datetime) -> DelegationOut:
    return DelegationOut(
        id=delegation.pk,
        delegator=delegation.delegator.username,
        delegate=delegation.delegate.username,
        reason=delegation.reason,
        begins_at=delegation.begins_at,
        ends_at=delegation.ends_at,
        ended_at=delegation.ended_at,
        is_in_effect=delegation.ended_at is None and delegation.ends_at > at,
    )


@router.get(
    "", response=reads(list[DelegationOut]), operation_id="delegations_list", summary="List the caller's delegations"
)
def delegations(request: HttpRequest) -> Any:
    """The newest 50, given and received. A delegation begins in the browser, after a recent sign-in."""
    at = clock.now()
    return [describe(one, at=at) for one in delegations_of(caller(request))[:_SHOWN]]


@router.post(
    "/{uuid:delegation_id}/end",
    response=changes(DelegationOut),
    auth=Token(Scope.APPROVE),
    operation_id="delegations_end",
    summary="End a delegation now",
)
def end(request: HttpRequest, delegation_id: UUID) -> Any:
    """Both people may."""
    actor = caller(request)
    ended = end_delegation(actor=actor, delegation=get_delegation(actor=actor, delegation_id=delegation_id))
    return describe(ended, at=clock.now())
