"""What the descriptions of all resources have in common."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Generic, TypeVar

from django.http import HttpResponse
from ninja import Schema
from ninja.responses import NinjaJSONEncoder
from pydantic import ConfigDict, Field, field_validator

from portal.api.values import check_texts

T = TypeVar("T")


class Body(Schema):
    """What a call sends. A key that is not known is an error, because it is a mistyped one."""

    model_config: ClassVar = ConfigDict(extra="forbid")

    @field_validator("*")
    @classmethod
    def _can_be_stored(cls, value: object) -> object:
        check_texts(value)
        return value


def _only_id_is_required(schema: dict[str, Any]) -> None:
    schema["required"] = ["id"]


class Resource(Schema):
    """What a list and its detail return. With `fields`, properties that were not asked for are absent."""

    model_config: ClassVar = ConfigDict(json_schema_extra=_only_id_is_required)


class Page(Schema, Generic[T]):
    items: list[T]
    next_cursor: str = Field(description="Send it as `cursor` for the next page. Empty on the last page.")


def reads(schema: Any) -> dict[int, Any]:
    """Describe the answers of a route that reads. `document` adds those of errors, which all routes share."""
    return {200: schema, 304: None}


def creates(schema: Any) -> dict[int, Any]:
    """Describe the answers of a route that creates something."""
    return {201: schema}


def changes(schema: Any) -> dict[int, Any]:
    """Describe the answers of a route that changes something."""
    return {200: schema}


def file_of(*content_types: str) -> dict[str, Any]:
    """Describe the file that a route returns, as `openapi_extra`."""
    text = {"schema": {"type": "string", "format": "binary"}}
    data = {"schema": {"type": "object"}}
    return {"responses": {200: {"content": {kind: data if kind.endswith("json") else text for kind in content_types}}}}


def removes() -> dict[int, Any]:
    """Describe the answers of a route that removes something."""
    return {204: None}


def only(answer: Schema | Sequence[Schema], names: frozenset[str]) -> Schema | Sequence[Schema] | HttpResponse:
    """Return the answer with only these properties, or with all, without names."""
    if not names:
        return answer
    document: Any
    if isinstance(answer, Page):
        document = answer.model_dump()
        document["items"] = [_picked(item, names) for item in document["items"]]
    elif isinstance(answer, Schema):
        document = _picked(answer.model_dump(), names)
    else:
        document = [_picked(one.model_dump(), names) for one in answer]
    return HttpResponse(json.dumps(document, cls=NinjaJSONEncoder), content_type="application/json; charset=utf-8")


def _picked(document: Mapping[str, Any], names: frozenset[str]) -> dict[str, Any]:
    return {name: value for name, value in document.items() if name in names}
