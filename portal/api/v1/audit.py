"""The audit log: all of it for auditors, and the events of their teams for owners."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from portal.api.auth import Token, caller
from portal.api.paging import Limit
from portal.api.schemas import Body, Page, Resource, changes, file_of, reads
from portal.api.v1.environments import Word
from portal.api.v1.lookups import invalid
from portal.api.values import PRINTABLE, Day
from portal.web.audit_export import export_audit
from provisioning.lifecycle.access import audit_scope
from provisioning.lifecycle.audit import meaning_of
from provisioning.lifecycle.audit_chain import rows_with_ids
from provisioning.lifecycle.read.audit import AuditFilter, AuditRow, Position, audit_listing, audit_row
from provisioning.lifecycle.services.tokens import Scope

router = Router(tags=["Audit"])


class AuditEventOut(Resource):
    id: int
    at: datetime
    action: str = Field(description="What happened, as noun:verb.", examples=["request:approve"])
    actor: str = Field(description="The user name; empty for the portal itself.")
    acting_as: str = Field(description="On whose behalf; empty for people who act for themselves.")
    via: str = Field(description="page, admin, api, worker or command.")
    address: str
    subject: str
    team: str | None
    environment_id: UUID | None
    environment: str | None
    detail: dict[str, Any]
    before: dict[str, Any] | None
    after: dict[str, Any] | None


def describe(row: AuditRow) -> AuditEventOut:
    same = {name: getattr(row, name) for name in AuditEventOut.model_fields if name != "actor"}
    return AuditEventOut(**same, actor=row.actor_name)


_Day = Annotated[Day | None, Query(description="In UTC. The day itself is included.")]


@router.get("", response=reads(Page[AuditEventOut]), operation_id="audit_list", summary="Search the audit log")
def events(  # noqa: PLR0917 - ninja reads the parameters by name
    request: HttpRequest,
    cursor: Annotated[
        str, Query(max_length=60, pattern=r"^[0-9T.-]*$", description="`next_cursor` of the page before.")
    ] = "",
    limit: Limit = 50,
    words: Annotated[str, Query(max_length=200, pattern=PRINTABLE)] = "",
    who: Annotated[str, Query(max_length=150, pattern=PRINTABLE, description="A user name.")] = "",
    team: Word = "",
    environment: Annotated[str, Query(max_length=64, pattern=PRINTABLE, description="A name or an id.")] = "",
    action: Annotated[str, Query(max_length=60, pattern=PRINTABLE)] = "",
    address: Annotated[str, Query(max_length=45, pattern=PRINTABLE)] = "",
    first_day: _Day = None,
    last_day: _Day = None,
) -> Any:
    """Newest first."""
    if cursor and Position.parse(cursor) is None:
        raise invalid("cursor", "This is not a cursor of this list. Send `next_cursor` of a page as it is, or none.")
    wanted = AuditFilter(
        words=words,
        who=who,
        team=team,
        environment=environment,
        action=action,
        address=address,
        first_day=first_day,
        last_day=last_day,
    )
    listing = audit_listing(audit_scope(caller(request)), wanted, cursor=cursor, limit=limit)
    return Page(items=[describe(row) for row in listing.rows], next_cursor=listing.older)


class SealOut(Schema):
    position: int = Field(description="In the chain of hashes.")
    sealed_at: str
    previous_hash: str
    hash: str
    verifies: bool = Field(description="Whether the event has this hash.")


class AuditEventDetailOut(AuditEventOut):
    meaning: str = Field(description="What the action means.")
    seal: SealOut | None = Field(description="Null until the event's transaction has ended.")


@router.get(
    "/{int:event_id}", response=reads(AuditEventDetailOut), operation_id="audit_get", summary="Read an audit event"
)
def event(request: HttpRequest, event_id: int) -> Any:
    """With its place in the chain of hashes."""
    row = audit_row(audit_scope(caller(request)), event_id)
    sealed = next(rows_with_ids([row.id]), None)
    seal = None
    if sealed is not None:
        same = {name: getattr(sealed, name) for name in ("position", "sealed_at", "previous_hash", "hash")}
        seal = SealOut(**same, verifies=sealed.digest() == sealed.hash)
    return AuditEventDetailOut(**describe(row).model_dump(), meaning=meaning_of(row.action), seal=seal)


class Export(Body):
    """Empty fields do not filter."""

    words: str = Field("", max_length=200)
    who: str = Field("", max_length=150, description="A user name.", examples=["bob"])
    team: str = Field("", max_length=32, description="The team's slug.", examples=["payments"])
    environment: str = Field("", max_length=36, description="A name or an id.")
    action: str = Field("", max_length=60, examples=["request:approve"])
    address: str = Field("", max_length=45, examples=[""])
    about: str = Field("", max_length=64, description="The id of a subject.", examples=[""])
    first_day: Day | None = Field(None, description="In UTC. The day itself is included.")
    last_day: Day | None = Field(None, description="In UTC. The day itself is included.")


@router.post(
    "/export",
    response=changes(None),
    auth=Token(Scope.READ),
    operation_id="audit_export",
    summary="Export the audit log",
    openapi_extra=file_of("application/jsonl; charset=utf-8"),
)
def export(request: HttpRequest, body: Export) -> Any:
    """One event a line, with its hashes. `verify_audit_export.py` of the pages verifies it. It is a POST,
    because the audit log says who has taken what.
    """
    user = caller(request)
    return export_audit(user, audit_scope(user), AuditFilter(**body.model_dump()))
