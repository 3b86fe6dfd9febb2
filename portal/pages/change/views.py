"""Changes an environment: the form with what runs now, and another plan for an earlier request."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST

from portal.pages.change.forms import ChangeForm
from portal.pages.change.page import ChangePage, offered_versions
from portal.web.forms import add_field_errors
from portal.web.lookups import Need, get_environment_for, get_request_for, person
from portal.web.refusals import note_refusal
from provisioning.blueprint import Blueprint, BlueprintError, InputErrors
from provisioning.errors import InvalidFields, Refused, WrongState
from provisioning.lifecycle.kinds.change import CHANGE
from provisioning.lifecycle.plan_queries import current_plan_for_pages
from provisioning.lifecycle.read.versions import blueprint_of
from provisioning.lifecycle.services.changes import check_may_be_changed, plan_again, request_change
from provisioning.models import Environment, User

TEMPLATE = "pages/change/page.html"


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def change(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    environment = get_environment_for(user, pk, Need.OPERATE)
    check_may_be_changed(environment, CHANGE)
    data = request.POST if request.method == "POST" else None
    form = _form(environment, data if data is not None else request.GET, bound=data)
    if data is None or "fields" in data:
        # Another size or version was chosen: the form again, with the values that were typed.
        return _render(request, environment, form)
    return _send(request, user, environment, form)


@require_POST
def again(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Plan the change of an earlier request again."""
    user = person(request)
    stored = plan_again(actor=user, request=get_request_for(user, pk, Need.OPERATE))
    return redirect("request", pk=stored.pk)


def _form(environment: Environment, chosen: QueryDict, *, bound: QueryDict | None) -> ChangeForm:
    versions = offered_versions(environment)
    blueprint = _blueprint(environment, chosen.get("version", ""), {row.version for row in versions})
    wanted = chosen.get("size", "") or environment.size
    size = wanted if wanted in blueprint.sizes else next(iter(blueprint.sizes))
    now = current_plan_for_pages(environment)
    return ChangeForm(
        environment,
        blueprint,
        size,
        versions=versions,
        has_output_parameters=now is not None and now.document.has_output_parameters,
        data=bound,
    )


def _blueprint(environment: Environment, version: str, offered: set[str]) -> Blueprint:
    now = environment.blueprint_version
    if version in offered and version != now.version:
        return blueprint_of(now.slug, version)
    return blueprint_of(now.slug, now.version, digest=now.digest)


def _send(request: HttpRequest, user: User, environment: Environment, form: ChangeForm) -> HttpResponse:
    if not form.is_valid():
        return _render(request, environment, form, status=422)
    try:
        stored = request_change(
            actor=user,
            environment=environment,
            blueprint=form.blueprint,
            size=form.chosen_size,
            inputs=form.inputs,
            tags=form.cleaned_data["tags"],
            output_parameters=form.cleaned_data["output_parameters"],
            request_id=form.cleaned_data["request_id"],
            note=form.cleaned_data["note"],
        )
    except InputErrors as error:
        problems = form.add_input_errors(error.errors)
        return _render(request, environment, form, problems=problems, status=422)
    except InvalidFields as error:
        note_refusal(request, error)
        return _render(request, environment, form, problems=add_field_errors(form, error.fields), status=422)
    except (Refused, BlueprintError) as error:
        if isinstance(error, Refused):
            note_refusal(request, error)
        sentence = error.sentence if isinstance(error, Refused) else str(error)
        return _render(request, environment, form, problems=sentence.splitlines(), status=422)
    except WrongState as error:
        return _render(request, environment, form, problems=[error.sentence], status=409)
    messages.info(request, "Sent. CloudFormation now plans the change; nothing is changed meanwhile.")
    return redirect("request", pk=stored.pk)


def _render(
    request: HttpRequest,
    environment: Environment,
    form: ChangeForm,
    *,
    problems: list[str] | None = None,
    status: int = 200,
) -> HttpResponse:
    page = ChangePage(environment, form, problems or [])
    return render(request, TEMPLATE, {"page": page}, status=status)
