"""Teams: the list, the page of one team, and what owners and portal admins change there."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.identity.reauthentication import requires_recent_sign_in
from portal.pages.teams.forms import AddForm, DeleteForm, RenameForm, TeamForm
from portal.pages.teams.page import Link, TeamPage, team_page, teams_page
from portal.web.lookups import get_team_for, person
from portal.web.refusals import note_refusal
from provisioning.errors import InvalidFields, NotFound, Refused
from provisioning.lifecycle.access import check_admin, check_may_manage_members
from provisioning.lifecycle.services.invitations import invite, withdraw_invitation
from provisioning.lifecycle.services.members import add_member, change_member_role, name_of, remove_member
from provisioning.lifecycle.services.people import find_person
from provisioning.lifecycle.services.teams import create_team, delete_team, rename_team
from provisioning.models import Invitation, Team, User

NO_SUCH_MEMBER = "This person is not in the team. Reload the page."


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    page = teams_page(person(request), after=request.GET.get("after", "")[:32])
    return render(request, "pages/teams/index.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    user = person(request)
    check_admin(user)
    form = TeamForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            team = create_team(actor=user, **form.cleaned_data)
        except InvalidFields as error:
            form.add_sentences(error.fields)
        else:
            messages.info(request, f"{team.name} is created. Add its first owner.")
            return redirect("team", team=team.slug)
    return render(request, "pages/teams/new.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def detail(request: HttpRequest, team: str) -> HttpResponse:
    user = person(request)
    return _render(request, team_page(user, get_team_for(user, team)))


@require_POST
def rename(request: HttpRequest, team: str) -> HttpResponse:
    user = person(request)
    found = get_team_for(user, team)
    check_admin(user)
    form = RenameForm(request.POST)
    if form.is_valid():
        try:
            rename_team(actor=user, team=found, name=form.cleaned_data["name"])
        except InvalidFields as error:
            form.add_sentences(error.fields)
        else:
            return redirect("team", team=found.slug)
    return _render(request, team_page(user, found, rename_form=form), status=422)


@require_POST
@requires_recent_sign_in
def delete(request: HttpRequest, team: str) -> HttpResponse:
    user = person(request)
    found = get_team_for(user, team)
    check_admin(user)
    form = DeleteForm(request.POST)
    if form.is_valid():
        try:
            delete_team(actor=user, team=found, typed_slug=form.cleaned_data["typed_slug"])
        except Refused as error:
            note_refusal(request, error)
            form.add_refusal(error, at="typed_slug")
        else:
            messages.info(request, f"{found.name} is deleted. Its stacks portal-onboarding-… in AWS are left alone.")
            return redirect("teams")
    return _render(request, team_page(user, found, delete_form=form), status=422)


@require_POST
def add(request: HttpRequest, team: str) -> HttpResponse:
    """Add a person with an account, or invite the holder of an address."""
    user = person(request)
    found = get_team_for(user, team)
    check_may_manage_members(user, found)
    form = AddForm(request.POST)
    if form.is_valid():
        try:
            return _add_or_invite(request, user, found, form)
        except Refused as error:
            if not isinstance(error, InvalidFields):
                note_refusal(request, error)
            form.add_refusal(error, at="who")
    return _render(request, team_page(user, found, add_form=form), status=422)


def _add_or_invite(request: HttpRequest, user: User, team: Team, form: AddForm) -> HttpResponse:
    who, role = form.cleaned_data["who"], form.cleaned_data["role"]
    if (member := find_person(who)) is not None:
        added = add_member(actor=user, team=team, user=member, role=role)
        messages.info(request, f"{name_of(member)} ({member.get_username()}) is now {added.get_role_display()}.")
        return redirect("team", team=team.slug)
    if "@" not in who:
        raise Refused("Nobody has this user name. Enter an e-mail address to invite someone.")
    issued = invite(actor=user, team=team, email=who, role=role)
    url = request.build_absolute_uri(reverse("open_invitation", kwargs={"token": issued.token}))
    link = Link(email=issued.invitation.email, url=url, team=team.name)
    # The link exists only in this answer, so it is no redirect. Sent again, the form makes a new link.
    return _render(request, team_page(user, team, link=link))


@require_POST
def change_role(request: HttpRequest, team: str, member: UUID) -> HttpResponse:
    user = person(request)
    found = get_team_for(user, team)
    other = _member(found, member)
    change_member_role(actor=user, team=found, user=other, role=request.POST.get("role", ""))
    return redirect("team", team=found.slug)


@require_POST
def remove(request: HttpRequest, team: str, member: UUID) -> HttpResponse:
    """Remove a member; for oneself, leave the team."""
    user = person(request)
    found = get_team_for(user, team)
    other = _member(found, member)
    remove_member(actor=user, team=found, user=other)
    if other.pk == user.pk:
        messages.info(request, f"You have left {found.name}.")
        return redirect("teams")
    messages.info(request, f"{name_of(other)} is no longer in {found.name}.")
    return redirect("team", team=found.slug)


@require_POST
def withdraw(request: HttpRequest, team: str, invitation: UUID) -> HttpResponse:
    user = person(request)
    found = get_team_for(user, team)
    check_may_manage_members(user, found)
    row = Invitation.objects.filter(pk=invitation, team=found).select_related("team").first()
    if row is None:
        raise NotFound("This invitation does not exist.")
    withdraw_invitation(actor=user, invitation=row)
    messages.info(request, f"The invitation of {row.email} is withdrawn.")
    return redirect("team", team=found.slug)


def _member(team: Team, pk: UUID) -> User:
    member = User.objects.filter(pk=pk, memberships__team=team, is_service=False).first()
    if member is None:
        raise NotFound(NO_SUCH_MEMBER)
    return member


def _render(request: HttpRequest, page: TeamPage, *, status: int = 200) -> HttpResponse:
    return render(request, "pages/teams/detail.html", {"page": page}, status=status)
