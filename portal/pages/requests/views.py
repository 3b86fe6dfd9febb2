"""Requests: the list, the plan that people decide on, and the decision."""

from __future__ import annotations

from uuid import UUID

from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from portal.pages.requests.forms import DecisionForm
from portal.panels.diagram import DiagramPanel
from portal.panels.plan_summary import PlanSummaryPanel, pretty_template
from portal.panels.registry import Panels, PlanView, panels_of
from portal.panels.timeline import TimelinePanel
from portal.web.formatting import said_value, title_of
from portal.web.history import request_history
from portal.web.listing import read_cursor, request_rows, write_cursor
from portal.web.lookups import Need, get_request_for, person
from provisioning.components.kit.values import MAIN
from provisioning.errors import NotFound
from provisioning.lifecycle.access import may_decide, may_operate, visible
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.plan_document import CreatePlan, TeardownPlan, from_json
from provisioning.lifecycle.services.approvals import approve_request, reject_request
from provisioning.lifecycle.services.requests import withdraw_request
from provisioning.lifecycle.states import RequestState
from provisioning.models import Request, User

PER_PAGE = 25


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    user = person(request)
    state = request.GET.get("state", "")
    condition = visible(user, "environment__team")
    if state in set(RequestState):
        condition &= Q(state=state)
    rows = request_rows(condition, limit=PER_PAGE + 1, after=read_cursor(request.GET.get("cursor", "")))
    more = write_cursor(rows[PER_PAGE - 1], "requested_at") if len(rows) > PER_PAGE else ""
    return render(
        request,
        "pages/requests/index.html",
        {"requests": rows[:PER_PAGE], "more": more, "state": state, "states": list(RequestState)},
    )


@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    return _page(request, user, get_request_for(user, pk))


@require_safe
def template(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The whole CloudFormation template of one stack, the main one unless said otherwise, to read or to keep."""
    asked = get_request_for(person(request), pk)
    plan = from_json(asked.plan.content)
    if not isinstance(plan, CreatePlan):
        raise NotFound("This request has no template.")
    try:
        stack = plan.stack(request.GET.get("stack", MAIN))
    except LookupError:
        raise NotFound("This plan has no such stack.") from None
    response = HttpResponse(pretty_template(stack), content_type="application/json")
    how = "attachment" if "download" in request.GET else "inline"
    response["Content-Disposition"] = f'{how}; filename="{stack.name}.template.json"'
    return response


@require_POST
def approve(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    asked = get_request_for(user, pk, Need.DECIDE)
    form = DecisionForm(request.POST)
    if not form.is_valid():
        return _page(request, user, asked, form=form, status=422)
    approve_request(actor=user, request=asked, digest=form.cleaned_data["digest"], note=form.cleaned_data["note"])
    return redirect("request", pk=pk)


@require_POST
def refuse(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    asked = get_request_for(user, pk, Need.DECIDE)
    form = DecisionForm(request.POST)
    if form.is_valid() and not form.cleaned_data["note"].strip():
        form.add_error("note", "Say why, so that the requester knows what to change.")
    if not form.is_valid():
        return _page(request, user, asked, form=form, status=422)
    reject_request(actor=user, request=asked, note=form.cleaned_data["note"])
    return redirect("request", pk=pk)


@require_POST
def withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    asked = get_request_for(user, pk, Need.OPERATE)
    withdraw_request(actor=user, request=asked)
    return redirect("request", pk=pk)


def _page(
    request: HttpRequest, user: User, asked: Request, *, form: DecisionForm | None = None, status: int = 200
) -> HttpResponse:
    waits = asked.state == RequestState.WAITING
    plan = from_json(asked.plan.content)
    panels = panels_of(PlanView.of_plan(asked.plan, plan)) if isinstance(plan, CreatePlan) else Panels()
    context = {
        "asked": asked,
        "environment": asked.environment,
        "kind": kind_of(asked.kind),
        "panels": panels.column,
        "diagram": panels.of(DiagramPanel),
        "summary": panels.of(PlanSummaryPanel),
        "timeline": panels.of(TimelinePanel),
        "inputs": sorted(
            (title_of(key), said_value(value))
            for key, value in (plan.inputs.items() if isinstance(plan, CreatePlan) else ())
            if value is not None
        ),
        "plan": plan,
        "several": isinstance(plan, TeardownPlan) and len({line.region for line in plan.lines}) > 1,
        "form": form or DecisionForm(initial={"digest": asked.plan.digest}),
        "may_decide": waits and may_decide(user, asked),
        "own": waits and asked.requested_by_id == user.pk,
        "may_withdraw": waits and may_operate(user, asked.environment.team),
        "waits": waits,
        "history": request_history(asked),
    }
    return render(request, "pages/requests/detail.html", context, status=status)
