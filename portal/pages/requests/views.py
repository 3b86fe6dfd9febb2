"""Requests: the list, the page of one with its plan, and the decision on it."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.identity.reauthentication import requires_recent_sign_in
from portal.pages.requests.forms import DecisionForm
from portal.pages.requests.page import request_page, requests_page
from portal.panels.plan_summary import pretty_template
from portal.web.lookups import Need, get_request_for, person
from portal.web.refusals import note_refusal
from provisioning.components.kit.values import MAIN
from provisioning.errors import NotFound, Refused
from provisioning.lifecycle.plan_document import AdoptPlan, StackedPlan, from_json
from provisioning.lifecycle.services.approvals import approve_request, reject_request
from provisioning.lifecycle.services.preflight import check_request
from provisioning.lifecycle.services.requests import withdraw_request
from provisioning.lifecycle.states import RequestState
from provisioning.models import Request, User


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    page = requests_page(person(request), state=request.GET.get("state", ""), cursor=request.GET.get("cursor", ""))
    return render(request, "pages/requests/index.html", {"page": page})


@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The page. While the plan is being made, the page asks for itself, and gets an answer when there
    is more to see.
    """
    user = person(request)
    stored = get_request_for(user, pk)
    if "HX-Request" in request.headers and stored.state == RequestState.PLANNING:
        return HttpResponse(status=204)
    return _render(request, user, stored)


@require_safe
def template(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The CloudFormation template of one stack, by default the main one, to read or with
    `?download` to save.
    """
    stored = get_request_for(person(request), pk)
    plan = from_json(stored.plan.content)
    if not isinstance(plan, StackedPlan) or isinstance(plan, AdoptPlan):
        raise NotFound("This request has no template.")
    try:
        stack = plan.stack(request.GET.get("stack", MAIN))
    except LookupError:
        raise NotFound("This plan has no such stack.") from None
    response = HttpResponse(pretty_template(stack), content_type="application/json")
    disposition = "attachment" if "download" in request.GET else "inline"
    response["Content-Disposition"] = f'{disposition}; filename="{stack.name}.template.json"'
    return response


@require_POST
@requires_recent_sign_in
def approve(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    stored = get_request_for(user, pk, Need.DECIDE)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _render(request, user, stored, form=form, status=422)
    try:
        approve_request(
            actor=user,
            request=stored,
            digest=form.cleaned_data["digest"],
            note=form.cleaned_data["note"],
            accept_findings=form.cleaned_data["accept_findings"],
            typed_name=form.cleaned_data["typed_name"],
        )
    except Refused as error:
        note_refusal(request, error)
        form.add_error(None, [ValidationError(line) for line in error.sentence.splitlines()])
        return _render(request, user, stored, form=form, status=422)
    return redirect("request", pk=pk)


@require_POST
def reject(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    stored = get_request_for(user, pk, Need.DECIDE)
    form = DecisionForm(request.POST)
    if form.is_valid() and not form.cleaned_data["note"].strip():
        form.add_error("note", "Enter a reason, so that the requester knows what to change.")
    if not form.is_valid():
        return _render(request, user, stored, form=form, status=422)
    reject_request(actor=user, request=stored, note=form.cleaned_data["note"])
    return redirect("request", pk=pk)


@require_POST
def withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    stored = get_request_for(user, pk)
    withdraw_request(actor=user, request=stored)
    return redirect("request", pk=pk)


@require_POST
def check_account(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Checks the account again and stores the report. It reads AWS for some seconds."""
    user = person(request)
    check_request(actor=user, request=get_request_for(user, pk))
    return redirect(f"{reverse('request', kwargs={'pk': pk})}#preflight")


def _render(
    request: HttpRequest, user: User, stored: Request, *, form: DecisionForm | None = None, status: int = 200
) -> HttpResponse:
    page = request_page(user, stored, form=form)
    return render(request, "pages/requests/detail.html", {"page": page}, status=status)
