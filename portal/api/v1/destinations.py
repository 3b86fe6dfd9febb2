"""Where the portal may connect to besides public addresses over https, for portal admins."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from ninja.responses import Status
from pydantic import Field, StrictBool, StrictInt

from portal.api.auth import Token, caller
from portal.api.idempotency import Key, created_once
from portal.api.schemas import Body, Resource, creates, reads, removes
from provisioning.errors import NotFound
from provisioning.lifecycle.access import check_admin
from provisioning.lifecycle.services.tokens import Scope
from provisioning.models import AllowedDestination
from provisioning.notify.services.destinations import DestinationChoice, allow_destination, forbid_destination

router = Router(tags=["Webhooks"])

Port = Annotated[StrictInt, Field(ge=1, le=65_535)]


class DestinationOut(Resource):
    id: UUID
    what: str = Field(description="A name, a domain that begins with a dot, or a network.", examples=["10.1.0.0/16"])
    ports: list[int] = Field(description="Those that are allowed besides 443 and 8443.")
    allows_http: bool
    note: str
    created_by: str | None
    created_at: datetime


def describe(row: AllowedDestination) -> DestinationOut:
    return DestinationOut(
        id=row.pk,
        what=str(row),
        ports=row.ports,
        allows_http=row.allows_http,
        note=row.note,
        created_by=row.created_by.username if row.created_by is not None else None,
        created_at=row.created_at,
    )


@router.get(
    "",
    response=reads(list[DestinationOut]),
    operation_id="destinations_list",
    summary="List where the portal may connect to",
)
def destinations(request: HttpRequest) -> Any:
    """What admins have allowed for webhooks, chat servers and emulators."""
    check_admin(caller(request))
    rows = AllowedDestination.objects.select_related("created_by").order_by("host", "network")
    return [describe(row) for row in rows]


class NewDestination(Body):
    what: str = Field(
        max_length=253,
        description="A name (ci.corp.example.com), a domain (.corp.example.com), an address, or a network.",
        examples=["10.1.0.0/16"],
    )
    ports: list[Port] = Field(default_factory=list, max_length=50, description="Besides 443 and 8443.")
    allows_http: StrictBool = Field(default=False, description="Also without TLS.")
    note: str = Field("", max_length=200, description="Why, for the next admin.")


@router.post(
    "",
    response=creates(DestinationOut),
    auth=Token(Scope.ADMIN),
    operation_id="destinations_allow",
    summary="Allow a destination",
)
@created_once
def allow(request: HttpRequest, body: NewDestination, idempotency_key: Key) -> Any:
    del idempotency_key
    choice = DestinationChoice(what=body.what, ports=body.ports, allows_http=body.allows_http, note=body.note)
    return Status(201, describe(allow_destination(actor=caller(request), choice=choice)))


@router.delete(
    "/{uuid:destination_id}",
    response=removes(),
    auth=Token(Scope.ADMIN),
    operation_id="destinations_forbid",
    summary="Forbid a destination again",
)
def forbid(request: HttpRequest, destination_id: UUID) -> Any:
    """Connections that are open remain; the next one is refused."""
    actor = caller(request)
    check_admin(actor)
    if (stored := AllowedDestination.objects.filter(pk=destination_id).first()) is None:
        raise NotFound("There is no such destination.")
    forbid_destination(actor=actor, destination=stored)
    return Status(204, None)
