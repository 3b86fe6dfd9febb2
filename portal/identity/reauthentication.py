"""Signing in again before a dangerous action.

`requires_recent_sign_in` wraps a view. A POST of a person who has not signed in recently gets a page
that asks for the password (and the code) again. The page carries the posted fields, so that nothing
is stored, and posts to the same URL. There the decorator checks the password, takes its own fields
out, and calls the view with the POST as it was. For single sign-on, the fields wait encrypted in the
session while the browser is at the provider (`portal/pages/sign_in/sso.py`).

A page that was left open does nothing later: it carries, signed, when its form was sent. After
`FORM_MINUTES` it is shown again, with everything that was typed, and asks once more.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Final, TypeAlias, overload

from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY
from django.core.signing import BadSignature, TimestampSigner
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

from portal.identity.credentials import Denied, Step, check_password, may_use_password
from portal.identity.second_factor import check_code, has_second_factor
from portal.identity.sessions import mark_authenticated, was_authenticated_within
from portal.web.errors import View
from portal.web.lookups import person
from provisioning.lifecycle import clock
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.models import ExternalIdentity, User
from provisioning.secret_text import UndecryptableError, decrypt, encrypt

FIELD: Final = "sign_in_again_password"
CODE_FIELD: Final = "sign_in_again_code"
ACTION_FIELD: Final = "sign_in_again_action"
SENT_FIELD: Final = "sign_in_again_sent"
OWN_FIELDS: Final = frozenset({FIELD, CODE_FIELD, ACTION_FIELD, SENT_FIELD, "csrfmiddlewaretoken"})
FORM_MINUTES: Final = 15
_TOO_OLD: Final = (
    f"You sent this form more than {FORM_MINUTES} minutes ago, and nothing was done since. Things may have changed: "
    "look at the page in another tab. If you still want this, sign in again to send it now."
)
TEMPLATE: Final = "identity/again.html"
CARRIED: Final = "sign_in_again"
CARRIED_LIMIT: Final = 200_000
_PURPOSE: Final = "sign_in_again.fields"
_SALT: Final = "sign_in_again.sent"

Condition = Callable[..., bool]
Fields: TypeAlias = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class AgainPage:
    """`fields` are the posted fields that the page carries, each with one value. `sent` is the signed
    time at which they were sent.
    """

    action: str
    fields: Fields
    sent: str
    minutes: int
    has_password: bool
    has_code: bool
    provider: str
    denied: Denied | None = None


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
        @sensitive_post_parameters(FIELD, CODE_FIELD)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if request.method != "POST" or (when is not None and not when(request, *args, **kwargs)):
                return wrapped(request, *args, **kwargs)
            if _is_too_old(request):
                return _ask(request, Denied(_TOO_OLD), sent=_now())
            if not was_authenticated_within(request.session, settings.SIGN_IN_AGAIN_MINUTES * 60):
                if FIELD not in request.POST:
                    return _ask(request)
                if (denied := _authenticate(request)) is not None:
                    return _ask(request, denied)
            _take_own_fields_out(request)
            return wrapped(request, *args, **kwargs)

        return guarded

    return decorate if view is None else decorate(view)


def confirm_again(request: HttpRequest, *, method: str) -> None:
    """The person has proved who they are."""
    user = person(request)
    mark_authenticated(request.session)
    audit_event(
        AuditAction.SIGN_IN_REPEAT,
        actor=user,
        at=clock.now(),
        subject=user.get_username(),
        subject_id=user.pk,
        method=method,
    )


def carry(request: HttpRequest) -> bool:
    """Keep the posted fields in the session, encrypted. Returns whether they are short enough."""
    sent = request.POST.get(SENT_FIELD) or _now()
    text = json.dumps({"action": request.POST.get(ACTION_FIELD, ""), "fields": _fields(request), "sent": sent})
    if len(text) > CARRIED_LIMIT:
        return False
    request.session[CARRIED] = encrypt(text, purpose=_PURPOSE)
    return True


def carried(request: HttpRequest) -> tuple[str, Fields] | None:
    """Return action and fields that wait in the session, with the time at which they were sent; None if
    there are none.
    """
    try:
        stored = json.loads(decrypt(request.session[CARRIED], purpose=_PURPOSE))
    except (KeyError, UndecryptableError):
        return None
    return stored["action"], tuple((name, value) for name, value in [*stored["fields"], [SENT_FIELD, stored["sent"]]])


def _signer() -> TimestampSigner:
    """Made when it is needed: without SECRET_KEY it raises, and this module must be importable for the
    system checks, which say what is missing.
    """
    return TimestampSigner(salt=_SALT)


def _now() -> str:
    return _signer().sign("")


def _is_too_old(request: HttpRequest) -> bool:
    """Whether a page carried the form for too long. A form that nothing carried is as old as any other."""
    if (sent := request.POST.get(SENT_FIELD)) is None:
        return False
    try:
        _signer().unsign(sent, max_age=FORM_MINUTES * 60)
    except BadSignature:
        return True
    return False


@sensitive_variables("password")
def _authenticate(request: HttpRequest) -> Denied | None:
    """Check the typed password and code."""
    user, password = person(request), request.POST[FIELD]
    checked = check_password(user.get_username(), password, Step.AGAIN, wrong="Wrong password.")
    if isinstance(checked, Denied):
        return checked
    # The check may have replaced an old hash, with which Django would end this session.
    request.session[HASH_SESSION_KEY] = checked.get_session_auth_hash()
    needs_code = has_second_factor(user)
    if needs_code and (denied := check_code(user, request.POST.get(CODE_FIELD, ""), Step.AGAIN)) is not None:
        return denied
    confirm_again(request, method="password and code" if needs_code else "password")
    return None


def _take_own_fields_out(request: HttpRequest) -> None:
    request.session.pop(CARRIED, None)
    fields = request.POST.copy()
    for name in OWN_FIELDS - {"csrfmiddlewaretoken"}:
        fields.pop(name, None)
    request.POST = fields  # type: ignore[assignment]  # Django lets a POST be replaced; its stubs do not


def _fields(request: HttpRequest) -> Fields:
    lists = request.POST.lists()
    return tuple((name, value) for name, values in lists if name not in OWN_FIELDS for value in values)


def _provider_of(user: User) -> str:
    """Return the provider's name if the user can prove there who they are."""
    if settings.SSO_ISSUER and ExternalIdentity.objects.filter(user=user, issuer=settings.SSO_ISSUER).exists():
        return settings.SSO_NAME
    return ""


def _ask(request: HttpRequest, denied: Denied | None = None, *, sent: str = "") -> HttpResponse:
    """Return the page. An htmx request swaps it in for the whole body. `sent` replaces the time that
    the posted page carried.
    """
    user = person(request)
    page = AgainPage(
        action=request.get_full_path(),
        fields=_fields(request),
        sent=sent or request.POST.get(SENT_FIELD) or _now(),
        minutes=settings.SIGN_IN_AGAIN_MINUTES,
        has_password=user.has_usable_password() and may_use_password(user),
        has_code=has_second_factor(user),
        provider=_provider_of(user),
        denied=denied,
    )
    response = render(request, TEMPLATE, {"page": page}, status=denied.status if denied else 200)
    response["HX-Retarget"], response["HX-Reswap"] = "body", "innerHTML"
    if denied is not None and denied.retry_after:
        response["Retry-After"] = str(denied.retry_after)
    return response
