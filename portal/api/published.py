"""The OpenAPI document as text, and the view that serves it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from portal.api.app import api

COMMITTED: Final = Path(__file__).with_name("openapi.json")
"""The copy in the repository, by which reviewers see each change of the API. `manage.py openapi` writes it."""


@cache
def openapi_text() -> str:
    return json.dumps(api.get_openapi_schema(path_prefix=""), indent=2, ensure_ascii=False) + "\n"


@cache
def openapi_document() -> dict[str, Any]:
    """The document as data. Callers must not change it."""
    document: dict[str, Any] = json.loads(openapi_text())
    return document


def resolved(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """The component that this part of the document refers to, or the part itself."""
    if "$ref" not in part:
        return part
    found: Any = openapi_document()
    for name in part["$ref"].removeprefix("#/").split("/"):
        found = found[name]
    return cast("Mapping[str, Any]", found)


@login_not_required
@require_safe
def openapi(_request: HttpRequest) -> HttpResponse:
    """The document needs no token: it is the same in every installation, and programs are generated from it."""
    return HttpResponse(openapi_text(), content_type="application/json; charset=utf-8")
