"""Rules: the list with what is in effect, one rule with its history, and the form with its dry run."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_safe

from portal.pages.rules.forms import RuleForm
from portal.pages.rules.page import EditPage, rule_page, rules_page, scope_choice
from portal.web.lookups import person
from portal.web.refusals import note_refusal
from provisioning.errors import InvalidFields, WrongState
from provisioning.lifecycle.access import check_admin, check_may_see_rules, is_admin
from provisioning.lifecycle.rules.dry_run import dry_run
from provisioning.lifecycle.rules.lines import difference
from provisioning.lifecycle.rules.rule_set import rule_of_scope
from provisioning.lifecycle.rules.scope import Scope
from provisioning.lifecycle.rules.settings import RuleSettings
from provisioning.lifecycle.services.rules import check_settings, save_rule
from provisioning.models import User


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    user = person(request)
    check_may_see_rules(user)
    page = rules_page(request.GET, is_admin=is_admin(user))
    return render(request, "pages/rules/index.html", {"page": page})


@require_safe
def detail(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    check_may_see_rules(user)
    return render(request, "pages/rules/detail.html", {"page": rule_page(pk, is_admin=is_admin(user))})


@require_http_methods(["GET", "HEAD", "POST"])
def edit(request: HttpRequest) -> HttpResponse:
    """The form of the scope that the query names. A dry run is a POST that writes nothing."""
    user = person(request)
    check_admin(user)
    scope = scope_choice(request.GET).scope
    rule = rule_of_scope(scope)
    current, reference = rule.settings, rule.reference
    if request.method != "POST":
        return _render(request, EditPage(scope, RuleForm(settings=current, version=reference.version)))
    form = RuleForm(request.POST, settings=current, version=reference.version)
    if not form.is_valid():
        return _render(request, EditPage(scope, form), status=422)
    if "dry_run" in request.POST:
        return _dry_run(request, user, scope, form, current)
    return _save(request, user, scope, form)


def _dry_run(request: HttpRequest, user: User, scope: Scope, form: RuleForm, current: RuleSettings) -> HttpResponse:
    try:
        check_settings(form.settings, before=current)
    except InvalidFields as error:
        form.add_sentences(error.fields)
        return _render(request, EditPage(scope, form), status=422)
    result = dry_run(actor=user, scope=scope, settings=form.settings)
    return _render(request, EditPage(scope, form, dry_run=result, difference=difference(current, form.settings)))


def _save(request: HttpRequest, user: User, scope: Scope, form: RuleForm) -> HttpResponse:
    try:
        version = save_rule(
            actor=user,
            scope=scope,
            settings=form.settings,
            reason=form.cleaned_data["reason"],
            expected_version=form.cleaned_data["expected_version"],
        )
    except InvalidFields as error:
        note_refusal(request, error)
        form.add_sentences(error.fields)
        return _render(request, EditPage(scope, form), status=422)
    except WrongState as error:
        return _render(request, EditPage(scope, form, notice=error.sentence), status=409)
    messages.info(request, f"Saved. Version {version.number} of “{scope.title}” is in effect.")
    return redirect("rule", pk=version.rule_id)


def _render(request: HttpRequest, page: EditPage, *, status: int = 200) -> HttpResponse:
    return render(request, "pages/rules/edit.html", {"page": page}, status=status)
