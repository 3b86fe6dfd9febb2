"""Adopt an existing stack: look at it first, then request that the portal watches it."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.pages.adopt.forms import AdoptForm
from portal.pages.adopt.page import adopt_form, adopt_page
from portal.web.lookups import person
from portal.web.refusals import note_refusal
from provisioning.errors import Refused, WrongState
from provisioning.lifecycle.adoption import AdoptionDraft
from provisioning.lifecycle.services.adopt import preview_adoption, request_adoption
from provisioning.models import User


@require_http_methods(["GET", "HEAD", "POST"])
def adopt(request: HttpRequest) -> HttpResponse:
    user = person(request)
    if request.method != "POST":
        return _render(request, adopt_form(user, None, stack=request.GET.get("stack", "")[:400]))
    form = adopt_form(user, request.POST)
    if not form.is_valid():
        return _render(request, form, status=422)
    if form.cleaned_data["digest"] and "send" in request.POST:
        return _send(request, user, form)
    try:
        return _render(request, form, draft=preview_adoption(**_arguments(user, form)))
    except Refused as error:
        note_refusal(request, error)
        form.add_error("stack", error.sentence)
        return _render(request, form, status=422)


def _send(request: HttpRequest, user: User, form: AdoptForm) -> HttpResponse:
    arguments = _arguments(user, form)
    try:
        sent = request_adoption(
            **arguments, expected_digest=form.cleaned_data["digest"], note=form.cleaned_data["note"]
        )
    except WrongState as error:
        if error.expected is None:
            raise
        return _render(request, form, draft=preview_adoption(**arguments), notice=error.sentence, status=409)
    except Refused as error:
        note_refusal(request, error)
        form.add_error("stack", error.sentence)
        return _render(request, form, status=422)
    messages.info(request, "Sent. The adoption is pending approval.")
    return redirect("request", pk=sent.pk)


def _arguments(user: User, form: AdoptForm) -> dict[str, Any]:
    account, region = form.chosen_place
    return {
        "actor": user,
        "team": form.chosen_team,
        "name": form.cleaned_data["name"],
        "size": form.cleaned_data["size"],
        "account": account,
        "region": region,
        "stack": form.cleaned_data["stack"],
        "request_id": form.cleaned_data["request_id"],
    }


def _render(
    request: HttpRequest, form: AdoptForm, *, draft: AdoptionDraft | None = None, notice: str = "", status: int = 200
) -> HttpResponse:
    page = adopt_page(form, draft=draft, notice=notice)
    return render(request, "pages/adopt/page.html", {"page": page}, status=status)
