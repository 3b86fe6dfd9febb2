"""Delegations: an approver who is away lets somebody else decide until a day."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from ninja.responses import Status
from pydantic import Field

from portal.api.auth import Token, caller
from portal.api.idempotency import Key, created_once
from portal.api.schemas import Body, Resource, changes, creates, reads
from portal.api.v1.lookups import invalid
from portal.api.values import Day
from provisioning.errors import NotAllowed
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import is_approver
from provisioning.lifecycle.services.delegations import (
    LONGEST,
    MOST_CHARACTERS,
    delegate_approvals,
    delegations_of,
    end_delegation,
    get_delegation,
)
from provisioning.lifecycle.services.tokens import Scope
from provisioning.models import Delegation, User

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
    """The newest 50, given and received."""
    at = clock.now()
    return [describe(one, at=at) for one in delegations_of(caller(request))[:_SHOWN]]


class NewDelegation(Body):
    delegate: str = Field(max_length=150, description="The user name of who decides for you.", examples=["bob"])
    last_day: Day = Field(
        description=f"In UTC. The delegation ends at the end of this day, at most {LONGEST.days} days from now."
    )
    reason: str = Field(min_length=1, max_length=MOST_CHARACTERS, description="Everyone who sees requests may read it.")


@router.post(
    "",
    response=creates(DelegationOut),
    auth=Token(Scope.APPROVE),
    operation_id="delegations_begin",
    summary="Let somebody else decide for you",
)
@created_once
def begin(request: HttpRequest, body: NewDelegation, idempotency_key: Key) -> Any:
    """The other person decides neither on their own requests nor on yours."""
    del idempotency_key
    actor = caller(request)
    if not is_approver(actor):
        raise NotAllowed("Only approvers may delegate their approvals.")
    person = User.objects.filter(username=body.delegate, is_service=False).first()
    if person is None:
        raise invalid("delegate", "Nobody has this user name. Check its spelling.")
    if body.last_day == date.max:
        raise invalid("last_day", f"Choose an end in the future, at most {LONGEST.days} days from now.")
    last = min(body.last_day, date.max - timedelta(days=1))  # the service says which days are possible
    ends_at = datetime.combine(last, time.min, UTC) + timedelta(days=1)
    made = delegate_approvals(actor=actor, delegate=person, ends_at=ends_at, reason=body.reason)
    return Status(201, describe(made, at=clock.now()))


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
