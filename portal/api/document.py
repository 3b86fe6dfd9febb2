"""Completes the OpenAPI document that ninja writes: problem documents, headers and servers."""

from __future__ import annotations

from typing import Any, Final

from portal.api.errors import MEDIA_TYPE

_PROBLEM: Final = "Problem"
_EXAMPLE: Final = {
    "type": "urn:portal:problem:refused",
    "title": "A rule forbids it",
    "status": 422,
    "detail": "The account sandbox-dev does not accept size prod. Choose another account.",
    "instance": "/api/v1/requests",
    "code": "refused",
    "errors": [],
    "refusals": [],
}
_CONDITIONAL: Final = (
    {
        "in": "header",
        "name": "If-None-Match",
        "required": False,
        "schema": {"type": "string"},
        "description": "The ETag of the content that you have. The answer is 304 if it is still the same.",
    },
    {
        "in": "header",
        "name": "Prefer",
        "required": False,
        "schema": {"type": "string"},
        "description": "`wait=30` together with If-None-Match: answer as soon as the content changes, after 30 s at the latest.",
    },
)
_RETRY_AFTER: Final = {"Retry-After": {"schema": {"type": "integer"}, "description": "Seconds to wait."}}
_SUMMARIES: Final = {
    "200": "Done",
    "201": "Created",
    "304": "Not changed since the ETag",
    "400": "The request cannot be read",
    "401": "The token is missing or not valid",
    "403": "The caller or the token may not do this",
    "404": "Not found, or not for this caller",
    "409": "The state does not allow it, or something changed in the meantime",
    "422": "Values are not valid, or a rule forbids it",
    "429": "Too many calls",
    "503": "The portal is busy, or AWS could not be read",
}


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """Change the document in place, and return it."""
    for methods in document["paths"].values():
        for method, operation in methods.items():
            _complete_operation(method, operation)
    schema = document["components"]["schemas"].get(_PROBLEM)
    if schema is not None:
        schema["example"] = _EXAMPLE
    return document


def _complete_operation(method: str, operation: dict[str, Any]) -> None:
    if method == "get":
        operation["parameters"] = [*operation.get("parameters", []), *_CONDITIONAL]
    for status, response in operation["responses"].items():
        response["description"] = _SUMMARIES.get(str(status), response["description"])
        content = response.get("content", {})
        schema = content.get("application/json", {}).get("schema", {})
        if schema.get("$ref", "").endswith(f"/{_PROBLEM}") or schema.get("title") == _PROBLEM:
            response["content"] = {MEDIA_TYPE: {"schema": {"$ref": f"#/components/schemas/{_PROBLEM}"}}}
        if str(status) in {"429", "503"}:
            response["headers"] = _RETRY_AFTER
