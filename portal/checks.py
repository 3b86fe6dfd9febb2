"""System checks: what the settings must say before web server or worker may start.

`render`, `blueprints` and the like run without them, since they need neither database nor queue.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution
from django.core.exceptions import ImproperlyConfigured

SECRET_KEY_LENGTH = 32
LOOPBACK = {"127.0.0.1", "localhost", "::1", "[::1]"}


@register()
def check_addresses(**_: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    if not settings.DATABASE_URL:
        messages.append(
            Error(
                "DATABASE_URL is not set.",
                hint="Point it at a PostgreSQL database, as in postgresql://user:password@host/name, or set DATABASE_HOST and its companions. `make demo` brings its own.",
                id="portal.E001",
            )
        )
    elif urlsplit(settings.DATABASE_URL).scheme not in {"postgres", "postgresql"}:
        messages.append(
            Error(
                "DATABASE_URL does not name a PostgreSQL database.",
                hint="Begin it with postgresql://.",
                id="portal.E002",
            )
        )
    if not settings.REDIS_URL:
        messages.append(
            Error(
                "REDIS_URL is not set.",
                hint="Point it at a Valkey or Redis server, as in redis://host:6379/0, or set REDIS_HOST. `make demo` brings its own.",
                id="portal.E003",
            )
        )
    return messages


@register()
def check_secret_key(**_: Any) -> list[CheckMessage]:
    try:
        if len(settings.SECRET_KEY) >= SECRET_KEY_LENGTH:
            return []
    except ImproperlyConfigured:
        pass  # Django's way to say that it is empty
    return [
        Error(
            f"SECRET_KEY has fewer than {SECRET_KEY_LENGTH} characters.",
            hint="Set it to a long random text and keep it secret; sessions are signed with it.",
            id="portal.E004",
        )
    ]


@register()
def check_contradictions(**_: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    if settings.DEBUG and settings.BEHIND_TLS:
        messages.append(
            Error(
                "DEBUG and BEHIND_TLS are both true.",
                hint="DEBUG shows settings to anyone who causes an error; turn one of them off.",
                id="portal.E005",
            )
        )
    if not settings.DEBUG and not settings.ALLOWED_HOSTS:
        messages.append(
            Error(
                "ALLOWED_HOSTS is empty, so every page answers 400.",
                hint="List the portal's host names, with commas between them.",
                id="portal.E006",
            )
        )
    if not settings.DEBUG and not settings.BEHIND_TLS and not set(settings.ALLOWED_HOSTS) <= LOOPBACK | {"testserver"}:
        messages.append(
            Caution(
                "BEHIND_TLS is false, so session cookies are sent unencrypted.",
                hint="Set BEHIND_TLS=true where a proxy ends TLS; leave it only for a portal that nobody else reaches.",
                id="portal.W001",
            )
        )
    if not Path(settings.BLUEPRINTS_DIR).is_dir():
        messages.append(
            Caution(
                f"BLUEPRINTS_DIR is {settings.BLUEPRINTS_DIR}, which is not a folder: the catalogue is empty.",
                hint="Point it at the folder that holds one folder for each blueprint.",
                id="portal.W002",
            )
        )
    return messages
