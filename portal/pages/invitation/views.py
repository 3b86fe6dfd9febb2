"""Accept an invitation. The token of the link is not in the address of this page, so that it is in no
log and in no header; the session holds what the database has of it.
"""

from __future__ import annotations

from typing import Final

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from portal.identity.sessions import start_session
from portal.pages.invitation.forms import NewAccountForm
from portal.pages.invitation.page import InvitationPage, invitation_page
from provisioning.errors import Refused
from provisioning.lifecycle.services.invitations import (
    accept_as_new_person,
    accept_invitation,
    digest_of,
    find_invitation,
)
from provisioning.models import User

IN_SESSION: Final = "invitation"


@login_not_required
@require_safe
def open_link(request: HttpRequest, token: str) -> HttpResponse:
    digest = digest_of(token)
    find_invitation(digest)
    request.session[IN_SESSION] = digest
    return redirect("invitation")


@login_not_required
@sensitive_post_parameters("password")
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest) -> HttpResponse:
    digest = request.session.get(IN_SESSION, "")
    found = find_invitation(digest)
    user = request.user if isinstance(request.user, User) else None
    if request.method != "POST":
        return _render(request, invitation_page(found, user))
    if user is None:
        return _create_account(request, digest)
    membership = accept_invitation(actor=user, token_sha256=digest)
    del request.session[IN_SESSION]
    messages.info(request, f"You are now {membership.get_role_display()} of {membership.team.name}.")
    return redirect("team", team=membership.team.slug)


def _create_account(request: HttpRequest, digest: str) -> HttpResponse:
    if not settings.LOCAL_PASSWORDS:
        raise Refused(f"Sign in with {settings.SSO_NAME} first.")
    form = NewAccountForm(request.POST)
    if form.is_valid():
        try:
            membership = accept_as_new_person(token_sha256=digest, **form.cleaned_data)
        except Refused as error:
            form.add_refusal(error, at="username")
        else:
            start_session(request, membership.user, method="invitation", by_provider=False, second_factor=False)
            request.session.pop(IN_SESSION, None)
            messages.info(request, f"Welcome. You are now {membership.get_role_display()} of {membership.team.name}.")
            return redirect("team", team=membership.team.slug)
    return _render(request, invitation_page(find_invitation(digest), None, form=form), status=422)


def _render(request: HttpRequest, page: InvitationPage, *, status: int = 200) -> HttpResponse:
    return render(request, "pages/invitation/page.html", {"page": page}, status=status)
