"""Sets the audit context of each request, and writes what was refused to the audit log."""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from portal.web.client_address import client_address
from portal.web.refusals import write_refusal
from provisioning.lifecycle import audit_context
from provisioning.lifecycle.audit_context import ADDRESS_LENGTH, AuditContext, Via, printable, session_label

_AREAS = (("/api/", Via.API), ("/admin/", Via.ADMIN))


class AuditContextMiddleware:
    """Needs the session's middleware before it. The API amends the context with the token.

    A refusal is written after the view, whose transaction was rolled back by then.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with audit_context.using(_context(request)):
            response = self.get_response(request)
            write_refusal(request, response)
            return response


def _context(request: HttpRequest) -> AuditContext:
    via = next((via for prefix, via in _AREAS if request.path_info.startswith(prefix)), Via.PAGE)
    address = client_address(
        request.META.get("REMOTE_ADDR", ""),
        request.META.get("HTTP_X_FORWARDED_FOR", ""),
        proxies=settings.TRUSTED_PROXIES,
    )
    return AuditContext(
        via=via,
        address=printable(address, length=ADDRESS_LENGTH),
        user_agent=printable(request.META.get("HTTP_USER_AGENT", "")),
        credential=session_label(request.session.session_key),
        request_id=uuid.uuid4().hex,
    )
