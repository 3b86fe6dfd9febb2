"""What every answer of the API has in common, by a route or by Django: problem documents, quotas and ETags."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from http import HTTPStatus
from typing import Final

from django.http import HttpRequest, HttpResponse
from django.utils.cache import get_conditional_response

from portal.api import idempotency, rate_limit
from portal.api.errors import problem
from portal.web.problem import MEDIA_TYPE, is_of_api

_CODES: Final = {
    400: ("bad_request", "The request cannot be read."),
    403: ("forbidden", "You do not have permission."),
    404: ("not_found", "There is no such resource."),
    405: ("method_not_allowed", "See the header Allow."),
    413: ("too_large", "Send less at once."),
    500: ("error", "The error is in the portal's log. Ask an administrator."),
}


class ApiMiddleware:
    """Needs the audit context around it. Pages pass through."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if not is_of_api(request.path_info):
            return response
        response = _as_problem(request, response)
        idempotency.finish(request, response)
        rate_limit.add_headers(request, response)
        return _conditional(request, response)


def _as_problem(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Replace an error page of Django by a problem document."""
    if response.status_code < HTTPStatus.BAD_REQUEST or response.headers.get("Content-Type") == MEDIA_TYPE:
        return response
    code, sentence = _CODES.get(response.status_code, _CODES[HTTPStatus.BAD_REQUEST])
    answer = problem(request, code, sentence)
    answer.status_code = response.status_code
    if "Allow" in response.headers:
        answer["Allow"] = response.headers["Allow"]
    return answer


def _conditional(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    """Answer 304 if the caller has this content already. A proxy must ask each time."""
    if request.method != "GET" or response.status_code != HTTPStatus.OK or response.streaming:
        return response
    etag = f'"{hashlib.sha256(response.content).hexdigest()[:32]}"'
    response["ETag"] = etag
    response["Cache-Control"] = "private, no-cache"
    response["Vary"] = "Authorization"
    answer = get_conditional_response(request, etag=etag, response=response)
    assert isinstance(answer, HttpResponse)  # noqa: S101 - narrowed for the type checker
    return answer
