"""System checks of the settings about sign-in."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.core.checks import CheckMessage, Error, register
from django.core.checks import Warning as Caution

from portal.identity.group_mapping import parse_groups

LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_POSITIVE = (
    "SESSION_IDLE_MINUTES",
    "SIGN_IN_AGAIN_MINUTES",
    "SIGN_IN_ATTEMPTS_PER_ACCOUNT",
    "SIGN_IN_ATTEMPTS_PER_ADDRESS",
    "HASHES_AT_ONCE",
)


@register()
def check_single_sign_on(**_: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = []
    if not settings.SSO_ISSUER:
        if settings.SSO_CLIENT_ID or settings.SSO_CLIENT_SECRET or settings.SSO_GROUPS:
            messages.append(
                Error(
                    "SSO_CLIENT_ID, SSO_CLIENT_SECRET or SSO_GROUPS is set, and SSO_ISSUER is not.",
                    hint="Set SSO_ISSUER to the provider's issuer, or remove the others.",
                    id="portal.E020",
                )
            )
        if not settings.LOCAL_PASSWORDS:
            messages.append(
                Error(
                    "LOCAL_PASSWORDS is false without single sign-on, so only superusers could sign in.",
                    hint="Set SSO_ISSUER and its companions, or LOCAL_PASSWORDS=true.",
                    id="portal.E021",
                )
            )
        return messages
    if not settings.SSO_CLIENT_ID or not settings.SSO_CLIENT_SECRET:
        messages.append(
            Error(
                "SSO_ISSUER is set without SSO_CLIENT_ID and SSO_CLIENT_SECRET.",
                hint="Register the portal with the provider, and enter both.",
                id="portal.E022",
            )
        )
    issuer = urlsplit(settings.SSO_ISSUER)
    if issuer.scheme != "https" and not (issuer.scheme == "http" and issuer.hostname in LOOPBACK):
        messages.append(
            Error(
                f"SSO_ISSUER is {settings.SSO_ISSUER}, which does not begin with https://.",
                hint="The provider's keys come from this address, so it must be https.",
                id="portal.E023",
            )
        )
    if "openid" not in settings.SSO_SCOPES.split():
        messages.append(
            Error(
                "SSO_SCOPES lacks openid, so the provider would send no ID token.",
                hint='Write scopes with blanks between them, as in "openid profile email groups".',
                id="portal.E024",
            )
        )
    return messages


@register()
def check_groups(**_: Any) -> list[CheckMessage]:
    try:
        parse_groups(settings.SSO_GROUPS)
    except ValueError as error:
        return [Error(str(error), id="portal.E025")]
    return []


@register()
def check_limits(**_: Any) -> list[CheckMessage]:
    messages: list[CheckMessage] = [
        Error(f"{name} is {getattr(settings, name)}.", hint="Write a whole number from 1.", id="portal.E026")
        for name in _POSITIVE
        if getattr(settings, name) < 1
    ]
    address = urlsplit(settings.BREACHED_PASSWORDS_URL)
    if settings.BREACHED_PASSWORDS_URL and address.scheme != "https" and address.hostname not in LOOPBACK:
        messages.append(
            Error(
                "BREACHED_PASSWORDS_URL does not begin with https://.",
                hint="Use https, or set it empty to ask nobody.",
                id="portal.E027",
            )
        )
    if settings.SESSION_IDLE_MINUTES * 60 > settings.SESSION_COOKIE_AGE:
        messages.append(
            Caution(
                "SESSION_IDLE_MINUTES is longer than a session lasts, so it never ends one.",
                hint=f"A session ends after {settings.SESSION_COOKIE_AGE // 60} minutes in any case.",
                id="portal.W020",
            )
        )
    return messages
