"""Queries and time per page, with the environments that the creation benchmark has left."""

from __future__ import annotations

from collections.abc import Iterator

from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from provisioning.models import Environment, Request, User
from tests.bench.measure import Figure, median_seconds

SLUG = "carbon-connect"


def lines() -> Iterator[str]:
    environment = Environment.objects.filter(state="running").order_by("-created_at")[0]
    request = Request.objects.filter(environment=environment)[0]
    client = Client()
    client.force_login(User.objects.get(username="bench"))
    pages = {
        "sign-in": reverse("sign_in"),
        "home": reverse("home"),
        "environments": reverse("environments"),
        "catalogue": reverse("catalogue"),
        "blueprint": reverse("blueprint", args=[SLUG]),
        "request form": reverse("ask", args=[SLUG]) + "?size=dev",
        "request": reverse("request", args=[request.pk]),
        "environment": reverse("environment", args=[environment.pk]),
        "environment, poll with nothing new": reverse("environment_live", args=[environment.pk])
        + f"?v={environment.version}",
        "teardown": reverse("teardown", args=[environment.pk]),
    }
    yardstick_seconds = median_seconds(lambda: client.get("/healthz"), times=20)
    for name, address in pages.items():
        with CaptureQueriesContext(connection) as queries:
            status = client.get(address).status_code
        asked = len(queries)  # the next request empties the log
        seconds = median_seconds(lambda address=address: client.get(address), times=10)
        figure = Figure(
            f"page: {name} ({asked} queries, status {status})", seconds, "the health check", yardstick_seconds
        )
        yield figure.line()
