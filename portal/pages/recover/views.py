"""Recover an environment whose stack is stuck or half changed."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from portal.pages.recover.forms import RecoverForm
from portal.pages.recover.page import recover_page
from portal.web.lookups import Need, get_environment_for, person
from provisioning.aws import AwsError
from provisioning.errors import Refused, WrongState
from provisioning.lifecycle.aws_access import aws_for_account
from provisioning.lifecycle.services.recover import AwsFor, request_recovery
from provisioning.lifecycle.states import RequestState
from provisioning.models import Environment, User


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def recover(request: HttpRequest, pk: UUID, aws_for: AwsFor = aws_for_account) -> HttpResponse:
    user = person(request)
    environment = get_environment_for(user, pk, Need.OPERATE)
    if request.method == "POST":
        return _send(request, user, environment, aws_for)
    return _render(request, user, environment, aws_for, skip=request.GET.get("skip") == "1")


def _send(request: HttpRequest, user: User, environment: Environment, aws_for: AwsFor) -> HttpResponse:
    form = RecoverForm(request.POST)
    if not form.is_valid():
        return _render(request, user, environment, aws_for, skip=bool(request.POST.get("skip")), form=form, status=422)
    skip = form.cleaned_data["skip"]
    try:
        recovery = request_recovery(
            actor=user,
            environment=environment,
            expected_digest=form.cleaned_data["digest"],
            skip=skip,
            typed_name=form.cleaned_data["typed_name"],
            request_id=form.cleaned_data["request_id"],
            aws_for=aws_for,
        )
    except Refused as error:
        form.add_error("typed_name", error.sentence)
        return _render(request, user, environment, aws_for, skip=skip, form=form, status=422)
    except WrongState as error:
        if error.expected is None:
            raise
        return _render(request, user, environment, aws_for, skip=skip, notice=error.sentence, status=409)
    except AwsError as error:
        raise WrongState(f"AWS could not be asked how the stack is stuck. {error.advice}") from error
    if recovery.state == RequestState.WAITING:
        messages.info(request, "Sent. The recovery is pending approval.")
        return redirect("request", pk=recovery.pk)
    return redirect("environment", pk=environment.pk)


def _render(
    request: HttpRequest,
    user: User,
    environment: Environment,
    aws_for: AwsFor,
    *,
    skip: bool,
    form: RecoverForm | None = None,
    notice: str = "",
    status: int = 200,
) -> HttpResponse:
    page = recover_page(user, environment, skip=skip, aws_for=aws_for, form=form, notice=notice)
    return render(request, "pages/recover/page.html", {"page": page}, status=status)
