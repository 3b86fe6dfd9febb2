"""Hand-overs: an owner offers an environment to another team, and an owner of that team accepts."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from ninja.responses import Status
from pydantic import Field

from portal.api.auth import Token, caller
from portal.api.idempotency import Key, created_once
from portal.api.schemas import Body, Resource, changes, creates, reads
from portal.web.lookups import NO_SUCH_ENVIRONMENT, get_offer_for
from provisioning.errors import NotFound
from provisioning.lifecycle.access import check_manages, role_in, visible
from provisioning.lifecycle.services.handover import (
    accept_offer,
    decline_offer,
    offer_environment,
    offers_to_owner,
    open_offer_of,
    why_not_accept,
    withdraw_offer,
)
from provisioning.lifecycle.services.tokens import Scope
from provisioning.models import Environment, HandoverOffer, User

of_environment = Router(tags=["Hand-overs"])
router = Router(tags=["Hand-overs"])

_MANAGE = Token(Scope.MANAGE)


class OfferOut(Resource):
    id: UUID
    state: str = Field(description="open, accepted, declined, withdrawn or expired.", examples=["open"])
    environment_id: UUID
    environment: str = Field(description="The environment's name.", examples=["orders-dev"])
    from_team: str = Field(description="The slug of the giving team.", examples=["payments"])
    to_team: str = Field(description="The slug of the receiving team.", examples=["logistics"])
    note: str
    offered_by: str
    offered_at: datetime
    expires_at: datetime
    why_not: list[str] = Field(
        description="Why the receiving team cannot accept it now. Only in the answer about a single offer to it."
    )


def describe(offer: HandoverOffer, *, why_not: list[str] | None = None) -> OfferOut:
    return OfferOut(
        id=offer.pk,
        state=str(offer.state),
        environment_id=offer.environment_id,
        environment=offer.environment.name,
        from_team=offer.from_team.slug,
        to_team=offer.to_team.slug,
        note=offer.note,
        offered_by=offer.offered_by.username,
        offered_at=offer.offered_at,
        expires_at=offer.expires_at,
        why_not=why_not or [],
    )


def _mine(actor: User, environment_id: UUID) -> Environment:
    """An environment of a team that the caller owns."""
    rows = Environment.objects.select_related("team", "account").annotate(own_role=role_in(actor))
    environment = rows.filter(visible(actor), pk=environment_id).first()
    if environment is None:
        raise NotFound(NO_SUCH_ENVIRONMENT)
    check_manages(actor, environment.team, role=environment.own_role, hidden=NO_SUCH_ENVIRONMENT)
    return environment


def _open_offer(environment: Environment) -> HandoverOffer:
    if (offer := open_offer_of(environment)) is None:
        raise NotFound("There is no open offer of this environment.")
    return offer


@of_environment.get(
    "/{uuid:environment_id}/handover",
    response=reads(OfferOut),
    operation_id="handovers_of_environment",
    summary="Read the open offer of an environment",
)
def offer_of(request: HttpRequest, environment_id: UUID) -> Any:
    """For owners of its team."""
    return describe(_open_offer(_mine(caller(request), environment_id)))


class NewOffer(Body):
    receiver: str = Field(max_length=32, description="The slug of the receiving team.", examples=["logistics"])
    name: str = Field(max_length=32, description="The environment's name, typed once more.", examples=["orders-dev"])
    note: str = Field("", max_length=2_000, description="For the owners of the receiving team.")


@of_environment.post(
    "/{uuid:environment_id}/handover",
    response=creates(OfferOut),
    auth=_MANAGE,
    operation_id="handovers_offer",
    summary="Offer an environment to another team",
)
@created_once
def offer(request: HttpRequest, environment_id: UUID, body: NewOffer, idempotency_key: Key) -> Any:
    """It belongs to the other team once an owner there has accepted."""
    del idempotency_key
    actor = caller(request)
    made = offer_environment(
        actor=actor,
        environment=_mine(actor, environment_id),
        receiver=body.receiver,
        typed_name=body.name,
        note=body.note,
    )
    return Status(201, describe(made))


@of_environment.post(
    "/{uuid:environment_id}/handover/withdraw",
    response=changes(OfferOut),
    auth=_MANAGE,
    operation_id="handovers_withdraw",
    summary="Withdraw the open offer of an environment",
)
def withdraw(request: HttpRequest, environment_id: UUID) -> Any:
    actor = caller(request)
    return describe(withdraw_offer(actor=actor, offer=_open_offer(_mine(actor, environment_id))))


@router.get("", response=reads(list[OfferOut]), operation_id="handovers_list", summary="List offers to the caller")
def offers(request: HttpRequest) -> Any:
    """Those that the teams that the caller owns can accept now, oldest first."""
    return [describe(one) for one in offers_to_owner(caller(request))]


@router.get("/{uuid:offer_id}", response=reads(OfferOut), operation_id="handovers_get", summary="Read an offer")
def received(request: HttpRequest, offer_id: UUID) -> Any:
    """For owners of the receiving team."""
    found = get_offer_for(caller(request), offer_id)
    return describe(found, why_not=why_not_accept(found))


@router.post(
    "/{uuid:offer_id}/accept",
    response=changes(OfferOut),
    auth=_MANAGE,
    operation_id="handovers_accept",
    summary="Take an environment over",
)
def accept(request: HttpRequest, offer_id: UUID) -> Any:
    """From then on it belongs to the receiving team. Nothing changes in AWS."""
    actor = caller(request)
    found = get_offer_for(actor, offer_id)
    accept_offer(actor=actor, offer=found)
    return describe(found)


@router.post(
    "/{uuid:offer_id}/decline",
    response=changes(OfferOut),
    auth=_MANAGE,
    operation_id="handovers_decline",
    summary="Decline an offer",
)
def decline(request: HttpRequest, offer_id: UUID) -> Any:
    actor = caller(request)
    return describe(decline_offer(actor=actor, offer=get_offer_for(actor, offer_id)))
