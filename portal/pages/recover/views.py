"""Recover an environment whose stack is stuck or half changed."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from portal.identity.environments import is_production
from portal.identity.reauthentication import requires_recent_sign_in
from portal.pages.recover.forms import RecoverForm
from portal.pages.recover.page import read_page, recover_page
from portal.web.lookups import Need, get_environment_for, person
from portal.web.refusals import note_refusal
from provisioning.aws import AwsError
from provisioning.errors import Refused, WrongState
from provisioning.lifecycle.aws_access import aws_for_account
from provisioning.lifecycle.services.recover import AwsFor, request_recovery
from provisioning.lifecycle.states import RequestState
from provisioning.models import Environment, User

PAGE, CONTENT = "pages/recover/page.html", "pages/recover/content.html"


@require_http_methods(["GET", "HEAD", "POST"])
@requires_recent_sign_in(when=is_production)
def recover(request: HttpRequest, pk: UUID, aws_for: AwsFor = aws_for_account) -> HttpResponse:
    user = person(request)
    environment = get_environment_for(user, pk, Need.OPERATE)
    if request.method == "POST":
        return _send(request, user, environment, aws_for)
    page = recover_page(environment, skip=request.GET.get("skip") == "1")
    return render(request, PAGE, {"page": page})


@require_POST
def read(request: HttpRequest, pk: UUID, aws_for: AwsFor = aws_for_account) -> HttpResponse:
    """Ask AWS how the stacks are stuck, and show what can be done."""
    user = person(request)
    environment = get_environment_for(user, pk, Need.OPERATE)
    page = read_page(user, environment, skip=bool(request.POST.get("skip")), aws_for=aws_for)
    return render(request, CONTENT if request.headers.get("HX-Request") else PAGE, {"page": page})


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
        note_refusal(request, error)
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
    page = read_page(user, environment, skip=skip, aws_for=aws_for, form=form, notice=notice)
    return render(request, PAGE, {"page": page}, status=status)
