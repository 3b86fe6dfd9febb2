"""The set-up checklist."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from portal.pages.setup.page import setup_page
from portal.web.lookups import person
from provisioning.lifecycle.services.setup import dismiss_setup


@require_safe
def setup(request: HttpRequest) -> HttpResponse:
    return render(request, "pages/setup/page.html", {"page": setup_page(person(request))})


@require_POST
def dismiss(request: HttpRequest) -> HttpResponse:
    dismiss_setup(actor=person(request))
    messages.info(request, "The checklist no longer appears on your home page. It remains in the menu, as “Set up”.")
    return redirect("home")
