"""Exports of a request, and the evidence pack of an environment. None of them contains secrets."""

from __future__ import annotations

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_POST, require_safe

from portal.web.exporting import Download, export_request
from portal.web.lookups import get_environment_for, get_request_for, person
from provisioning.errors import NotFound
from provisioning.lifecycle.evidence import evidence_pack
from provisioning.lifecycle.plan_queries import current_plan_for_pages


@require_safe
def of_request(request: HttpRequest, pk: UUID) -> HttpResponse:
    return export_request(get_request_for(person(request), pk), request.GET.get("as", "")).as_response()


@require_safe
def of_environment(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Export the request whose plan the environment runs."""
    user = person(request)
    current = current_plan_for_pages(get_environment_for(user, pk))
    if current is None:
        raise NotFound("This environment has no request that could be exported.")
    return export_request(get_request_for(user, current.request_id), request.GET.get("as", "")).as_response()


@require_POST
def evidence(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The evidence pack. A POST, because it writes to the audit log who took it."""
    user = person(request)
    pack = evidence_pack(actor=user, environment=get_environment_for(user, pk))
    return Download(pack.body, pack.name, "application/zip").as_response()
