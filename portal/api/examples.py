"""Examples for the OpenAPI document, put together from the examples of the properties."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from portal.web.problem import TITLES

_BY_FORMAT: Final[Mapping[str, str]] = {
    "uuid": "0b6f5a52-8c1b-4a53-9f7e-2d1c6a9e4b10",
    "date-time": "2026-03-02T09:30:00Z",
    "date": "2026-03-02",
    "uri": "https://portal.example.com",
}
_BY_TYPE: Final[Mapping[str, Any]] = {
    "string": "text",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "null": None,
    "object": {},
    "array": [],
}
_SENTENCES: Final[Mapping[str, str]] = {
    "bad_request": "Cannot parse request body. Send JSON, encoded in UTF-8.",
    "unauthorized": "Send a token that is valid, as in: Authorization: Bearer ptl_…",
    "forbidden": "You may see this environment, but only operators may change it.",
    "scope_missing": "The token deploys lacks the scope approve. Create one that has it.",
    "second_factor_missing": "Portal admins and approvers need a second factor here. Set one up under Profile.",
    "not_found": "This environment does not exist, or you may not see it.",
    "conflict": "The plan has changed since you read it. Read it again.",
    "idempotency_key_reused": "This Idempotency-Key was used for another call. Send a new one.",
    "in_progress": "The same call is still in progress. Ask again.",
    "unsupported_media_type": "Send the body as JSON, with Content-Type: application/json.",
    "invalid": "Some values are not valid. See `errors`.",
    "refused": "Rules forbid it. See `refusals`.",
    "too_many_calls": "This token may call 600 times in a minute. Wait 12 s.",
    "unavailable": "The portal is busy. Try again in a few seconds.",
    "aws_error": "AWS did not answer in time. Try again.",
}
_ERRORS: Final = {"invalid": [{"field": "name", "message": "Enter a name of at most 32 characters."}]}
_REFUSALS: Final = {
    "refused": [{"message": "No changes between 20 December and 2 January.", "rule": "Freeze at the end of the year"}]
}


def problem_examples(status: int) -> dict[str, Any]:
    """One example for each code that an answer with this status may have."""
    return {
        code: {"summary": title, "value": _problem(code, title, status)}
        for code, (of_code, title) in TITLES.items()
        if of_code == status
    }


def _problem(code: str, title: str, status: int) -> dict[str, Any]:
    return {
        "type": f"urn:portal:problem:{code}",
        "title": title,
        "status": status,
        "detail": _SENTENCES.get(code, f"{title}."),
        "instance": "/api/v1/environments/",
        "code": code,
        "errors": _ERRORS.get(code, []),
        "refusals": _REFUSALS.get(code, []),
    }


def example_of(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    """A value that the schema allows. `schemas` are the components that it may refer to."""
    for key in ("example", "const"):
        if key in schema:
            return schema[key]
    for key in ("examples", "enum"):
        if schema.get(key):
            return schema[key][0]
    if "$ref" in schema:
        return example_of(schemas[schema["$ref"].rsplit("/", 1)[1]], schemas)
    for key in ("anyOf", "oneOf", "allOf"):
        if schema.get(key):
            return example_of(schema[key][0], schemas)
    return schema["default"] if "default" in schema else _by_type(schema, schemas)


def _by_type(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> Any:
    kind = schema.get("type", "object")
    if kind == "object":
        return {name: example_of(part, schemas) for name, part in schema.get("properties", {}).items()}
    if kind == "array":
        return [example_of(schema["items"], schemas)] if schema.get("items") else []
    if kind == "string":
        return _BY_FORMAT.get(schema.get("format", ""), _BY_TYPE["string"])
    return schema.get("minimum", _BY_TYPE[kind])
