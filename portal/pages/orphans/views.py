"""Stacks and resources that belong to no environment."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.pages.orphans.page import orphans_page
from portal.web.lookups import person


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/orphans/index.html", {"page": orphans_page(person(request))})
