"""Accounts: the list, connecting one, its page, changing it, and its connection test."""

from __future__ import annotations

import json
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.pages.accounts.forms import ChangeForm, ConnectForm, OutputsForm, RemoveForm
from portal.pages.accounts.page import account_page, seen_of, test_view, values_from
from portal.web.lookups import person
from provisioning.aws.onboarding import TEAM_TEMPLATE, TEMPLATE
from provisioning.errors import InvalidFields, Refused, WrongState
from provisioning.lifecycle.access import check_admin
from provisioning.lifecycle.read.accounts import account_rows, get_account_for
from provisioning.lifecycle.services.accounts import (
    AccountValues,
    change_account,
    close_account,
    open_account,
    read_outputs,
    remove_account,
    start_account,
)
from provisioning.lifecycle.services.test_connection import check_connection
from provisioning.models import Account, User

_TEMPLATES = {path.stem: path for path in (TEMPLATE, TEAM_TEMPLATE)}


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    user = person(request)
    return render(request, "pages/accounts/index.html", {"rows": account_rows(user)})


@require_http_methods(["GET", "HEAD", "POST"])
def connect(request: HttpRequest) -> HttpResponse:
    user = person(request)
    check_admin(user)
    if request.method != "POST":
        return render(request, "pages/accounts/connect.html", {"form": ConnectForm(initial={"sizes": ["dev"]})})
    form = ConnectForm(request.POST)
    if form.is_valid():
        try:
            account = start_account(
                actor=user,
                name=form.cleaned_data["name"],
                account_id=form.cleaned_data["account_id"],
                regions=form.chosen_regions,
                sizes=form.chosen_sizes,
                endpoint_url=form.cleaned_data["endpoint_url"],
            )
            return redirect("account", pk=account.pk)
        except InvalidFields as error:
            form.add_sentences(error.fields)
    return render(request, "pages/accounts/connect.html", {"form": form}, status=422)


@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    account = get_account_for(user, pk)
    return render(request, "pages/accounts/account.html", {"page": account_page(user, account)})


@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    account = _account_to_change(user, pk)
    if request.method != "POST":
        return _change_page(request, account, _change_form(account))
    form = ChangeForm(request.POST, regions=account.regions)
    if not form.is_valid():
        return _change_page(request, account, form, status=422)
    try:
        seen = values_from(AccountValues, form.cleaned_data["seen"])
        changed = change_account(actor=user, account=account, values=form.values, seen=seen)
    except InvalidFields as error:
        form.add_sentences(error.fields)
        return _change_page(request, account, form, status=422)
    except WrongState as error:
        account.refresh_from_db()
        form = _with_seen(request.POST, account)
        return _change_page(request, account, form, notice=error.sentence, status=409)
    if changed.connection != account.connection:
        messages.info(request, "Saved. Test the connection: the account is not offered until then.")
    else:
        messages.info(request, "Saved.")
    return redirect("account", pk=pk)


@require_POST
def outputs(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    account = _account_to_change(user, pk)
    form = OutputsForm(request.POST)
    status, notice = 422, ""
    if form.is_valid():
        try:
            read_outputs(actor=user, account=account, role_arn=form.cleaned_data["role_arn"])
            messages.info(request, "The outputs were read. Test the connection next.")
            return redirect("account", pk=pk)
        except InvalidFields as error:
            form.add_sentences(error.fields)
        except Refused as error:
            notice = error.sentence
    page = account_page(user, account, outputs_form=form, notice=notice)
    return render(request, "pages/accounts/account.html", {"page": page}, status=status)


@require_POST
def test(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Takes some seconds. With htmx, the answer is the card with the result."""
    user = person(request)
    account = _account_to_change(user, pk)
    check_connection(actor=user, account=account)
    if not getattr(request, "htmx", False):
        return redirect("account", pk=pk)
    return render(request, "pages/accounts/test.html", {"test": test_view(user, account)})


@require_POST
def open_(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    account = open_account(actor=user, account=_account_to_change(user, pk))
    messages.info(request, f"{account.name} is open. Choose the teams that may use it.")
    return redirect("account", pk=pk)


@require_POST
def close(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    account = close_account(actor=user, account=_account_to_change(user, pk))
    messages.info(
        request, f"{account.name} accepts no new environments. Those that exist are changed and torn down as before."
    )
    return redirect("account", pk=pk)


@require_POST
def remove(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    account = _account_to_change(user, pk)
    form = RemoveForm(request.POST, name=account.name)
    if form.is_valid():
        try:
            remove_account(actor=user, account=account)
            messages.info(request, f"{account.name} was removed. Nothing was changed in AWS.")
            return redirect("accounts")
        except Refused as error:
            form.add_sentences({"typed_name": [error.sentence]})
    page = account_page(user, account, remove_form=form)
    return render(request, "pages/accounts/account.html", {"page": page}, status=422)


@require_safe
def template(request: HttpRequest, name: str) -> HttpResponse:
    """Download an onboarding template of this version."""
    check_admin(person(request))
    if name not in _TEMPLATES:
        raise Http404
    path = _TEMPLATES[name]
    headers = {"Content-Disposition": f'attachment; filename="{path.name}"'}
    return HttpResponse(path.read_bytes(), content_type="application/yaml", headers=headers)


def _account_to_change(user: User, pk: UUID) -> Account:
    account = get_account_for(user, pk)
    check_admin(user)
    return account


def _change_form(account: Account) -> ChangeForm:
    main, *others = account.regions or [""]
    values = AccountValues.of(account)
    initial = {**seen_of(values), "main_region": main, "regions": others, "seen": seen_of(values)}
    return ChangeForm(regions=account.regions, initial=initial)


def _with_seen(posted: QueryDict, account: Account) -> ChangeForm:
    """The form with what was entered, now compared with what the account is."""
    data = posted.copy()
    data["seen"] = json.dumps(seen_of(AccountValues.of(account)))
    return ChangeForm(data, regions=account.regions)


def _change_page(
    request: HttpRequest, account: Account, form: ChangeForm, *, notice: str = "", status: int = 200
) -> HttpResponse:
    context = {"account": account, "form": form, "notice": notice}
    return render(request, "pages/accounts/change.html", context, status=status)
