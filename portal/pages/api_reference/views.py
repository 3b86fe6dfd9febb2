"""The reference of the REST API."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.pages.api_reference.page import reference_page


@require_safe
def reference(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/api_reference/page.html", {"page": reference_page()})
