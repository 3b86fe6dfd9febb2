"""The home page."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_safe

from portal.pages.home.page import home_page
from portal.web.lookups import person


@require_safe
def home(request: HttpRequest) -> HttpResponse:
    user = person(request)
    page = home_page(user)
    if page.begins_with_setup:
        return redirect("setup")
    context: dict[str, object] = {"page": page}
    if page.awaiting is not None and page.shows_all_awaiting:
        context["pending_for_me"] = len(page.awaiting)  # saves the frame a query for the same number
    return render(request, "pages/home/page.html", context)
