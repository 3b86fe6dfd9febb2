"""Hand an environment over to another team: offer it, withdraw the offer, accept or decline it."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.identity.reauthentication import requires_recent_sign_in
from portal.pages.hand_over.forms import OfferForm
from portal.pages.hand_over.page import answer_page, offer_page
from portal.web.lookups import get_environment_for, get_offer_for, person
from portal.web.refusals import note_refusal
from provisioning.errors import NotFound, PortalError, Refused
from provisioning.lifecycle.access import Permission, check_may
from provisioning.lifecycle.services.handover import (
    accept_offer,
    decline_offer,
    offer_environment,
    open_offer_of,
    withdraw_offer,
)


@require_http_methods(["GET", "HEAD", "POST"])
@requires_recent_sign_in
def offer(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    environment = get_environment_for(user, pk)
    check_may(user, environment.team, Permission.MANAGE)
    if request.method != "POST":
        return render(request, "pages/hand_over/offer.html", {"page": offer_page(environment)})
    form = OfferForm(request.POST)
    if form.is_valid():
        try:
            made = offer_environment(actor=user, environment=environment, **form.cleaned_data)
        except (Refused, NotFound) as error:
            _show(request, form, error)
        else:
            messages.info(request, f"{environment.name} is offered to {made.to_team.name}.")
            return redirect("hand_over", pk=pk)
    return render(request, "pages/hand_over/offer.html", {"page": offer_page(environment, form=form)}, status=422)


def _show(request: HttpRequest, form: OfferForm, error: PortalError) -> None:
    note_refusal(request, error)
    field = "receiver" if isinstance(error, NotFound) or "belongs to" in error.sentence else "typed_name"
    form.add_error(field, error.sentence)


@require_POST
def withdraw(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    environment = get_environment_for(user, pk)
    check_may(user, environment.team, Permission.MANAGE)
    found = open_offer_of(environment)
    if found is None:
        raise NotFound("There is no open offer of this environment.")
    withdraw_offer(actor=user, offer=found)
    messages.info(request, "The offer is withdrawn.")
    return redirect("hand_over", pk=pk)


@require_safe
def answer(request: HttpRequest, offer: UUID) -> HttpResponse:
    page = answer_page(get_offer_for(person(request), offer))
    return render(request, "pages/hand_over/answer.html", {"page": page})


@require_POST
@requires_recent_sign_in
def accept(request: HttpRequest, offer: UUID) -> HttpResponse:
    user = person(request)
    environment = accept_offer(actor=user, offer=get_offer_for(user, offer))
    messages.info(request, f"{environment.name} now belongs to {environment.team.name}.")
    return redirect("environment", pk=environment.pk)


@require_POST
def decline(request: HttpRequest, offer: UUID) -> HttpResponse:
    user = person(request)
    found = decline_offer(actor=user, offer=get_offer_for(user, offer))
    messages.info(request, f"{found.environment.name} remains with {found.from_team.name}.")
    return redirect("team", team=found.to_team.slug)
