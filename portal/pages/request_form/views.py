"""The request form for an environment: the form, its live preview, and sending it."""

from __future__ import annotations

import uuid
from dataclasses import replace
from http import HTTPStatus

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal.pages.catalogue.views import get_blueprint
from portal.pages.request_form.forms import Offer, RequestForm
from portal.pages.request_form.page import Imported, RequestFormPage
from portal.pages.request_form.preview import Preview, changes_since, preview_of, too_many
from portal.panels.preflight import PreflightPanel
from portal.panels.preflight import panel as build_preflight_panel
from portal.panels.registry import PlanView
from portal.web.lookups import person
from portal.web.refusals import note_refusal
from provisioning.errors import Refused, WrongState
from provisioning.lifecycle.access import account_teams_of, check_may_act_for_a_team, teams_user_may_act_for
from provisioning.lifecycle.catalogue import why_not_offered
from provisioning.lifecycle.rules import RefusedByRules
from provisioning.lifecycle.rules.previews import why_no_preview
from provisioning.lifecycle.services.preflight import check_draft
from provisioning.lifecycle.services.requests import request_environment
from provisioning.lifecycle.states import RequestState
from provisioning.models import User

TEMPLATE = "pages/request_form/page.html"
NOT_YET_SHOWN = "This is what will be created. Check the plan, then send the request."
SENT_ALREADY = "This form was already sent for another plan. This is a new request. Check the plan, then send it."


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def request_form(request: HttpRequest, slug: str) -> HttpResponse:
    user = person(request)
    offer = offer_of(user, slug)
    size = _size(offer, request.POST if request.method == "POST" else request.GET)
    if request.method != "POST":
        form = RequestForm(offer, size)
        return request_page(request, form, preview_of(form, lenient=True))
    previews = "preview" in request.POST
    form = RequestForm(offer, size, request.POST, replaces_place=previews)
    if previews:
        return request_page(request, form, preview_of(form, lenient=False))
    return _send(request, user, form)


@sensitive_post_parameters()
@require_POST
def preview(request: HttpRequest, slug: str) -> HttpResponse:
    """The live preview. If size or team has changed, the whole form, because each size has inputs of
    its own, and both decide on the places.
    """
    offer = offer_of(person(request), slug)
    part = "form" if request.htmx.trigger_name in ("size", "team") else "panel"  # type: ignore[attr-defined]
    form = RequestForm(offer, _size(offer, request.POST), request.POST, replaces_place=part == "form")
    if sentence := why_no_preview(offer.actor, form.rules):
        return request_page(request, form, too_many(form, sentence), part=part)
    return request_page(request, form, preview_of(form, lenient=True), part=part)


@sensitive_post_parameters()
@require_POST
def preflight(request: HttpRequest, slug: str) -> HttpResponse:
    """The account checks of the plan that the form describes, loaded after the preview. They take
    seconds, so the preview does not wait for them. Nothing is written.
    """
    offer = offer_of(person(request), slug)
    form = RequestForm(offer, _size(offer, request.POST), request.POST)
    if sentence := why_no_preview(offer.actor, form.rules):
        return HttpResponse(sentence, status=HTTPStatus.TOO_MANY_REQUESTS, content_type="text/plain")
    draft = preview_of(form, lenient=True).draft
    if draft is None:
        return HttpResponse(status=HTTPStatus.NO_CONTENT)  # the form has changed, and a new preview follows
    report = check_draft(draft=draft, account=form.chosen_place[0])
    view = PlanView.of_draft(draft, preflight=report, checked_by=request.path)
    return render(request, PreflightPanel.template, {"panel": build_preflight_panel(view)})


def offer_of(user: User, slug: str) -> Offer:
    blueprint = get_blueprint(slug)
    teams = teams_user_may_act_for(user)
    check_may_act_for_a_team(teams)
    return Offer(user, blueprint, teams, account_teams_of(teams))


def _size(offer: Offer, data: QueryDict) -> str:
    wanted = data.get("size", "")
    return wanted if wanted in offer.blueprint.sizes else next(iter(offer.blueprint.sizes))


def _send(request: HttpRequest, user: User, form: RequestForm) -> HttpResponse:  # noqa: PLR0911 - one for each outcome
    shown = request.POST.get("expected_digest", "")
    now = preview_of(form, lenient=False)
    if now.draft is None:
        if now.problems:
            note_refusal(request, Refused(" ".join(now.problems)))
        return request_page(request, form, now, status=422)
    if not shown:
        return request_page(request, form, now, notice=NOT_YET_SHOWN)
    account, region = form.chosen_place
    try:
        stored = request_environment(
            actor=user,
            team=form.chosen_team,
            name=form.cleaned_data["name"],
            blueprint=form.offer.blueprint,
            size=form.chosen_size,
            inputs=form.inputs,
            account=account,
            region=region,
            tags=form.cleaned_data["tags"],
            output_parameters=form.cleaned_data["output_parameters"],
            expected_digest=shown,
            request_id=form.cleaned_data["request_id"],
            note=form.cleaned_data["note"],
            accept_findings="accept_findings" in request.POST,
            preflight=now.preflight,
        )
    except WrongState as error:
        return request_page(request, form, now, status=409, notice=error.sentence)
    except RefusedByRules as error:
        note_refusal(request, error)
        return request_page(request, form, replace(now, refusals=error.refusals), status=422)
    except Refused as error:
        note_refusal(request, error)
        now.problems.extend(error.sentence.splitlines())
        return request_page(request, form, now, status=422)
    if stored.plan.digest != shown:
        return _start_new_request(request, form)
    if stored.state != RequestState.WAITING:
        return redirect("environment", pk=stored.environment_id)
    messages.info(request, "Sent. The request is pending approval.")
    return redirect("request", pk=stored.pk)


def _start_new_request(request: HttpRequest, form: RequestForm) -> HttpResponse:
    """The browser went back to a form that had been sent, and changed it. That is another request
    with another id.
    """
    data = request.POST.copy()
    data["request_id"] = str(uuid.uuid4())
    form = RequestForm(form.offer, form.chosen_size, data)
    return request_page(request, form, preview_of(form, lenient=False), status=409, notice=SENT_ALREADY)


def request_page(
    request: HttpRequest,
    form: RequestForm,
    preview: Preview | None = None,
    *,
    status: int = 200,
    notice: str = "",
    part: str = "",
    imported: Imported | None = None,
) -> HttpResponse:
    """Render the form next to its preview, or only the `part` of it that htmx swaps."""
    preview = preview or preview_of(form, lenient=True)
    page = RequestFormPage(
        form=form,
        preview=preview,
        why_not=why_not_offered(form.offer.blueprint, form.chosen_size),
        notice=notice,
        changes=changes_since(request.POST.get("shown", ""), preview) if status == HTTPStatus.CONFLICT else [],
        imported=imported,
        is_live=part == "panel",
    )
    return render(request, f"{TEMPLATE}#{part}" if part else TEMPLATE, {"page": page}, status=status)
