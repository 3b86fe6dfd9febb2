"""Exports of a request: Terraform variables, CloudFormation, and JSON for the API. None of them contains
secrets.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from django.http import HttpResponse

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
from provisioning.lifecycle.plan_document import AdoptPlan, StackedPlan, from_json
from provisioning.models import Artefact, Request

JSON, TEXT = "application/json", "text/plain; charset=utf-8"
_TEXTS: Final[dict[str, tuple[str, str, Callable[[RequestDocument], str]]]] = {
    "tfvars": ("tfvars", TEXT, write_tfvars),
    "tfvars.json": ("tfvars.json", JSON, write_tfvars_json),
    "json": ("request.json", JSON, write_api_json),
}
# The values of `?as=` with their titles.
FORMATS: Final = {
    "tfvars": "Terraform variables",
    "tfvars.json": "Terraform variables, JSON",
    "cloudformation": "CloudFormation, with parameters and a script",
    "json": "JSON for the API",
}


@dataclass(frozen=True, slots=True)
class Download:
    """A file."""

    body: bytes
    name: str
    content_type: str

    def as_response(self) -> HttpResponse:
        response = HttpResponse(self.body, content_type=self.content_type)
        response["Content-Disposition"] = f'attachment; filename="{self.name}"'
        response["Cache-Control"] = "private, no-store"
        return response


def export_request(stored: Request, form: str) -> Download:
    """Return the request in one of `FORMATS`. Raises NotFound if it has nothing to export."""
    plan = from_json(stored.plan.content)
    if not isinstance(plan, StackedPlan) or isinstance(plan, AdoptPlan):
        raise NotFound("This request has nothing to export.")
    name = stored.environment.name
    if form == "cloudformation":
        wanted = {artefact.sha256 for stack in plan.stacks for artefact in stack.artefacts}
        rows = Artefact.objects.filter(pk__in=wanted).values_list("sha256", "body")
        artefacts = {sha256: bytes(body) for sha256, body in rows}
        package = cloudformation_package(plan, name=name, digest=stored.plan.digest, artefacts=artefacts)
        return Download(package, f"{name}.cloudformation.zip", "application/zip")
    if form not in _TEXTS:
        raise NotFound(f"There is no such export; there are {', '.join(FORMATS)}.")
    ending, content_type, write = _TEXTS[form]
    return Download(write(document_of(stored, plan)).encode(), f"{name}.{ending}", content_type)


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
        tags=plan.tags,
        secrets=tuple(name for name, variable in variables.items() if variable.sensitive),
        output_parameters=plan.has_output_parameters,
    )
