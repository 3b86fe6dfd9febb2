"""Tokens of the API: a person's own, and those of a team."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.identity.reauthentication import requires_recent_sign_in
from portal.pages.tokens.page import TokensPage, token_form, tokens_page
from portal.web.cli_wheel import WHEEL_NAME, cli_wheel
from portal.web.lookups import get_team_for, person
from portal.web.refusals import note_refusal
from provisioning.errors import Refused
from provisioning.lifecycle.access import Permission, check_may
from provisioning.lifecycle.services.tokens import (
    NewToken,
    create_personal_token,
    create_service_token,
    get_token,
    revoke_token,
)
from provisioning.models import Team, User


@require_http_methods(["GET", "HEAD", "POST"])
@requires_recent_sign_in
def own(request: HttpRequest) -> HttpResponse:
    return _answer(request, person(request), None)


@require_http_methods(["GET", "HEAD", "POST"])
@requires_recent_sign_in
def of_team(request: HttpRequest, team: str) -> HttpResponse:
    user = person(request)
    found = get_team_for(user, team)
    if request.method == "POST":
        check_may(user, found, Permission.MANAGE)
    return _answer(request, user, found)


def _answer(request: HttpRequest, user: User, team: Team | None) -> HttpResponse:
    """Show the tokens; on a POST, create one. Its text is on this answer only, so it is no redirect."""
    if request.method != "POST":
        return _render(request, tokens_page(user, team))
    form = token_form(user, team, request.POST)
    if form is not None and form.is_valid():
        try:
            created = _create(user, team, form.cleaned_data)
        except Refused as error:
            note_refusal(request, error)
            form.add_refusal(error, at="name")
        else:
            return _render(request, tokens_page(user, team, created=created))
    return _render(request, tokens_page(user, team, form=form), status=422)


def _create(user: User, team: Team | None, fields: dict[str, object]) -> NewToken:
    if team is None:
        return create_personal_token(actor=user, **fields)  # type: ignore[arg-type]
    return create_service_token(actor=user, team=team, **fields)  # type: ignore[arg-type]


@require_POST
def revoke(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    token = revoke_token(actor=user, token=get_token(actor=user, token_id=pk))
    messages.info(request, f"The token {token.name} is revoked. Programs can no longer use it.")
    if token.team is not None:
        return redirect("team_tokens", team=token.team.slug)
    return redirect("tokens") if token.owner_id == user.pk else redirect("person", person=token.owner_id)


@require_safe
def cli(_request: HttpRequest) -> HttpResponse:
    """The wheel of the command-line client. It contains no secret and is the same for everybody."""
    response = HttpResponse(cli_wheel(), content_type="application/octet-stream")
    response["Content-Disposition"] = f'attachment; filename="{WHEEL_NAME}"'
    return response


def _render(request: HttpRequest, page: TokensPage, *, status: int = 200) -> HttpResponse:
    return render(request, "pages/tokens/page.html", {"page": page}, status=status)
