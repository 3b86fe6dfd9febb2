"""The audit log: search, one event, and its export with the program that verifies it."""

from __future__ import annotations

from pathlib import Path

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from portal.pages.audit.forms import AuditFilterForm
from portal.pages.audit.page import audit_page, event_page
from portal.web.audit_export import export_audit
from portal.web.lookups import person
from provisioning.errors import Refused
from provisioning.lifecycle import verify_audit_export
from provisioning.lifecycle.access import audit_scope

VERIFIER = Path(verify_audit_export.__file__)


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    scope = audit_scope(person(request))
    form = AuditFilterForm(scope, request.GET)
    filled = request.GET.copy()
    for name in [name for name in filled if name not in form.fields or not filled[name]]:
        del filled[name]
    page = audit_page(scope, form, query=filled.urlencode(), cursor=request.GET.get("cursor", ""))
    return render(request, "pages/audit/index.html", {"page": page}, status=422 if page.listing is None else 200)


@require_safe
def detail(request: HttpRequest, pk: int) -> HttpResponse:
    return render(request, "pages/audit/detail.html", {"page": event_page(audit_scope(person(request)), pk)})


@require_POST
def export(request: HttpRequest) -> HttpResponse:
    """Export what the list shows."""
    user = person(request)
    scope = audit_scope(user)
    form = AuditFilterForm(scope, request.POST)
    if not form.is_valid():
        raise Refused("The filter has errors. Apply it to the list first, and then export what the list shows.")
    return export_audit(user, scope, form.wanted)


@require_safe
def verifier(_request: HttpRequest) -> HttpResponse:
    """The program that verifies an export without the portal: the portal's own source file."""
    response = HttpResponse(VERIFIER.read_bytes(), content_type="text/x-python; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{VERIFIER.name}"'
    return response
