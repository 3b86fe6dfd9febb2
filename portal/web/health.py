"""The health check for load balancers: whether this process reaches its database. It needs no
sign-in.

The middleware answers /healthz before any other middleware. A load balancer addresses a container
by its IP address, which is not one of ALLOWED_HOSTS, and without TLS.
"""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

PATH = "/healthz"
TEXT = "text/plain; charset=utf-8"


@login_not_required
@require_safe
def healthz(_request: HttpRequest) -> HttpResponse:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except DatabaseError:
        return HttpResponse("The database does not respond.\n", status=503, content_type=TEXT)
    return HttpResponse("ok\n", content_type=TEXT)


class HealthMiddleware:
    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return healthz(request) if request.path_info == PATH else self.get_response(request)
