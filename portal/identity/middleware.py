"""Lets people in who are signed in, and only as long as their session lasts.

Anonymous visitors of a page are sent to the sign-in, which returns them to that page. htmx gets 401
instead, and the script of the page keeps what was typed and goes there (`static/js/session.js`).
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import urlencode

from django.contrib.auth import logout
from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from typing_extensions import override

from portal.identity.hashing import HashingBusyError
from portal.identity.second_factor import must_set_up
from portal.identity.sessions import NOTED_EVERY_SECONDS, USED_AT, is_over, note_use
from portal.web.way_back import page_of
from provisioning.lifecycle import clock
from provisioning.lifecycle.audit import AuditAction, audit_event

SIGN_IN_HEADER: Final = "Portal-Sign-In"
"""Where the script goes when an htmx request is answered with 401."""
OPEN_WITHOUT_SECOND_FACTOR: Final = frozenset(
    {"profile", "change_password", "second_factor", "start_second_factor", "confirm_second_factor", "end_sessions"}
    | {
        "sign_in",
        "sign_in_code",
        "sign_in_sso",
        "sign_in_sso_again",
        "sign_in_sso_callback",
        "continue",
        "sign_out",
        "healthz",
    }
)


class SessionLifeMiddleware:
    """Ends sessions that are over, and notes that the others are in use."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.session.session_key is not None and not isinstance(user := request.user, AnonymousUser):
            if user.is_authenticated and is_over(request.session):
                audit_event(
                    AuditAction.SESSION_EXPIRE,
                    actor=user,
                    at=clock.now(),
                    subject=user.get_username(),
                    subject_id=user.pk,
                )
                logout(request)
            elif user.is_authenticated:
                self._note(request)
        return self.get_response(request)

    def _note(self, request: HttpRequest) -> None:
        """A page that only refreshes itself is not used by anybody."""
        refreshes_itself = "HX-Request" in request.headers and request.method == "GET"
        now, used = int(time.time()), request.session.get(USED_AT)
        if not refreshes_itself and (used is None or now - used >= NOTED_EVERY_SECONDS):
            note_use(request, request.user, now)  # type: ignore[arg-type]  # checked by the caller


class SignInRequiredMiddleware(LoginRequiredMiddleware):
    @override
    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        if (answer := super().process_view(request, view_func, view_args, view_kwargs)) is not None:
            return answer
        if request.user.is_authenticated and must_set_up(request) and _name(request) not in OPEN_WITHOUT_SECOND_FACTOR:
            return _go(request, f"{reverse('profile')}#second-factor", status=403)
        return None

    @override
    def handle_no_permission(self, request: HttpRequest, view_func: Callable[..., Any]) -> HttpResponse:  # type: ignore[override]
        """Django calls it for anonymous visitors. Its own answer is always a redirect."""
        page = page_of(request)
        sign_in = reverse("sign_in")
        return _go(request, sign_in if page == "/" else f"{sign_in}?{urlencode({'next': page}, safe='/')}", status=401)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if not isinstance(exception, HashingBusyError):
            return None
        response = render(request, "identity/busy.html", status=503)
        response["Retry-After"] = "1"
        return response


def _name(request: HttpRequest) -> str:
    return (request.resolver_match.url_name or "") if request.resolver_match else ""


def _go(request: HttpRequest, url: str, *, status: int) -> HttpResponse:
    """Send a browser there. A script gets a status and the URL, since it would follow a redirect."""
    if "HX-Request" not in request.headers:
        return redirect(url)
    response = HttpResponse(status=status)
    response[SIGN_IN_HEADER] = url
    return response
