"""The profile: the person's password, second factor and sessions."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe

from portal.identity.credentials import Denied, Step, check_password
from portal.identity.passwords import change_password as set_new_password
from portal.identity.reauthentication import requires_recent_sign_in
from portal.identity.second_factor import (
    begin_set_up,
    confirm_set_up,
    has_second_factor,
    remove_second_factor,
    renew_recovery_codes,
)
from portal.identity.sessions import HAS_SECOND_FACTOR, end_sessions
from portal.pages.profile.forms import PasswordForm
from portal.pages.profile.page import profile_page, set_up_page
from portal.web.lookups import person
from provisioning.errors import NotFound, Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.models import SignInSession

PAGE, CODES, SET_UP = "pages/profile/page.html", "pages/profile/codes.html", "pages/profile/set_up.html"


@require_safe
def profile(request: HttpRequest) -> HttpResponse:
    return render(request, PAGE, {"page": profile_page(request)})


@sensitive_post_parameters()
@require_POST
def change_password(request: HttpRequest) -> HttpResponse:
    user = person(request)
    form = PasswordForm(user, request.POST)
    status = 422
    if form.is_valid():
        current = form.cleaned_data["current_password"]
        checked = check_password(user.get_username(), current, Step.AGAIN, wrong="Wrong password.")
        if not isinstance(checked, Denied):
            ended = set_new_password(request, form.cleaned_data["new_password"])
            others = f" {ended} other session{'s' * (ended != 1)} ended." if ended else ""
            messages.info(request, f"Your password is changed.{others}")
            return redirect("profile")
        form.add_error("current_password", checked.sentence)
        status = checked.status
    form.focus_on_first_error()
    return render(request, PAGE, {"page": profile_page(request, form=form)}, status=status)


@require_safe
def second_factor(request: HttpRequest) -> HttpResponse:
    page = set_up_page(person(request))
    return render(request, SET_UP, {"page": page}) if page else redirect("profile")


@require_POST
@requires_recent_sign_in
def start_second_factor(request: HttpRequest) -> HttpResponse:
    user = person(request)
    if has_second_factor(user):
        raise WrongState("You have a second factor already. Remove it before you set up another one.")
    begin_set_up(user)
    return redirect("second_factor")


@sensitive_post_parameters("code")
@require_POST
def confirm_second_factor(request: HttpRequest) -> HttpResponse:
    user = person(request)
    codes = confirm_set_up(user, request.POST.get("code", ""))
    if not isinstance(codes, Denied):
        request.session[HAS_SECOND_FACTOR] = True
        return render(request, CODES, {"codes": codes})
    page = set_up_page(user)
    if page is None:
        return redirect("profile")
    return render(request, SET_UP, {"page": page, "denied": codes}, status=codes.status)


@require_POST
@requires_recent_sign_in
def renew_codes(request: HttpRequest) -> HttpResponse:
    user = person(request)
    if not has_second_factor(user):
        raise WrongState("You have no second factor yet. Set one up first.")
    return render(request, CODES, {"codes": renew_recovery_codes(user)})


@require_POST
@requires_recent_sign_in
def remove_factor(request: HttpRequest) -> HttpResponse:
    user = person(request)
    with transaction.atomic():
        remove_second_factor(user, actor=user)
        end_sessions(user, but=request.session.session_key)
    request.session[HAS_SECOND_FACTOR] = False
    messages.info(request, "Your second factor is removed. All your other sessions have ended.")
    return redirect("profile")


@require_POST
@requires_recent_sign_in
def end_own_sessions(request: HttpRequest) -> HttpResponse:
    """End one session, or with `others` all but this one."""
    user = person(request)
    only: SignInSession | None = None
    if "others" not in request.POST:
        only = SignInSession.objects.filter(user=user, pk=_uuid(request.POST.get("session", ""))).first()
        if only is None:
            raise NotFound("This session has ended already.")
        if only.session_key == request.session.session_key:
            raise Refused("This is the session that you use. Sign out instead.")
    with transaction.atomic():
        ended = end_sessions(user, but=request.session.session_key, only=only)
        audit_event(
            AuditAction.SESSION_END,
            actor=user,
            at=clock.now(),
            subject=user.get_username(),
            subject_id=user.pk,
            ended=ended,
        )
    messages.info(request, f"{ended} session{'s' * (ended != 1)} ended.")
    return redirect("profile")


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise NotFound("There is no such session.") from error
