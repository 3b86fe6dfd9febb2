"""Reads lists a page at a time, by the same cursors as the pages of the site."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Final, Protocol, TypeVar
from uuid import UUID

from ninja import Query
from ninja.params import functions
from pydantic import WithJsonSchema

from portal.api.errors import ApiError, FieldError
from portal.api.schemas import Page
from portal.web.cursor import Cursor

MOST: Final = 100
_FIELDS_LENGTH: Final = 400

PageCursor = Annotated[
    str,
    Query(
        alias="cursor",
        max_length=300,
        pattern=r"^[A-Za-z0-9_-]*$",
        description="`next_cursor` of the page before; empty for the first page.",
    ),
]
Limit = Annotated[int, Query(ge=1, le=MOST, description="How many items a page has at most.")]


def among(names: Sequence[str]) -> WithJsonSchema:
    """Document a list of these names with commas between them. `chosen` says which of them does not exist."""
    name = f"({'|'.join(names)})"
    return WithJsonSchema({"type": "string", "maxLength": _FIELDS_LENGTH, "pattern": f"^({name}(,{name})*)?$"})


def fields_query(example: str) -> Any:
    """The parameter `fields`, whose type also needs `among`, with an example of its value."""
    return functions.Query(
        default="",  # with `among`, pydantic forgets a default that ninja sets later
        max_length=_FIELDS_LENGTH,
        description="The names of the properties to return, with commas between them. Empty for all; `id` is always there.",
        examples=[example],  # type: ignore[arg-type]  # a list, as in a schema
    )


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
    names = frozenset(fields.split(",")) if fields else frozenset[str]()
    if unknown := sorted(names - set(known)):
        message = f"There is no property “{'”, “'.join(unknown)}”. The properties are {', '.join(known)}."
        raise ApiError("invalid", message, [FieldError(field="fields", message=message)])
    return names | {"id"} if names else names
