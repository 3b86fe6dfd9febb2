"""The errors of the API, without Django: the front of the web process answers with them as well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

MEDIA_TYPE: Final = "application/problem+json"
API_PATH: Final = "/api/v1/"
API_REFERENCE_PATH: Final = "/api/v1/docs"
"""A page for people, which is treated as the other pages."""

TITLES: Final[Mapping[str, tuple[int, str]]] = {
    "bad_request": (400, "The request cannot be read"),
    "idempotency_key_missing": (400, "The Idempotency-Key is missing"),
    "unauthorized": (401, "The token is missing or not valid"),
    "forbidden": (403, "You do not have permission"),
    "scope_missing": (403, "The token lacks a scope"),
    "second_factor_missing": (403, "The owner of the token has no second factor"),
    "not_found": (404, "Not found"),
    "method_not_allowed": (405, "The method is not allowed here"),
    "timed_out": (408, "The request did not arrive in time"),
    "conflict": (409, "Something changed in the meantime"),
    "idempotency_key_reused": (409, "The Idempotency-Key was used for another call"),
    "in_progress": (409, "The same call is still in progress"),
    "too_large": (413, "The request is too large"),
    "unsupported_media_type": (415, "The body is not JSON"),
    "invalid": (422, "Some values are not valid"),
    "refused": (422, "A rule forbids it"),
    "too_many_calls": (429, "Too many calls"),
    "error": (500, "An error of the portal"),
    "unavailable": (503, "The portal is busy"),
    "aws_error": (503, "AWS could not be read"),
}
"""The status and the title of each code. Codes are part of the API and never change."""


def is_of_api(path: str) -> bool:
    """Whether errors at this path are problem documents."""
    return path.startswith(API_PATH) and path != API_REFERENCE_PATH


def problem_body(code: str, detail: str, *, path: str) -> bytes:
    """Return the problem document (RFC 9457) of an error that names no fields and no rules."""
    status, title = TITLES[code]
    body = {
        "type": f"urn:portal:problem:{code}",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": path,
        "code": code,
        "errors": [],
        "refusals": [],
    }
    return json.dumps(body, ensure_ascii=False).encode()
