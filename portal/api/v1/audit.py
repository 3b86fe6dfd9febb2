"""The audit log: all of it for auditors, and the events of their teams for owners."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from portal.api.auth import caller
from portal.api.paging import Limit
from portal.api.schemas import Page, Resource, reads
from portal.api.v1.environments import Word
from portal.api.v1.lookups import invalid
from provisioning.lifecycle.access import audit_scope
from provisioning.lifecycle.read.audit import AuditFilter, AuditRow, Position, audit_listing

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


_Day = Annotated[date | None, Query(description="In UTC. The day itself is included.")]


@router.get("", response=reads(Page[AuditEventOut]), operation_id="audit_list", summary="Search the audit log")
def events(  # noqa: PLR0917 - ninja reads the parameters by name
    request: HttpRequest,
    cursor: Annotated[str, Query(max_length=60, description="`next_cursor` of the page before.")] = "",
    limit: Limit = 50,
    words: Annotated[str, Query(max_length=200)] = "",
    who: Annotated[str, Query(max_length=150, description="A user name.")] = "",
    team: Word = "",
    environment: Annotated[str, Query(max_length=64, description="A name or an id.")] = "",
    action: Annotated[str, Query(max_length=60)] = "",
    address: Annotated[str, Query(max_length=45)] = "",
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
