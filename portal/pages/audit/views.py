"""The audit log: search, one event, and its export with the program that verifies it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import cast

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_POST, require_safe

from portal.pages.audit.forms import AuditFilterForm
from portal.pages.audit.page import audit_page, event_page
from portal.web.lookups import person
from provisioning.errors import Refused
from provisioning.lifecycle import clock, verify_audit_export
from provisioning.lifecycle.access import audit_scope
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.audit_chain import newest_anchor, rows_by_position
from provisioning.lifecycle.read.audit import EXPORTED_AT_MOST, exported_rows
from provisioning.lifecycle.verify_audit_export import Row, write_line

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
    """Stream the whole log, or the rows that match the filter. The event of the export is written
    before the first row is sent.
    """
    user = person(request)
    scope = audit_scope(user)
    form = AuditFilterForm(scope, request.POST)
    if not form.is_valid():
        raise Refused("The filter has errors. Apply it to the list first, and then export what the list shows.")
    whole = scope.is_everything and form.wanted.is_empty
    end = newest_anchor()
    rows = rows_by_position(up_to=end.position) if whole else exported_rows(scope, form.wanted)
    audit_event(
        AuditAction.AUDIT_EXPORT,
        actor=user,
        at=clock.now(),
        filter=form.wanted.as_detail(),
        rows_at_most=end.position if whole else EXPORTED_AT_MOST,
    )
    response = cast(
        "HttpResponse", StreamingHttpResponse(_lines(rows), content_type="application/jsonl; charset=utf-8")
    )
    name = "audit.jsonl" if whole else "audit-excerpt.jsonl"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@require_safe
def verifier(_request: HttpRequest) -> HttpResponse:
    """The program that verifies an export without the portal: the portal's own source file."""
    response = HttpResponse(VERIFIER.read_bytes(), content_type="text/x-python; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{VERIFIER.name}"'
    return response


def _lines(rows: Iterator[Row]) -> Iterator[str]:
    """Many lines at a time: each part of an answer costs a turn of the server."""
    while lines := "".join(write_line(row) for row in islice(rows, 500)):
        yield lines
