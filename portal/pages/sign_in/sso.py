"""Single sign-on: the way to the provider and back.

The way there starts with a GET, because the content security policy forbids a form whose answer
redirects to another site. Nothing changes but the visitor's own session, which remembers state and nonce.
"""

from __future__ import annotations

import time
from enum import StrEnum
from typing import Final
from urllib.parse import urlencode

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.identity.budgets import may_note
from portal.identity.credentials import Denied
from portal.identity.discovery import ProviderError
from portal.identity.group_mapping import parse_groups
from portal.identity.provider import ProviderUser, is_fresh, redirect_to_provider, user_from_callback
from portal.identity.reauthentication import ACTION_FIELD, carried, carry, confirm_again
from portal.identity.sessions import start_session, was_authenticated_within
from portal.pages.sign_in.views import next_page_of, render_sign_in
from portal.web.lookups import person
from portal.web.way_back import is_ours
from provisioning.errors import NotFound, Refused
from provisioning.lifecycle import audit_context, clock
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.services.provider_identity import Person, admit_person, connect_identity
from provisioning.models import ExternalIdentity

PENDING: Final = "sso_pending"
PENDING_SECONDS: Final = 600


class Purpose(StrEnum):
    SIGN_IN = "sign_in"
    AGAIN = "again"
    CONNECT = "connect"
    """Connect the account of a signed-in person with their identity at the provider."""


@login_not_required
@require_safe
def start(request: HttpRequest) -> HttpResponse:
    """Go to the provider. `for` says why, if not to sign in."""
    _check_is_on()
    wanted = request.GET.get("for", "")
    purpose = Purpose(wanted) if wanted in list(Purpose) and request.user.is_authenticated else Purpose.SIGN_IN
    if purpose is Purpose.CONNECT and not was_authenticated_within(
        request.session, settings.SIGN_IN_AGAIN_MINUTES * 60
    ):
        raise Refused("Sign out and sign in again first. Then connect your account.")
    next_page = next_page_of(request)
    if purpose is Purpose.SIGN_IN and request.user.is_authenticated:
        return redirect(next_page)
    request.session[PENDING] = {"purpose": str(purpose), "next": next_page, "at": int(time.time())}
    try:
        return redirect_to_provider(request, again=purpose is not Purpose.SIGN_IN)
    except ProviderError as error:
        return _fail(request, purpose, str(error))


@require_POST
def again(request: HttpRequest) -> HttpResponse:
    """Keep the posted fields, and prove at the provider who one is. A page in between leads there."""
    _check_is_on()
    if not is_ours(request, request.POST.get(ACTION_FIELD, "")) or not carry(request):
        raise Refused("The form is too long to be kept meanwhile. Sign out, sign in, and send it again.")
    url = f"{reverse('sign_in_sso')}?{urlencode({'for': str(Purpose.AGAIN)})}"
    return render(request, "identity/leave.html", {"url": url, "name": settings.SSO_NAME})


@login_not_required
@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    """The provider sends the browser here."""
    _check_is_on()
    pending = request.session.pop(PENDING, None)
    if not isinstance(pending, dict) or time.time() - pending["at"] > PENDING_SECONDS:
        return _fail(request, Purpose.SIGN_IN, "The sign-in took too long, or began in another browser. Start again.")
    purpose = Purpose(pending["purpose"])
    try:
        user = user_from_callback(request)
    except ProviderError as error:
        return _fail(request, purpose, str(error))
    if purpose is not Purpose.SIGN_IN and not is_fresh(user, since=pending["at"]):
        return _fail(request, purpose, "The provider did not ask you to sign in again.")
    if purpose is Purpose.SIGN_IN:
        return _sign_in(request, user, pending["next"])
    return _connect(request, user) if purpose is Purpose.CONNECT else _confirm(request, user)


@require_safe
def go_on(request: HttpRequest) -> HttpResponse:
    """The person has signed in again at the provider. The page posts the fields that were kept."""
    waiting = carried(request)
    if waiting is None:
        return redirect("home")
    action, fields = waiting
    return render(request, "identity/continue.html", {"action": action, "fields": fields})


def _sign_in(request: HttpRequest, provider_user: ProviderUser, next_page: str) -> HttpResponse:
    user = admit_person(
        person=_person(provider_user), grants=parse_groups(settings.SSO_GROUPS).grants_of(provider_user.groups)
    )
    start_session(request, user, method="single sign-on", by_provider=True, second_factor=False)
    return redirect(next_page)


def _confirm(request: HttpRequest, provider_user: ProviderUser) -> HttpResponse:
    """The identity must be that of the person who is signed in."""
    identity = ExternalIdentity.objects.filter(user=person(request)).first()
    if identity is None or (identity.issuer, identity.subject) != (provider_user.issuer, provider_user.subject):
        return _fail(request, Purpose.AGAIN, "You have signed in as somebody else there. Use your own account.")
    confirm_again(request, method="single sign-on")
    return redirect("continue")


def _connect(request: HttpRequest, provider_user: ProviderUser) -> HttpResponse:
    connect_identity(
        actor=person(request),
        person=_person(provider_user),
        grants=parse_groups(settings.SSO_GROUPS).grants_of(provider_user.groups),
        session_key=request.session.session_key or "",
    )
    return redirect("profile")


def _person(user: ProviderUser) -> Person:
    return Person(user.issuer, user.subject, user.username, user.first_name, user.last_name, user.email)


def _check_is_on() -> None:
    if not settings.SSO_ISSUER:
        raise NotFound("This portal has no single sign-on.")


def _fail(request: HttpRequest, purpose: Purpose, sentence: str) -> HttpResponse:
    """Say what went wrong, on the sign-in page or, for a signed-in person, on a page of its own."""
    if request.user.is_authenticated or may_note("sso", audit_context.current().address):
        audit_event(
            AuditAction.SIGN_IN_FAIL,
            actor=None,
            at=clock.now(),
            subject=request.user.get_username() or "single sign-on",
            method="single sign-on",
            again=purpose is not Purpose.SIGN_IN,
            reason=sentence,
        )
    if request.user.is_authenticated:
        raise Refused(sentence)
    return render_sign_in(request, denied=Denied(sentence))
