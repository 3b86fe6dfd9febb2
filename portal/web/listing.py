"""Rows for lists of environments and requests.

Each list takes one query. Lists are read a page at a time by key, so that the thousandth page costs
as much as the first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, Protocol, TypeVar
from uuid import UUID

from django.db.models import Q

from portal.web.cursor import Cursor
from provisioning.lifecycle.access import visible
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.read.sizes import size_in_words
from provisioning.lifecycle.states import NO_LONGER_THERE, RequestState
from provisioning.models import Environment, Request, User

PENDING_SHOWN = 25
PER_PAGE = 25


@dataclass(frozen=True, slots=True)
class EnvironmentRow:
    id: UUID
    name: str
    state: str
    size: str
    region: str
    created_at: datetime
    team: str
    account: str
    blueprint: str
    version: str


_ENVIRONMENT_COLUMNS = (
    "id",
    "name",
    "state",
    "size",
    "region",
    "created_at",
    "team__name",
    "account__name",
    "blueprint_version__title",
    "blueprint_version__version",
)


@dataclass(frozen=True, slots=True)
class RequestRow:
    id: UUID
    kind: str
    state: str
    requested_at: datetime
    requester_id: UUID
    first_name: str
    last_name: str
    username: str
    environment: str
    size: str
    region: str
    team: str
    account: str
    blueprint: str
    question_asked_at: datetime | None

    @property
    def title(self) -> str:
        return f"{kind_of(self.kind).words.verb} {self.environment}"

    @property
    def requester(self) -> str:
        return f"{self.first_name or self.username} {self.last_name}".strip()


_REQUEST_COLUMNS = (
    "id",
    "kind",
    "state",
    "requested_at",
    "requested_by_id",
    "requested_by__first_name",
    "requested_by__last_name",
    "requested_by__username",
    "environment__name",
    "shown_size",
    "environment__region",
    "environment__team__name",
    "environment__account__name",
    "environment__blueprint_version__title",
    "question_asked_at",
)


class HasId(Protocol):
    @property
    def id(self) -> UUID: ...


R = TypeVar("R", bound=HasId)


@dataclass(frozen=True, slots=True)
class Listing(Generic[R]):
    """One page of a list. `next_cursor` is the text of the cursor for the next page, empty on the
    last one.
    """

    rows: list[R]
    next_cursor: str


def environment_listing(condition: Q, *, living: bool, cursor: str) -> Listing[EnvironmentRow]:
    rows = environment_rows(condition, limit=PER_PAGE + 1, living=living, after=Cursor.parse(cursor))
    return listing_of(rows, lambda row: row.created_at)


def request_listing(condition: Q, *, cursor: str) -> Listing[RequestRow]:
    rows = request_rows(condition, limit=PER_PAGE + 1, after=Cursor.parse(cursor))
    return listing_of(rows, lambda row: row.requested_at)


def listing_of(rows: list[R], at: Callable[[R], datetime]) -> Listing[R]:
    """`rows` has one row more than a page if there is a next page."""
    if len(rows) <= PER_PAGE:
        return Listing(rows, "")
    last = rows[PER_PAGE - 1]
    return Listing(rows[:PER_PAGE], str(Cursor(at(last), last.id)))


def environment_rows(
    condition: Q, *, limit: int, living: bool = False, after: Cursor | None = None
) -> list[EnvironmentRow]:
    """Newest first. `living` leaves out environments that were torn down or withdrawn."""
    rows = Environment.objects.filter(condition)
    if living:
        rows = rows.exclude(state__in=NO_LONGER_THERE)
    if after is not None:
        rows = rows.filter(after.following("created_at"))
    values = rows.order_by("-created_at", "-id").values_list(*_ENVIRONMENT_COLUMNS)[:limit]
    return [EnvironmentRow(*row) for row in values]


def request_rows(condition: Q, *, limit: int, after: Cursor | None = None) -> list[RequestRow]:
    """Newest first."""
    rows = Request.objects.filter(condition)
    if after is not None:
        rows = rows.filter(after.following("requested_at"))
    rows = rows.annotate(shown_size=size_in_words())
    values = rows.order_by("-requested_at", "-id").values_list(*_REQUEST_COLUMNS)[:limit]
    return [RequestRow(*row) for row in values]


def pending_rows(user: User, limit: int = PENDING_SHOWN) -> list[RequestRow]:
    """Return the pending requests of the user's teams."""
    return request_rows(Q(state=RequestState.WAITING) & visible(user, "environment__team"), limit=limit)
