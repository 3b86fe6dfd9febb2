"""Requests: the list, the page of one with its plan, and the decision on it."""

from __future__ import annotations

from uuid import UUID

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from portal.identity.reauthentication import requires_recent_sign_in
from portal.pages.requests.forms import CommentForm, DecisionForm
from portal.pages.requests.index_page import AWAITING_ME, RequestFilter, inbox_page, requests_page
from portal.pages.requests.live import standing_of
from portal.pages.requests.page import request_page
from portal.panels.plan_summary import pretty_template
from portal.web.lookups import Need, get_request_for, person
from portal.web.refusals import note_refusal
from provisioning.components.kit.values import MAIN
from provisioning.errors import NotFound, Refused
from provisioning.lifecycle.plan_document import AdoptPlan, StackedPlan, from_json
from provisioning.lifecycle.services.approvals import approve_request, reject_request
from provisioning.lifecycle.services.preflight import check_request
from provisioning.lifecycle.services.questions import answer_question, ask_question
from provisioning.lifecycle.services.requests import withdraw_request
from provisioning.lifecycle.states import RequestState
from provisioning.models import Request, User


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """All requests that the user may see, or with `?awaiting=me` those that the user can decide on."""
    user, cursor = person(request), request.GET.get("cursor", "")
    if request.GET.get("awaiting") == AWAITING_ME:
        return _inbox(request, user, cursor)
    page = requests_page(user, RequestFilter.parse(request.GET), cursor=cursor)
    return render(request, "pages/requests/index.html", {"page": page})


def _inbox(request: HttpRequest, user: User, cursor: str) -> HttpResponse:
    page = inbox_page(user, cursor=cursor)
    context: dict[str, object] = {"page": page}
    if page.is_first and not page.listing.next_cursor:
        context["pending_for_me"] = len(page.listing.rows)  # saves the frame a query for the same number
    return render(request, "pages/requests/inbox.html", context)


@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    return _render(request, user, get_request_for(user, pk))


@require_safe
def live(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Return the page if there is more to see than version `v` with the plan `plan`; nothing otherwise.

    Of the page, the parts that people change are put in place of the old ones. If the plan is another
    one, the browser loads the page again, so that nobody decides on a plan that they have not seen.
    """
    user = person(request)
    standing = standing_of(user, pk)
    if standing.digest != request.GET.get("plan"):
        return HttpResponse(status=204, headers={"HX-Refresh": "true"})
    if standing.is_shown_by(version=request.GET.get("v", "")):
        return HttpResponse(status=204)
    return _render(request, user, get_request_for(user, pk), is_live=True)


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
    if stored.state == RequestState.WAITING:  # further approvals are needed
        return redirect("request", pk=pk)
    return redirect("environment", pk=stored.environment_id)


@require_POST
@requires_recent_sign_in
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
def ask(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Ask the requester what the note says. It is part of the form of the decision."""
    user = person(request)
    stored = get_request_for(user, pk, Need.DECIDE)
    form = DecisionForm(request.POST)
    if form.is_valid() and not form.cleaned_data["note"].strip():
        form.add_error("note", "Enter your question.")
    if not form.is_valid():
        return _render(request, user, stored, form=form, status=422)
    ask_question(actor=user, request=stored, text=form.cleaned_data["note"])
    return redirect("request", pk=pk)


@require_POST
def answer(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    stored = get_request_for(user, pk, Need.OPERATE)
    form = CommentForm(request.POST)
    if form.is_valid() and not form.cleaned_data["text"].strip():
        form.add_error("text", "Enter an answer.")
    if not form.is_valid():
        return _render(request, user, stored, answer_form=form, status=422)
    answer_question(actor=user, request=stored, text=form.cleaned_data["text"])
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
    request: HttpRequest,
    user: User,
    stored: Request,
    *,
    form: DecisionForm | None = None,
    answer_form: CommentForm | None = None,
    status: int = 200,
    is_live: bool = False,
) -> HttpResponse:
    page = request_page(user, stored, form=form, answer_form=answer_form, is_live=is_live)
    return render(request, "pages/requests/detail.html", {"page": page}, status=status)
