"""Files: exports of a request and of an environment's plan, and the evidence pack."""

from __future__ import annotations

from typing import Any, Final, Literal
from uuid import UUID

from django.http import HttpRequest
from ninja import Router

from portal.api.auth import Token, caller
from portal.api.schemas import changes, file_of, reads
from portal.web.exporting import Download, export_request
from portal.web.lookups import get_environment_for, get_request_for
from provisioning.errors import NotFound
from provisioning.lifecycle.evidence import evidence_pack
from provisioning.lifecycle.plan_queries import current_plan_for_pages
from provisioning.lifecycle.services.tokens import Scope

of_request = Router(tags=["Requests"])
of_environment = Router(tags=["Environments"])

Form = Literal["json", "tfvars", "tfvars.json", "cloudformation"]
_FILE: Final = file_of("application/json", "text/plain; charset=utf-8", "application/zip")


@of_request.get(
    "/{uuid:pk}/export",
    response=reads(None),
    operation_id="requests_export",
    summary="Export a request",
    openapi_extra=_FILE,
)
def request_export(request: HttpRequest, pk: UUID, form: Form = "json") -> Any:
    """As JSON for `POST /requests`, as Terraform variables, or as CloudFormation templates with parameters
    and a script (zip).
    """
    return export_request(get_request_for(caller(request), pk), form).as_response()


@of_environment.get(
    "/{uuid:environment_id}/export",
    response=reads(None),
    operation_id="environments_export",
    summary="Export the request whose plan an environment runs",
    openapi_extra=_FILE,
)
def environment_export(request: HttpRequest, environment_id: UUID, form: Form = "json") -> Any:
    """As the export of a request."""
    user = caller(request)
    current = current_plan_for_pages(get_environment_for(user, environment_id))
    if current is None:
        raise NotFound("This environment has no request that could be exported.")
    return export_request(get_request_for(user, current.request_id), form).as_response()


@of_environment.post(
    "/{uuid:environment_id}/evidence",
    response=changes(None),
    auth=Token(Scope.READ),
    operation_id="environments_evidence",
    summary="Download the evidence pack of an environment",
    openapi_extra=file_of("application/zip"),
)
def evidence(request: HttpRequest, environment_id: UUID) -> Any:
    """Requests, plans, decisions, AWS events, ledger, receipts and audit events with their hashes. It is
    a POST, because the audit log says who has taken it.
    """
    user = caller(request)
    pack = evidence_pack(actor=user, environment=get_environment_for(user, environment_id))
    return Download(pack.body, pack.name, "application/zip").as_response()
