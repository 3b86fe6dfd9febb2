"""Channels for messages: a person's own, and those of a team for its owners."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.pages.notifications.forms import ChannelForm
from portal.pages.notifications.page import ChannelPage, failures_page, own_mail, own_page, team_page
from portal.web.lookups import person
from provisioning.errors import InvalidFields
from provisioning.models import ChannelKind, NotificationChannel, Team
from provisioning.notify.access import channel_for, team_for
from provisioning.notify.services.channels import (
    add_channel,
    change_channel,
    remove_channel,
    send_test,
    switch_on_channel,
)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/notifications/page.html", {"page": own_page(person(request))})


@require_safe
def of_team(request: HttpRequest, team: str) -> HttpResponse:
    user = person(request)
    return render(request, "pages/notifications/page.html", {"page": team_page(user, team_for(user, team))})


@sensitive_post_parameters("address")
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest) -> HttpResponse:
    """Add a channel of one's own."""
    return _add(request, None)


@sensitive_post_parameters("address")
@require_http_methods(["GET", "HEAD", "POST"])
def add_to_team(request: HttpRequest, team: str) -> HttpResponse:
    return _add(request, team_for(person(request), team))


def _add(request: HttpRequest, team: Team | None) -> HttpResponse:
    form = ChannelForm(request.POST if request.method == "POST" else None, for_team=team is not None)
    if form.is_bound and form.is_valid():
        kind = form.cleaned_data.get("kind") or ChannelKind.CHAT
        try:
            channel = add_channel(actor=person(request), choice=form.choice, team=team, kind=kind)
        except InvalidFields as error:
            form.add_sentences(error.fields)
        else:
            messages.info(request, f"Added {channel.name}. Send a test message to see that it works.")
            return _back(channel)
    return _form(request, ChannelPage(form=form, team=team, channel=None))


@sensitive_post_parameters("address")
@require_http_methods(["GET", "HEAD", "POST"])
def channel(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    return _change(request, channel_for(user, pk))


@require_http_methods(["GET", "HEAD", "POST"])
def mail(request: HttpRequest) -> HttpResponse:
    """The person's own mail. Its row is made by the first POST or the first message."""
    user = person(request)
    if request.method == "POST":
        return _change(request, own_mail(user))
    page = own_page(user)
    return _change(request, next(card.channel for card in page.cards if card.is_own_mail))


def _change(request: HttpRequest, stored: NotificationChannel) -> HttpResponse:
    data = request.POST if request.method == "POST" else None
    form = ChannelForm(data, for_team=stored.team_id is not None, channel=stored)
    if form.is_bound and form.is_valid():
        try:
            change_channel(actor=person(request), channel=stored, choice=form.choice)
        except InvalidFields as error:
            form.add_sentences(error.fields)
        else:
            messages.info(request, f"Saved {stored.name}.")
            return _back(stored)
    return _form(request, ChannelPage(form=form, team=stored.team, channel=stored))


def _form(request: HttpRequest, page: ChannelPage) -> HttpResponse:
    status = 422 if page.form.is_bound else 200
    return render(request, "pages/notifications/channel.html", {"page": page}, status=status)


@require_POST
def test(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    stored = channel_for(user, pk)
    send_test(actor=user, channel=stored)
    messages.info(request, f"A test message to {stored.name} is on its way. Below you see how it goes.")
    return _back(stored)


@require_POST
def test_mail(request: HttpRequest) -> HttpResponse:
    user = person(request)
    send_test(actor=user, channel=own_mail(user))
    messages.info(request, "A test message to your mail is on its way. Below you see how it goes.")
    return redirect("notifications")


@require_POST
def switch_on(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    stored = channel_for(user, pk)
    switch_on_channel(actor=user, channel=stored)
    messages.info(request, f"{stored.name} is on again.")
    return _back(stored)


@require_POST
def remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    stored = channel_for(user, pk)
    remove_channel(actor=user, channel=stored)
    messages.info(request, f"Removed {stored.name}.")
    return _back(stored)


@require_safe
def failures(request: HttpRequest) -> HttpResponse:
    page = failures_page(person(request), cursor=request.GET.get("cursor", "")[:200])
    return render(request, "pages/notifications/failures.html", {"page": page})


def _back(stored: NotificationChannel) -> HttpResponse:
    if stored.team is not None:
        return redirect("team_notifications", team=stored.team.slug)
    return redirect("notifications")
