"""People, for portal admins: who has an account, in which teams, and with which roles outside teams."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.identity.reauthentication import requires_recent_sign_in
from portal.pages.people.forms import NewPersonForm, PersonForm
from portal.pages.people.page import people_page, person_page
from portal.web.lookups import person as signed_in
from provisioning.errors import InvalidFields, NotFound, Refused
from provisioning.lifecycle.access import check_admin, check_may_see_people
from provisioning.lifecycle.read.people import get_person
from provisioning.lifecycle.services.members import name_of
from provisioning.lifecycle.services.outside_roles import (
    confirm_role,
    decline_role,
    propose_role,
    take_role,
    withdraw_role,
)
from provisioning.lifecycle.services.people import (
    NewPerson,
    confirm_person,
    create_password_link,
    create_person,
    deactivate_person,
    reactivate_person,
    update_person,
)
from provisioning.models import OutsideRole, RoleChange, RoleChangeState, User

PAGE = "pages/people/detail.html"


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    user = _reader(request)
    given = request.GET
    page = people_page(
        user, search=given.get("q", "")[:80], role=given.get("role", "")[:10], after=given.get("after", "")[:150]
    )
    return render(request, "pages/people/index.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
def create(request: HttpRequest) -> HttpResponse:
    user = signed_in(request)
    check_admin(user)
    form = NewPersonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = create_person(actor=user, new=NewPerson(**form.cleaned_data))
        except InvalidFields as error:
            form.add_sentences(error.fields)
        else:
            messages.info(request, f"{name_of(made)} has an account. Create a link to set the password next.")
            return redirect("person", person=made.pk)
    return render(request, "pages/people/new.html", {"form": form}, status=422 if form.errors else 200)


@require_safe
def detail(request: HttpRequest, person: UUID) -> HttpResponse:
    user = _reader(request)
    return render(request, PAGE, {"page": person_page(user, get_person(person))})


@require_POST
@requires_recent_sign_in
def update(request: HttpRequest, person: UUID) -> HttpResponse:
    user, other = _admin(request), get_person(person)
    form = PersonForm(request.POST)
    if form.is_valid():
        try:
            update_person(actor=user, user=other, **form.cleaned_data)
        except InvalidFields as error:
            form.add_sentences(error.fields)
        else:
            messages.info(request, "Saved.")
            return redirect("person", person=person)
    return render(request, PAGE, {"page": person_page(user, other, form=form)}, status=422)


@require_POST
@requires_recent_sign_in
def password_link(request: HttpRequest, person: UUID) -> HttpResponse:
    """Show a link that sets the password once. It exists only in this answer, so it is no redirect."""
    user, other = _admin(request), get_person(person)
    link = create_password_link(actor=user, user=other)
    path = reverse("set_password", kwargs={"uidb64": link.user_part, "token": link.token})
    return render(request, PAGE, {"page": person_page(user, other, link=request.build_absolute_uri(path))})


@require_POST
@requires_recent_sign_in
def deactivate(request: HttpRequest, person: UUID) -> HttpResponse:
    deactivate_person(actor=_admin(request), user=get_person(person))
    return redirect("person", person=person)


@require_POST
@requires_recent_sign_in
def reactivate(request: HttpRequest, person: UUID) -> HttpResponse:
    reactivate_person(actor=_admin(request), user=get_person(person))
    return redirect("person", person=person)


@require_POST
@requires_recent_sign_in
def confirm(request: HttpRequest, person: UUID) -> HttpResponse:
    confirm_person(actor=_admin(request), user=get_person(person))
    return redirect("person", person=person)


@require_POST
@requires_recent_sign_in
def give(request: HttpRequest, person: UUID, role: str) -> HttpResponse:
    user, other = _admin(request), get_person(person)
    change = propose_role(actor=user, user=other, role=_role(role))
    if change.state == RoleChangeState.PENDING:
        messages.info(request, "Proposed. Another superuser or a portal admin confirms it on this page.")
    else:
        messages.info(request, f"{name_of(other)} now has the role {change.get_role_display()}.")
    return redirect("person", person=person)


@require_POST
@requires_recent_sign_in
def take(request: HttpRequest, person: UUID, role: str) -> HttpResponse:
    other = take_role(actor=_admin(request), user=get_person(person), role=_role(role))
    messages.info(request, f"{name_of(other)} no longer has the role {_role(role).label}.")
    return redirect("person", person=person)


@require_POST
@requires_recent_sign_in
def decide(request: HttpRequest, change: UUID, decision: str) -> HttpResponse:
    """Confirm, decline or withdraw a proposed role."""
    user = _admin(request)
    proposal = RoleChange.objects.filter(pk=change).select_related("user", "proposed_by").first()
    services = {"confirm": confirm_role, "decline": decline_role, "withdraw": withdraw_role}
    if proposal is None or decision not in services:
        raise NotFound("There is no such proposal.")
    decided = services[decision](actor=user, change=proposal)
    messages.info(request, f"The role {decided.get_role_display()}: {decided.get_state_display().lower()}.")
    return redirect("person", person=decided.user_id)


def _reader(request: HttpRequest) -> User:
    user = signed_in(request)
    check_may_see_people(user)
    return user


def _admin(request: HttpRequest) -> User:
    user = signed_in(request)
    check_admin(user)
    return user


def _role(text: str) -> OutsideRole:
    if text not in OutsideRole.values:
        raise Refused("There is no such role.")
    return OutsideRole(text)
