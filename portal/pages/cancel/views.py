"""Cancel an operation, or stop watching one whose account cannot be reached."""

from __future__ import annotations

from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from portal.pages.cancel.page import cancel_page, stop_watching_page
from portal.web.lookups import Need, get_environment_for, person
from provisioning.lifecycle.services.cancel import cancel_operation
from provisioning.lifecycle.services.cancel import stop_watching as stop_watching_operation


@require_http_methods(["GET", "HEAD", "POST"])
def cancel(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    environment = get_environment_for(user, pk, Need.OPERATE)
    if request.method != "POST":
        return render(request, "pages/cancel/page.html", {"page": cancel_page(environment)})
    operation = cancel_operation(actor=user, environment=environment)
    messages.info(request, "Cancelled." if operation.ended_at else "Cancelling. AWS is asked how far it is.")
    return redirect("environment", pk=pk)


@require_http_methods(["GET", "HEAD", "POST"])
def stop_watching(request: HttpRequest, pk: UUID) -> HttpResponse:
    user = person(request)
    environment = get_environment_for(user, pk, Need.OPERATE)
    if request.method != "POST":
        return render(request, "pages/cancel/stop_watching.html", {"page": stop_watching_page(environment)})
    stop_watching_operation(actor=user, environment=environment)
    messages.info(request, "The portal no longer watches. CloudFormation goes on with what it has begun.")
    return redirect("environment", pk=pk)
