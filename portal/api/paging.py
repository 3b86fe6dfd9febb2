"""Reads lists a page at a time, by the same cursors as the pages of the site."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Final, Protocol, TypeVar
from uuid import UUID

from ninja import Query

from portal.api.errors import ApiError, FieldError
from portal.api.schemas import Page
from portal.web.cursor import Cursor

MOST: Final = 100

PageCursor = Annotated[
    str,
    Query(alias="cursor", max_length=300, description="`next_cursor` of the page before; empty for the first page."),
]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many items a page has at most.")]
Fields = Annotated[
    str,
    Query(
        max_length=400,
        pattern=r"^[a-z_]*(,[a-z_]+)*$",
        description="The names of the properties to return, with commas between them. Empty for all; `id` is always there.",
        examples=["id,name,state"],
    ),
]


class HasId(Protocol):
    @property
    def id(self) -> UUID: ...


R = TypeVar("R", bound=HasId)
T = TypeVar("T")


def parse_cursor(text: str) -> Cursor | None:
    """Raises ApiError for a cursor that this portal did not write."""
    cursor = Cursor.parse(text)
    if text and cursor is None:
        message = "This is not a cursor of this portal. Send `next_cursor` of a page as it is, or none."
        raise ApiError("invalid", message, [FieldError(field="cursor", message=message)])
    return cursor


def page_of(rows: Sequence[R], *, limit: int, at: Callable[[R], datetime], describe: Callable[[R], T]) -> Page[T]:
    """Describe a page. `rows` has one row more than `limit` if there is a next page."""
    following = len(rows) > limit
    shown = rows[:limit]
    last = str(Cursor(at(shown[-1]), shown[-1].id)) if following else ""
    return Page(items=[describe(row) for row in shown], next_cursor=last)


def chosen(fields: str, known: Sequence[str]) -> frozenset[str]:
    """The properties to return; empty means all. Raises ApiError for one that does not exist."""
    names = frozenset(name for name in fields.split(",") if name)
    if unknown := sorted(names - set(known)):
        message = f"There is no property {', '.join(unknown)}. The properties are {', '.join(known)}."
        raise ApiError("invalid", message, [FieldError(field="fields", message=message)])
    return names | {"id"} if names else names
