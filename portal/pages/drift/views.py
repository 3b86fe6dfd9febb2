"""Drift of an environment: the report, a new check, and the acceptance of what was found."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from portal.identity.environments import is_production
from portal.identity.reauthentication import requires_recent_sign_in
from portal.pages.drift.page import drift_page
from portal.web.lookups import Need, get_environment_for, person
from provisioning.errors import NotFound
from provisioning.lifecycle.services.drift import accept_drift, check_drift
from provisioning.lifecycle.services.put_back import request_put_back


@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    page = drift_page(user, get_environment_for(user, pk))
    template = "pages/drift/detail.html#report" if request.headers.get("HX-Request") else "pages/drift/detail.html"
    return render(request, template, {"page": page})


@require_POST
def check(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    check_drift(actor=user, environment=get_environment_for(user, pk, Need.OPERATE))
    return redirect("drift", pk=pk)


@require_POST
def accept(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    environment = get_environment_for(user, pk, Need.OPERATE)
    try:
        report_id = UUID(request.POST.get("report", ""))
    except ValueError as error:
        raise NotFound("There is no such drift report.") from error
    accept_drift(actor=user, environment=environment, report_id=report_id)
    messages.info(request, "Accepted. From now on, the environment is as it should be.")
    return redirect("drift", pk=pk)


@require_POST
@requires_recent_sign_in(when=is_production)
def put_back(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Request that the drift is reverted. A double click sends the same id twice."""
    user = person(request)
    environment = get_environment_for(user, pk, Need.OPERATE)
    try:
        request_id = UUID(request.POST.get("request_id", ""))
    except ValueError as error:
        raise NotFound("Open the drift report again, then put the environment back.") from error
    sent = request_put_back(actor=user, environment=environment, request_id=request_id)
    return redirect("request", pk=sent.pk)
