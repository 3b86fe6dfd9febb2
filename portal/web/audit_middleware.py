"""Sets the audit context of each request: from where it comes and by which session."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from portal.web.addresses import client_address
from provisioning.lifecycle import audit_context
from provisioning.lifecycle.audit_context import AuditContext, Via, printable, session_label

_AREAS = (("/api/", Via.API), ("/admin/", Via.ADMIN))


class AuditContextMiddleware:
    """Needs the session's middleware before it. The API amends the context with the token."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with audit_context.using(_context(request)):
            return self.get_response(request)


def _context(request: HttpRequest) -> AuditContext:
    via = next((via for prefix, via in _AREAS if request.path_info.startswith(prefix)), Via.PAGE)
    return AuditContext(
        via=via,
        address=client_address(request),
        user_agent=printable(request.META.get("HTTP_USER_AGENT", "")),
        credential=session_label(request.session.session_key),
        request_id=uuid.uuid4().hex,
    )
