"""The export of the audit log, as a file for pages and the API."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import cast

from django.http import HttpResponse, StreamingHttpResponse

from provisioning.lifecycle import clock
from provisioning.lifecycle.access import AuditScope
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.audit_chain import newest_anchor, rows_by_position
from provisioning.lifecycle.read.audit import EXPORTED_AT_MOST, AuditFilter, exported_rows
from provisioning.lifecycle.verify_audit_export import Row, write_line
from provisioning.models import User


def export_audit(user: User, scope: AuditScope, wanted: AuditFilter) -> HttpResponse:
    """Stream the whole log, or the rows that match the filter. The event of the export is written before the
    first row is sent.
    """
    whole = scope.is_everything and wanted.is_empty
    end = newest_anchor()
    rows = rows_by_position(up_to=end.position) if whole else exported_rows(scope, wanted)
    audit_event(
        AuditAction.AUDIT_EXPORT,
        actor=user,
        at=clock.now(),
        filter=wanted.as_detail(),
        rows_at_most=end.position if whole else EXPORTED_AT_MOST,
    )
    response = cast(
        "HttpResponse", StreamingHttpResponse(_lines(rows), content_type="application/jsonl; charset=utf-8")
    )
    name = "audit.jsonl" if whole else "audit-excerpt.jsonl"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def _lines(rows: Iterator[Row]) -> Iterator[str]:
    """Many lines at a time: each part of an answer costs a turn of the server."""
    while lines := "".join(write_line(row) for row in islice(rows, 500)):
        yield lines
