"""Error pages for the errors that services raise: Refused 422, NotAllowed 403, NotFound 404,
WrongState 409.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, TypeAlias

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.web.refusals import note_refusal
from provisioning.errors import NotAllowed, NotFound, PortalError, Refused, WrongState

View: TypeAlias = Callable[..., HttpResponse]

STATUSES: dict[type[PortalError], tuple[int, str]] = {
    Refused: (422, "This is not possible"),
    NotAllowed: (403, "You do not have permission"),
    NotFound: (404, "Not found"),
    WrongState: (409, "Something changed in the meantime"),
}


@dataclass(frozen=True, slots=True)
class ErrorPage:
    """`expected` and `actual` are the digests of the plan that was shown and of the current one,
    where plans differ.
    """

    status: int
    title: str
    sentence: str
    back: str
    expected: str = ""
    actual: str = ""


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
    note_refusal(request, error)
    status, title = next(STATUSES[kind] for kind in type(error).__mro__ if kind in STATUSES)
    expected = actual = ""
    if isinstance(error, WrongState):
        expected, actual = error.expected or "", error.actual or ""
    # The URL of the object that a POST was about is the part of its path before the verb.
    back = request.path.rstrip("/").rsplit("/", 1)[0] + "/" if request.method == "POST" else ""
    page = ErrorPage(status, title, error.sentence, back, expected, actual)
    return render(request, "web/error.html", {"page": page}, status=status)
