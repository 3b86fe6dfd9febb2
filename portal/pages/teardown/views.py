"""The end of an environment: what would die and what would stay, the typed name, and the receipt."""

from __future__ import annotations

import uuid
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from portal.pages.requests.forms import TeardownForm
from portal.web.formatting import listed
from portal.web.lookups import Need, get_environment_for, person
from provisioning.errors import NotFound, Refused, WrongState
from provisioning.lifecycle.services.teardown import check_may_be_torn_down, preview_teardown, request_teardown
from provisioning.lifecycle.states import RequestState
from provisioning.models import Environment, Receipt, Request, ResourceEnd, User


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def teardown(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    environment = get_environment_for(user, pk, Need.OPERATE)
    if request.method == "POST":
        return _send(request, user, environment)
    check_may_be_torn_down(environment)
    return _page(request, user, environment)


def _send(request: HttpRequest, user: User, environment: Environment) -> HttpResponse:
    form = TeardownForm(request.POST)
    if not form.is_valid():
        check_may_be_torn_down(environment)
        return _page(request, user, environment, form=form, status=422)
    try:
        made = request_teardown(
            actor=user,
            environment=environment,
            typed_name=form.cleaned_data["typed_name"],
            expected_digest=form.cleaned_data["digest"],
            request_id=form.cleaned_data["request_id"],
        )
    except Refused as error:
        form.add_error("typed_name", error.sentence)
        return _page(request, user, environment, form=form, status=422)
    except WrongState as error:
        if error.expected is None:
            raise
        return _page(request, user, environment, notice=error.sentence, status=409)
    if made.state == RequestState.WAITING:
        messages.info(request, "Sent. An approver decides on the teardown now.")
    return _arrive(made)


def _arrive(made: Request) -> HttpResponse:
    if made.state == RequestState.WAITING:
        return redirect("request", pk=made.pk)
    return redirect("environment", pk=made.environment_id)


def _page(
    request: HttpRequest,
    user: User,
    environment: Environment,
    *,
    form: TeardownForm | None = None,
    notice: str = "",
    status: int = 200,
) -> HttpResponse:
    preview = preview_teardown(actor=user, environment=environment)
    form = form or TeardownForm(initial={"request_id": uuid.uuid4()})
    context = {
        "environment": environment,
        "preview": preview,
        "several": len(preview.regions) > 1,
        "places": listed(preview.regions),
        "form": form,
        "request_id": uuid.uuid4() if "request_id" in form.errors else form["request_id"].value(),
        "notice": notice,
    }
    return render(request, "pages/teardown/page.html", context, status=status)


@require_safe
def receipt(request: HttpRequest, pk: UUID) -> HttpResponse:
    environment = get_environment_for(person(request), pk)
    rows = Receipt.objects.filter(environment=environment).select_related(
        "operation__request__requested_by", "operation__request__decided_by"
    )
    found = rows.order_by("-written_at").first()
    if found is None:
        raise NotFound("There is no receipt yet: it is written when a teardown has ended.")
    ends = {end: [line for line in found.lines if line["end"] == end] for end in ResourceEnd}
    context = {
        "environment": environment,
        "receipt": found,
        "asked": found.operation.request,
        "took": found.operation.ended_at - found.operation.started_at if found.operation.ended_at else None,
        "deleted": ends[ResourceEnd.DELETED],
        "retained": ends[ResourceEnd.RETAINED],
        "abandoned": ends[ResourceEnd.ABANDONED],
        "scan": found.scan,
        "several": len({line["region"] for line in found.lines}) > 1,
        "places": listed(found.scan["regions"]),
    }
    return render(request, "pages/teardown/receipt.html", context)
