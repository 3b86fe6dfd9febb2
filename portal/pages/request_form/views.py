"""Asking for an environment: the form, its live panel, and sending it."""

from __future__ import annotations

import uuid
from collections.abc import Mapping

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal.pages.catalogue.views import get_blueprint
from portal.pages.request_form.forms import Offer, RequestForm
from portal.pages.request_form.page import Preview, changes_since, preview
from portal.web.lookups import person
from provisioning.errors import Refused, WrongState
from provisioning.lifecycle.access import check_may_act_for_a_team, teams_user_may_act_for
from provisioning.lifecycle.catalogue import why_not_offered
from provisioning.lifecycle.services.requests import request_environment
from provisioning.lifecycle.states import RequestState
from provisioning.models import Account, Request, User

TEMPLATE = "pages/request_form/page.html"
NOT_LOOKED_AT = "This is what will be created. Look at it, then send it."
SENT_ALREADY = "This form was sent already, for another plan. This is a new one: look at it, then send it."


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, slug: str) -> HttpResponse:
    user = person(request)
    offer = offer_of(user, slug)
    size = _size(offer, request.POST if request.method == "POST" else request.GET)
    if request.method != "POST":
        form = RequestForm(offer, size)
        return request_page(request, form, preview(form, lenient=True))
    form = RequestForm(offer, size, request.POST)
    if "look" in request.POST:
        return request_page(request, form, preview(form, lenient=False))
    return _send(request, user, form)


@sensitive_post_parameters()
@require_POST
def look(request: HttpRequest, slug: str) -> HttpResponse:
    """The live panel. Another size asks other questions, so then the whole form comes back; else panel and sentences."""
    offer = offer_of(person(request), slug)
    form = RequestForm(offer, _size(offer, request.POST), request.POST)
    part = "form" if request.htmx.trigger_name == "size" else "panel"  # type: ignore[attr-defined]
    return request_page(request, form, preview(form, lenient=True), part=part)


def offer_of(user: User, slug: str) -> Offer:
    blueprint = get_blueprint(slug)
    teams = teams_user_may_act_for(user)
    check_may_act_for_a_team(teams)
    return Offer(user, blueprint, teams, list(Account.objects.order_by("name")))


def _size(offer: Offer, data: QueryDict) -> str:
    wanted = data.get("size", "")
    return wanted if wanted in offer.blueprint.sizes else next(iter(offer.blueprint.sizes))


def _send(request: HttpRequest, user: User, form: RequestForm) -> HttpResponse:
    shown = request.POST.get("expected_digest", "")
    now = preview(form, lenient=False)
    if now.draft is None:
        return request_page(request, form, now, status=422)
    if not shown:
        return request_page(request, form, now, notice=NOT_LOOKED_AT)
    account, region = form.chosen_place
    try:
        made = request_environment(
            actor=user,
            team=form.chosen_team,
            name=form.cleaned_data["name"],
            blueprint=form.offer.blueprint,
            size=form.chosen_size,
            inputs=form.inputs,
            account=account,
            region=region,
            expected_digest=shown,
            request_id=form.cleaned_data["request_id"],
            note=form.cleaned_data["note"],
        )
    except WrongState as error:
        return request_page(request, form, now, status=409, notice=error.sentence)
    except Refused as error:
        now.problems.append(error.sentence)
        return request_page(request, form, now, status=422)
    if made.plan.digest != shown:
        return _begin_anew(request, form)
    return _arrive(request, made)


def _begin_anew(request: HttpRequest, form: RequestForm) -> HttpResponse:
    """The browser went back to a form that had been sent and changed it: that is another wish, with another id."""
    data = request.POST.copy()
    data["request_id"] = str(uuid.uuid4())
    form = RequestForm(form.offer, form.chosen_size, data)
    return request_page(request, form, preview(form, lenient=False), status=409, notice=SENT_ALREADY)


def _arrive(request: HttpRequest, made: Request) -> HttpResponse:
    if made.state == RequestState.WAITING:
        messages.info(request, "Sent. An approver decides on it now.")
        return redirect("request", pk=made.pk)
    return redirect("environment", pk=made.environment_id)


def request_page(
    request: HttpRequest,
    form: RequestForm,
    now: Preview | None = None,
    *,
    status: int = 200,
    notice: str = "",
    part: str = "",
    imported: Mapping[str, object] | None = None,
) -> HttpResponse:
    """The form beside its panel. `imported` tells what was filled in from elsewhere, and what was not."""
    now = now or preview(form, lenient=True)
    context = {
        "imported": imported,
        "form": form,
        "blueprint": form.offer.blueprint,
        "size": form.chosen_size,
        "why_not": why_not_offered(form.offer.blueprint, form.chosen_size),
        "needs_approval": form.offer.blueprint.sizes[form.chosen_size].requires_approval,
        "preview": now,
        "notice": notice,
        "changes": changes_since(request.POST.get("shown", ""), now) if status == 409 else [],  # noqa: PLR2004
        "live": part == "panel",
    }
    return render(request, f"{TEMPLATE}#{part}" if part else TEMPLATE, context, status=status)
