"""Signing in again before a dangerous action.

`requires_recent_sign_in` wraps a view. A POST of a person who has not signed in recently gets a page
that asks for the password again. The page carries the posted fields, so that nothing is stored, and
posts to the same URL. There the decorator checks the password, takes its own fields out, and calls
the view with the POST as it was.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, overload

from django.conf import settings
from django.contrib.auth import authenticate
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.cache import add_never_cache_headers
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from portal.identity.sessions import mark_authenticated, was_authenticated_within
from portal.web.errors import View
from portal.web.lookups import person

FIELD: Final = "sign_in_again_password"
OWN_FIELDS: Final = frozenset({FIELD, "csrfmiddlewaretoken"})
TEMPLATE: Final = "identity/again.html"

Condition = Callable[..., bool]


@dataclass(frozen=True, slots=True)
class AgainPage:
    """`fields` are the posted fields that the page carries, each with one value."""

    action: str
    fields: tuple[tuple[str, str], ...]
    minutes: int
    error: str = ""


@overload
def requires_recent_sign_in(view: View) -> View: ...


@overload
def requires_recent_sign_in(*, when: Condition) -> Callable[[View], View]: ...


def requires_recent_sign_in(
    view: View | None = None, *, when: Condition | None = None
) -> View | Callable[[View], View]:
    """Let a person POST to the view only if they signed in recently; ask them to sign in again
    otherwise, and then continue the POST.

    With `when`, only POSTs for which it returns True are held up. It gets the view's arguments, and
    may raise the errors of the services. Files that are posted are not carried over. A POST by htmx
    continues as an ordinary one, so the view must answer it with a redirect or a whole page.
    """

    def decorate(wrapped: View) -> View:
        @wraps(wrapped)
        @sensitive_post_parameters(FIELD)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method != "POST" or (when is not None and not when(request, *args, **kwargs)):
                return wrapped(request, *args, **kwargs)
            if not was_authenticated_within(request.session, settings.SIGN_IN_AGAIN_MINUTES * 60):
                if FIELD not in request.POST:
                    return _ask(request)
                if error := _authenticate(request):
                    return _ask(request, error=error)
            _take_own_fields_out(request)
            return wrapped(request, *args, **kwargs)

        return guarded

    return decorate if view is None else decorate(view)


@sensitive_variables("password")
def _authenticate(request: HttpRequest) -> str:
    """Check the typed password. Returns a sentence if it is wrong."""
    user, password = person(request), request.POST[FIELD]
    if authenticate(request, username=user.get_username(), password=password) != user:
        return "Wrong password."
    mark_authenticated(request.session)
    return ""


def _take_own_fields_out(request: HttpRequest) -> None:
    if FIELD in request.POST:
        fields = request.POST.copy()
        del fields[FIELD]
        request.POST = fields  # type: ignore[assignment]  # Django lets a POST be replaced; its stubs do not


def _ask(request: HttpRequest, *, error: str = "") -> HttpResponse:
    """Return the page. An htmx request swaps it in for the whole body."""
    fields = tuple((name, value) for name, values in request.POST.lists() if name not in OWN_FIELDS for value in values)
    page = AgainPage(request.get_full_path(), fields, settings.SIGN_IN_AGAIN_MINUTES, error)
    response = render(request, TEMPLATE, {"page": page}, status=422 if error else 200)
    response["HX-Retarget"], response["HX-Reswap"] = "body", "innerHTML"
    add_never_cache_headers(response)
    return response
