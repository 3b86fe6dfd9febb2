"""The reference of component kinds."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from portal.pages.components.page import component_page, components_page


@require_safe
def index(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/components/index.html", {"page": components_page()})


@require_safe
def detail(request: HttpRequest, kind: str) -> HttpResponse:
    return render(request, "pages/components/detail.html", {"page": component_page(kind)})
