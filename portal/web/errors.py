"""From a service's refusal to a page: Refused 422, NotAllowed 403, NotFound 404, WrongState 409. Never a trace."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, TypeAlias

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from provisioning.errors import NotAllowed, NotFound, PortalError, Refused, WrongState

View: TypeAlias = Callable[..., HttpResponse]

STATUSES: dict[type[PortalError], tuple[int, str]] = {
    Refused: (422, "This cannot be done"),
    NotAllowed: (403, "You may not do this"),
    NotFound: (404, "Nothing here"),
    WrongState: (409, "Somebody was faster"),
}


def answering(view: View) -> View:
    """Let a view raise the errors of the services."""

    @wraps(view)
    def answered(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            return view(request, *args, **kwargs)
        except PortalError as error:
            return answer(request, error)

    return answered


def answer(request: HttpRequest, error: PortalError) -> HttpResponse:
    status, title = STATUSES[type(error)]
    context = {"status": status, "title": title, "sentence": error.sentence, "back": _back(request)}
    if isinstance(error, WrongState):
        context |= {"expected": error.expected, "actual": error.actual}
    return render(request, "web/error.html", context, status=status)


def _back(request: HttpRequest) -> str:
    """Where a refused POST came from: the object's own page, whose address is what stands before the verb."""
    if request.method != "POST":
        return ""
    return request.path.rstrip("/").rsplit("/", 1)[0] + "/"
