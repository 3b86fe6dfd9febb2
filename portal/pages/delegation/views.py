"""Delegating one's approvals, and ending that."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal.identity.reauthentication import requires_recent_sign_in
from portal.pages.delegation.forms import DelegationForm
from portal.pages.delegation.page import delegation_page
from portal.web.lookups import person
from portal.web.refusals import note_refusal
from provisioning.errors import NotAllowed, Refused
from provisioning.lifecycle.access import is_approver
from provisioning.lifecycle.services.delegations import delegate_approvals, end_delegation, get_delegation
from provisioning.models import User


@require_http_methods(["GET", "HEAD", "POST"])
@requires_recent_sign_in
def delegation(request: HttpRequest) -> HttpResponse:
    user = person(request)
    if request.method != "POST":
        return _render(request, user)
    if not is_approver(user):
        raise NotAllowed("Only approvers may delegate their approvals.")
    form = DelegationForm(request.POST)
    if form.is_valid():
        try:
            delegate_approvals(
                actor=user,
                delegate=form.cleaned_data["delegate"],
                ends_at=form.cleaned_data["ends_at"],
                reason=form.cleaned_data["reason"],
            )
        except Refused as error:
            note_refusal(request, error)
            form.add_refusal(error, at="delegate")
        else:
            return redirect("delegation")
    return _render(request, user, form)


@require_POST
def end(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    end_delegation(actor=user, delegation=get_delegation(actor=user, delegation_id=pk))
    return redirect("delegation")


def _render(request: HttpRequest, user: User, form: DelegationForm | None = None) -> HttpResponse:
    page = delegation_page(user, form=form)
    return render(request, "pages/delegation/page.html", {"page": page}, status=422 if form else 200)
