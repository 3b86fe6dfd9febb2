"""Webhooks of teams for their owners, those of the portal and allowed destinations for its admins."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.pages.webhooks.forms import PORTAL, DestinationForm, WebhookForm
from portal.pages.webhooks.page import (
    WebhookFormPage,
    destinations_page,
    new_webhook_form,
    webhook_page,
    webhooks_page,
)
from portal.web.lookups import person
from provisioning.errors import InvalidFields, NotFound
from provisioning.lifecycle.access import check_admin
from provisioning.models import AllowedDestination
from provisioning.notify.access import team_for, webhook_delivery_for, webhook_for
from provisioning.notify.services import webhooks as service
from provisioning.notify.services.destinations import allow_destination, forbid_destination

PAGE = "pages/webhooks/webhook.html"


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/webhooks/index.html", {"page": webhooks_page(person(request))})


@sensitive_post_parameters("url")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """The answer to the POST shows the secret, once."""
    user = person(request)
    form = new_webhook_form(user, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        slug = form.cleaned_data["team"]
        team = None if slug == PORTAL else team_for(user, slug)
        try:
            made = service.create_webhook(actor=user, team=team, choice=form.choice)
        except InvalidFields as error:
            form.add_sentences(error.fields)
        else:
            return render(request, PAGE, {"page": webhook_page(made.webhook, secret=made.secret)})
    status = 422 if form.is_bound else 200
    return render(request, "pages/webhooks/form.html", {"page": WebhookFormPage(form, None)}, status=status)


@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    hook = webhook_for(person(request), pk)
    return render(request, PAGE, {"page": webhook_page(hook, cursor=request.GET.get("cursor", "")[:200])})


@sensitive_post_parameters("url")
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    hook = webhook_for(user, pk)
    form = WebhookForm(request.POST if request.method == "POST" else None, webhook=hook)
    if form.is_bound and form.is_valid():
        try:
            service.change_webhook(actor=user, webhook=hook, choice=form.choice)
        except InvalidFields as error:
            form.add_sentences(error.fields)
        else:
            messages.info(request, f"Saved {hook.name}.")
            return redirect("webhook", pk=hook.pk)
    status = 422 if form.is_bound else 200
    return render(request, "pages/webhooks/form.html", {"page": WebhookFormPage(form, hook)}, status=status)


@require_POST
def rotate(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    hook = webhook_for(user, pk)
    made = service.rotate_secret(actor=user, webhook=hook, end_previous_now="now" in request.POST)
    return render(request, PAGE, {"page": webhook_page(made.webhook, secret=made.secret)})


@require_POST
def test(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    hook = webhook_for(user, pk)
    service.send_test(actor=user, webhook=hook)
    messages.info(request, "A test is on its way. Reload the page to see how it goes.")
    return redirect("webhook", pk=hook.pk)


@require_POST
def switch(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    hook = webhook_for(user, pk)
    on = request.POST.get("on") == "1"
    service.switch_webhook(actor=user, webhook=hook, on=on)
    messages.info(request, f"{hook.name} is {'on' if on else 'off'}.")
    return redirect("webhook", pk=hook.pk)


@require_POST
def remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    hook = webhook_for(user, pk)
    service.remove_webhook(actor=user, webhook=hook)
    messages.info(request, f"Removed {hook.name}.")
    return redirect("webhooks")


@require_POST
def redeliver(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    delivery = webhook_delivery_for(user, pk)
    service.redeliver(actor=user, delivery=delivery)
    messages.info(request, "The delivery is sent again. Reload the page to see how it goes.")
    return redirect("webhook", pk=delivery.webhook_id)


@require_http_methods(["GET", "HEAD", "POST"])
def destinations(request: HttpRequest) -> HttpResponse:
    user = person(request)
    check_admin(user)
    form = DestinationForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        try:
            allowed = allow_destination(actor=user, choice=form.choice)
        except InvalidFields as error:
            form.add_sentences(error.fields)
        else:
            messages.info(request, f"{allowed} is allowed.")
            return redirect("destinations")
    status = 422 if form.is_bound else 200
    return render(request, "pages/webhooks/destinations.html", {"page": destinations_page(form)}, status=status)


@require_POST
def forbid(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    check_admin(user)
    stored = AllowedDestination.objects.filter(pk=pk).first()
    if stored is None:
        raise NotFound("This entry does not exist any more.")
    forbid_destination(actor=user, destination=stored)
    messages.info(request, f"{stored} is no longer allowed.")
    return redirect("destinations")
