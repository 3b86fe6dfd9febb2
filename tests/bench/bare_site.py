"""The least that a django-ninja application does for a list and for one environment: one query, no
account, no limits, no headers. `tests.bench.web` serves it next to the portal.
"""

from __future__ import annotations

import os
from datetime import datetime
from typing import Any, cast
from uuid import UUID

import django
from a2wsgi import WSGIMiddleware
from a2wsgi.wsgi_typing import WSGIApp
from django.conf import settings

from portal.settings import DATABASES, SECRET_KEY

settings.configure(
    DATABASES=DATABASES,
    SECRET_KEY=SECRET_KEY,
    ROOT_URLCONF=__name__,
    ALLOWED_HOSTS=["*"],
    AUTH_USER_MODEL="provisioning.User",
    INSTALLED_APPS=["django.contrib.auth", "django.contrib.contenttypes", "provisioning"],
    USE_TZ=True,
)
django.setup()

from django.core.handlers.wsgi import WSGIHandler  # noqa: E402 - after the settings
from django.http import HttpRequest  # noqa: E402
from django.urls import path  # noqa: E402
from ninja import NinjaAPI, Schema  # noqa: E402

from provisioning.models import Environment  # noqa: E402

COLUMNS = ("id", "name", "state", "size", "region", "team__slug", "account__name", "created_at", "version")


class Bare(Schema):
    id: UUID
    name: str
    state: str
    size: str
    region: str
    team__slug: str
    account__name: str
    created_at: datetime
    version: int


api = NinjaAPI(docs_url=None, openapi_url=None)


@api.get("/environments", response=list[Bare])
def listed(request: HttpRequest, limit: int = 50) -> Any:
    return list(Environment.objects.order_by("-created_at", "-id").values(*COLUMNS)[:limit])


@api.get("/environments/{uuid:pk}", response=Bare)
def detail(request: HttpRequest, pk: UUID) -> Any:
    return Environment.objects.values(*COLUMNS).get(pk=pk)


urlpatterns = [path("api/v1/", api.urls)]
application = WSGIMiddleware(cast("WSGIApp", WSGIHandler()), workers=int(os.environ.get("WEB_THREADS", "4")))
