"""Refuses a query that PostgreSQL cannot compare with anything: it stores no NUL."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse

_ENCODED_NUL: Final = "%00"


class QueryMiddleware:
    """Forms refuse a NUL themselves. Filters and cursors are read from the URL without a form."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if _ENCODED_NUL in request.META.get("QUERY_STRING", ""):
            raise BadRequest("The URL contains a NUL character, which nothing in the portal contains.")
        return self.get_response(request)
