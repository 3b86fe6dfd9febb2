"""What a team may use in an account."""

from __future__ import annotations

import json
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.pages.accounts.page import seen_of, team_stack_guide, values_from
from portal.pages.accounts.team_forms import TeamRightsForm
from portal.web.lookups import person
from provisioning.aws.onboarding import stack_role_arn
from provisioning.design.names import team_key
from provisioning.errors import InvalidFields, NotFound, WrongState
from provisioning.lifecycle.access import account_team_for, check_admin
from provisioning.lifecycle.connection.zones import zones_of
from provisioning.lifecycle.read.accounts import get_account_for
from provisioning.lifecycle.services.account_teams import TeamRights, admit_team, change_team_rights, remove_team
from provisioning.models import Account, AccountTeam, Team, User


@require_safe
def choose(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Open the page of the chosen team."""
    account = get_account_for(_admin(request), pk)
    try:
        team = Team.objects.filter(pk=UUID(request.GET.get("team", ""))).first()
    except ValueError:
        team = None
    if team is None:
        return redirect("account", pk=account.pk)
    return redirect("account_team", pk=account.pk, team=team.pk)


@require_http_methods(["GET", "HEAD", "POST"])
def rights(request: HttpRequest, pk: UUID, team: UUID) -> HttpResponse:
    user = _admin(request)
    account, chosen = get_account_for(user, pk), _team(team)
    entry = account_team_for(chosen, account)
    current = TeamRights.of(entry) if entry is not None else TeamRights()
    if request.method != "POST":
        seen = {"seen": seen_of(current)} if entry is not None else {}
        form = TeamRightsForm(account=account, rights=current, initial=seen)
        return _page(request, account, chosen, entry, form)
    form = TeamRightsForm(request.POST, account=account, rights=current)
    if not form.is_valid():
        return _page(request, account, chosen, entry, form, status=422)
    try:
        _save(user, account, chosen, entry, form)
    except InvalidFields as error:
        form.add_sentences(error.fields)
        return _page(request, account, chosen, entry, form, status=422)
    except WrongState as error:
        entry = account_team_for(chosen, account)
        data = request.POST.copy()
        data["seen"] = json.dumps(seen_of(TeamRights.of(entry))) if entry is not None else ""
        form = TeamRightsForm(data, account=account, rights=current)
        return _page(request, account, chosen, entry, form, notice=error.sentence, status=409)
    messages.info(request, f"Saved. The stack of {chosen.name} needs the same zones and secrets.")
    return redirect("account_team", pk=pk, team=team)


@require_safe
def zones(request: HttpRequest, pk: UUID, team: UUID) -> HttpResponse:
    """The account's hosted zones that the team may not use yet: a part of its page. Asks AWS."""
    account, chosen = get_account_for(_admin(request), pk), _team(team)
    entry = account_team_for(chosen, account)
    listed = set(entry.hosted_zones) if entry is not None else set()
    offer = zones_of(account)
    context = {"zones": [zone for zone in offer.zones if zone.zone_id not in listed], "problem": offer.problem}
    return render(request, "pages/accounts/zones.html", context)


@require_POST
def remove(request: HttpRequest, pk: UUID, team: UUID) -> HttpResponse:
    user = _admin(request)
    account, chosen = get_account_for(user, pk), _team(team)
    entry = account_team_for(chosen, account)
    if entry is not None:
        remove_team(actor=user, entry=entry)
        messages.info(request, f"{chosen.name} may no longer use {account.name}. Its stack in AWS was not changed.")
    return redirect("account", pk=pk)


def _save(user: User, account: Account, team: Team, entry: AccountTeam | None, form: TeamRightsForm) -> None:
    """A form that was opened before the team was admitted, or after it was removed, is out of date."""
    seen = form.cleaned_data["seen"]
    if entry is None:
        if seen:
            raise WrongState(f"{team.name} was removed from {account.name} in the meantime. Save again to add it.")
        admit_team(actor=user, account=account, team=team, rights=form.rights)
        return
    if not seen:
        raise WrongState(
            f"{team.name} was added to {account.name} in the meantime. Check what you entered, then save again."
        )
    change_team_rights(actor=user, entry=entry, rights=form.rights, seen=values_from(TeamRights, seen))


def _admin(request: HttpRequest) -> User:
    user = person(request)
    check_admin(user)
    return user


def _team(pk: UUID) -> Team:
    team = Team.objects.filter(pk=pk, deleted_at=None).first()
    if team is None:
        raise NotFound("This team does not exist.")
    return team


def _page(
    request: HttpRequest,
    account: Account,
    team: Team,
    entry: AccountTeam | None,
    form: TeamRightsForm,
    *,
    notice: str = "",
    status: int = 200,
) -> HttpResponse:
    key = team_key(team.slug)
    planned = entry or AccountTeam(
        account=account, team=team, stack_role_arn=stack_role_arn(account.account_id, key, partition=account.partition)
    )
    context = {
        "account": account,
        "team": team,
        "entry": entry,
        "key": key,
        "form": form,
        "stack": team_stack_guide(planned) if account.regions else None,
        "stack_role_arn": planned.stack_role_arn,
        "notice": notice,
    }
    return render(request, "pages/accounts/team.html", context, status=status)
