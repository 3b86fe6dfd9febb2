"""The teardown of an environment: the page that confirms it, and the receipt."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from portal.pages.teardown.forms import TeardownForm
from portal.pages.teardown.page import receipt_page, teardown_page
from portal.web.lookups import Need, get_environment_for, person
from provisioning.errors import Refused, WrongState
from provisioning.lifecycle.services.teardown import check_may_be_torn_down, request_teardown
from provisioning.lifecycle.states import RequestState
from provisioning.models import Environment, User


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def teardown(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    environment = get_environment_for(user, pk, Need.OPERATE)
    if request.method == "POST":
        return _send(request, user, environment)
    check_may_be_torn_down(environment)
    return _render(request, user, environment)


def _send(request: HttpRequest, user: User, environment: Environment) -> HttpResponse:
    form = TeardownForm(request.POST)
    if not form.is_valid():
        check_may_be_torn_down(environment)
        return _render(request, user, environment, form=form, status=422)
    try:
        teardown_request = request_teardown(
            actor=user,
            environment=environment,
            typed_name=form.cleaned_data["typed_name"],
            expected_digest=form.cleaned_data["digest"],
            request_id=form.cleaned_data["request_id"],
        )
    except Refused as error:
        form.add_error("typed_name", error.sentence)
        return _render(request, user, environment, form=form, status=422)
    except WrongState as error:
        if error.expected is None:
            raise
        return _render(request, user, environment, notice=error.sentence, status=409)
    if teardown_request.state == RequestState.WAITING:
        messages.info(request, "Sent. The teardown is pending approval.")
        return redirect("request", pk=teardown_request.pk)
    return redirect("environment", pk=environment.pk)


def _render(
    request: HttpRequest,
    user: User,
    environment: Environment,
    *,
    form: TeardownForm | None = None,
    notice: str = "",
    status: int = 200,
) -> HttpResponse:
    page = teardown_page(user, environment, form=form, notice=notice)
    return render(request, "pages/teardown/page.html", {"page": page}, status=status)


@require_safe
def receipt(request: HttpRequest, pk: UUID) -> HttpResponse:
    page = receipt_page(get_environment_for(person(request), pk))
    return render(request, "pages/teardown/receipt.html", {"page": page})
