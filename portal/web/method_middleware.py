"""A page for 405: somebody opened an address that only takes forms, such as by reloading a page."""

from __future__ import annotations

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.web.errors import ErrorPage
from portal.web.way_back import parent_page


class MethodNotAllowedMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        wants_page = "text/html" in request.headers.get("Accept", "") and "HX-Request" not in request.headers
        if response.status_code != HTTPStatus.METHOD_NOT_ALLOWED or response.content or not wants_page:
            return response
        page = ErrorPage(
            status=HTTPStatus.METHOD_NOT_ALLOWED,
            title="This address shows no page",
            sentence="It only takes what a form sends. Nothing was done.",
            back=parent_page(request.path),
        )
        shown = render(request, "web/error.html", {"page": page}, status=page.status)
        shown["Allow"] = response["Allow"]
        return shown
