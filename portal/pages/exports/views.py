"""Exports of a request: Terraform variables, CloudFormation, and JSON for the API; and the evidence
pack of an environment. None of them contains secrets.
"""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from portal.web.lookups import get_environment_for, get_request_for, person
from provisioning.blueprint import BlueprintError
from provisioning.errors import NotFound
from provisioning.exchange import (
    RequestDocument,
    cloudformation_package,
    write_api_json,
    write_tfvars,
    write_tfvars_json,
)
from provisioning.lifecycle.catalogue import catalogue
from provisioning.lifecycle.evidence import evidence_pack
from provisioning.lifecycle.plan_document import AdoptPlan, StackedPlan, from_json
from provisioning.lifecycle.plan_queries import current_plan_for_pages
from provisioning.models import Artefact, Request

JSON, TEXT = "application/json", "text/plain; charset=utf-8"
_TEXTS: dict[str, tuple[str, str, Callable[[RequestDocument], str]]] = {
    "tfvars": ("tfvars", TEXT, write_tfvars),
    "tfvars.json": ("tfvars.json", JSON, write_tfvars_json),
    "json": ("request.json", JSON, write_api_json),
}
# The values of `?as=` with their titles.
FORMATS = {
    "tfvars": "Terraform variables",
    "tfvars.json": "Terraform variables, JSON",
    "cloudformation": "CloudFormation, with parameters and a script",
    "json": "JSON for the API",
}


@require_safe
def of_request(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _export(get_request_for(person(request), pk), request.GET.get("as", ""))


@require_safe
def of_environment(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Export the request whose plan the environment runs."""
    user = person(request)
    current = current_plan_for_pages(get_environment_for(user, pk))
    if current is None:
        raise NotFound("This environment has no request that could be exported.")
    return _export(get_request_for(user, current.request_id), request.GET.get("as", ""))


@require_POST
def evidence(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The evidence pack. A POST, because it writes to the audit log who took it."""
    user = person(request)
    pack = evidence_pack(actor=user, environment=get_environment_for(user, pk))
    return _download(pack.body, pack.name, "application/zip")


def _export(stored: Request, form: str) -> HttpResponse:
    plan = from_json(stored.plan.content)
    if not isinstance(plan, StackedPlan) or isinstance(plan, AdoptPlan):
        raise NotFound("This request has nothing to export.")
    name = stored.environment.name
    if form == "cloudformation":
        wanted = {artefact.sha256 for stack in plan.stacks for artefact in stack.artefacts}
        rows = Artefact.objects.filter(pk__in=wanted).values_list("sha256", "body")
        artefacts = {sha256: bytes(body) for sha256, body in rows}
        package = cloudformation_package(plan, name=name, digest=stored.plan.digest, artefacts=artefacts)
        return _download(package, f"{name}.cloudformation.zip", "application/zip")
    if form not in _TEXTS:
        raise NotFound(f"There is no such export; there are {', '.join(FORMATS)}.")
    ending, content_type, write = _TEXTS[form]
    return _download(write(document_of(stored, plan)).encode(), f"{name}.{ending}", content_type)


def _download(data: bytes, name: str, content_type: str) -> HttpResponse:
    response = HttpResponse(data, content_type=content_type)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-store"
    return response


def document_of(stored: Request, plan: StackedPlan) -> RequestDocument:
    environment = stored.environment
    # A plan never holds secrets. Their names are exported as long as the blueprint can still be read.
    try:
        variables = catalogue().get(plan.blueprint.slug).variables
    except BlueprintError:
        variables = {}
    return RequestDocument(
        blueprint=plan.blueprint.slug,
        version=plan.blueprint.version,
        size=plan.size,
        team=environment.team.slug,
        account=environment.account.name,
        region=plan.region,
        name=environment.name,
        inputs={name: value for name, value in plan.inputs.items() if value is not None},
        secrets=tuple(name for name, variable in variables.items() if variable.sensitive),
        output_parameters=plan.has_output_parameters,
    )
