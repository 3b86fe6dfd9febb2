"""Sign-in with user name, password and, where set up, a code; and sign-out."""

from __future__ import annotations

import time
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.identity.credentials import USERNAME_LIMIT, Denied, Step, check_password
from portal.identity.second_factor import check_code, has_second_factor
from portal.identity.sessions import start_session
from portal.web.lookups import person
from portal.web.way_back import is_ours
from provisioning.errors import NotAllowed
from provisioning.lifecycle import clock
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.models import User

PENDING: Final = "sign_in_pending"
"""In the session of a visitor whose password was right and whose code is not entered yet."""
PENDING_SECONDS: Final = 300


@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in(request: HttpRequest) -> HttpResponse:
    next_page = next_page_of(request)
    if request.user.is_authenticated:
        return redirect(next_page)
    if request.method != "POST":
        return render_sign_in(request, next_page)
    username = request.POST.get("username", "").replace("\0", "")[:USERNAME_LIMIT]
    user = check_password(username, request.POST.get("password", ""), Step.SIGN_IN)
    if isinstance(user, Denied):
        return render_sign_in(request, next_page, username=username, denied=user)
    if has_second_factor(user):
        request.session[PENDING] = {"user": str(user.pk), "at": int(time.time()), "hash": user.get_session_auth_hash()}
        return redirect(_address("sign_in_code", next_page))
    start_session(request, user, method="password", by_provider=False, second_factor=False)
    return redirect(next_page)


@login_not_required
@sensitive_post_parameters("code")
@require_http_methods(["GET", "HEAD", "POST"])
def sign_in_code(request: HttpRequest) -> HttpResponse:
    next_page = next_page_of(request)
    if request.user.is_authenticated:
        return redirect(next_page)
    user = _pending_user(request)
    if user is None:
        return redirect(_address("sign_in", next_page))
    denied: Denied | None = None
    if request.method == "POST":
        denied = check_code(user, request.POST.get("code", ""), Step.SIGN_IN)
        if denied is None:
            del request.session[PENDING]
            start_session(request, user, method="password and code", by_provider=False, second_factor=True)
            return redirect(next_page)
    context = {"next": next_page, "denied": denied}
    return _with_wait(
        render(request, "pages/sign_in/code.html", context, status=denied.status if denied else 200), denied
    )


@login_not_required
@require_POST
def sign_out(request: HttpRequest) -> HttpResponse:
    if request.user.is_authenticated:
        user = person(request)
        audit_event(
            AuditAction.SESSION_SIGN_OUT,
            actor=user,
            at=clock.now(),
            subject=user.get_username(),
            subject_id=user.pk,
        )
    logout(request)
    return redirect("sign_in")


@login_not_required
@require_safe
def admin_sign_in(request: HttpRequest) -> HttpResponse:
    """Django's admin pages have no door of their own. They send people here who are not staff."""
    if request.user.is_authenticated:
        raise NotAllowed("Only staff may use these pages. Sign out first to use another account.")
    return redirect(_address("sign_in", next_page_of(request)))


def _pending_user(request: HttpRequest) -> User | None:
    """Return the user whose password was right a few minutes ago, and has not changed since."""
    pending = request.session.get(PENDING)
    if not isinstance(pending, dict) or time.time() - pending["at"] > PENDING_SECONDS:
        return None
    user = User.objects.filter(pk=pending["user"], is_active=True).first()
    return user if user is not None and user.get_session_auth_hash() == pending["hash"] else None


def next_page_of(request: HttpRequest) -> str:
    """Return the page to open after the sign-in, if it is one of the portal's."""
    url = request.POST.get("next", request.GET.get("next", ""))
    return url if url and is_ours(request, url) else reverse(settings.LOGIN_REDIRECT_URL)


def render_sign_in(
    request: HttpRequest, next_page: str = "/", *, username: str = "", denied: Denied | None = None
) -> HttpResponse:
    context = {
        "next": next_page,
        "username": username,
        "denied": denied,
        "local_passwords": settings.LOCAL_PASSWORDS,
        "sso_name": settings.SSO_NAME if settings.SSO_ISSUER else "",
    }
    response = render(request, "pages/sign_in/page.html", context, status=denied.status if denied else 200)
    return _with_wait(response, denied)


def _with_wait(response: HttpResponse, denied: Denied | None) -> HttpResponse:
    if denied is not None and denied.retry_after:
        response["Retry-After"] = str(denied.retry_after)
    return response


def _address(page: str, next_page: str) -> str:
    """Return the URL of a step of the sign-in that goes on to `next_page`."""
    return reverse(page) if next_page == "/" else f"{reverse(page)}?{urlencode({'next': next_page}, safe='/')}"
