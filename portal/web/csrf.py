"""The answer to a form whose token does not fit, with the way back to the form."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from portal.web.way_back import page_of


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """Django's CSRF_FAILURE_VIEW. The page works without a session."""
    del reason
    return render(request, "403_csrf.html", {"back": page_of(request)}, status=403)
