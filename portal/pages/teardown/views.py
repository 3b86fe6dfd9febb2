"""The teardown of an environment: the page that confirms it, and the receipt."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from portal.identity.environments import is_production
from portal.identity.reauthentication import requires_recent_sign_in
from portal.pages.teardown.forms import TeardownForm
from portal.pages.teardown.page import teardown_page
from portal.pages.teardown.receipt import receipt_page
from portal.web.lookups import Need, get_environment_for, person
from portal.web.refusals import note_refusal
from provisioning.errors import Refused, WrongState
from provisioning.lifecycle.services.refresh_ledger import refresh_ledger
from provisioning.lifecycle.services.teardown import Removal, check_may_be_torn_down, request_teardown
from provisioning.lifecycle.states import RequestState
from provisioning.models import Environment, User

PAGE, CONTENT = "pages/teardown/page.html", "pages/teardown/content.html"


@require_http_methods(["GET", "HEAD", "POST"])
@requires_recent_sign_in(when=is_production)
def teardown(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    environment = get_environment_for(user, pk, Need.OPERATE)
    if request.method == "POST":
        return _send(request, user, environment)
    check_may_be_torn_down(environment)
    return _render(request, user, environment, removal=_removal(request.GET.get("removal", "")))


@require_POST
def refresh(request: HttpRequest, pk: UUID) -> HttpResponse:
    """List the stacks in AWS, and show the preview again. What was typed is kept."""
    user = person(request)
    environment = get_environment_for(user, pk, Need.OPERATE)
    check_may_be_torn_down(environment)
    trouble = refresh_ledger(actor=user, environment=environment)
    form = TeardownForm(
        initial={
            "request_id": request.POST.get("request_id", ""),
            "typed_name": request.POST.get("typed_name", "")[:64],
        }
    )
    removal = _removal(request.POST.get("removal", ""))
    if trouble:
        trouble += " The teardown lists the stacks before it deletes anything, and is refused if it finds more."
    page = teardown_page(user, environment, removal=removal, form=form, notice=trouble, refreshed=True)
    return render(request, CONTENT, {"page": page})


def _removal(text: str) -> Removal:
    return Removal(text) if text in list(Removal) else Removal.DELETE


def _send(request: HttpRequest, user: User, environment: Environment) -> HttpResponse:
    form = TeardownForm(request.POST)
    removal = _removal(request.POST.get("removal", ""))
    if not form.is_valid():
        check_may_be_torn_down(environment)
        return _render(request, user, environment, removal=removal, form=form, status=422)
    try:
        teardown_request = request_teardown(
            actor=user,
            environment=environment,
            typed_name=form.cleaned_data["typed_name"],
            expected_digest=form.cleaned_data["digest"],
            request_id=form.cleaned_data["request_id"],
            removal=removal,
        )
    except Refused as error:
        note_refusal(request, error)
        form.add_error("typed_name", error.sentence)
        return _render(request, user, environment, removal=removal, form=form, status=422)
    except WrongState as error:
        if error.expected is None:
            raise
        return _render(request, user, environment, removal=removal, notice=error.sentence, status=409)
    if teardown_request.state == RequestState.WAITING:
        messages.info(request, "Sent. The teardown is pending approval.")
        return redirect("request", pk=teardown_request.pk)
    return redirect("environment", pk=environment.pk)


def _render(
    request: HttpRequest,
    user: User,
    environment: Environment,
    *,
    removal: Removal,
    form: TeardownForm | None = None,
    notice: str = "",
    status: int = 200,
) -> HttpResponse:
    page = teardown_page(user, environment, removal=removal, form=form, notice=notice)
    return render(request, PAGE, {"page": page}, status=status)


@require_safe
def receipt(request: HttpRequest, pk: UUID) -> HttpResponse:
    page = receipt_page(get_environment_for(person(request), pk))
    return render(request, "pages/teardown/receipt.html", {"page": page})
