"""What a person sees and changes about their own account."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils.safestring import SafeString

from portal.identity.credentials import may_use_password
from portal.identity.second_factor import (
    has_second_factor,
    is_required,
    must_set_up,
    pending_secret,
    qr_code,
    set_up_uri,
    unused_recovery_codes,
)
from portal.identity.sessions import sessions_of
from portal.pages.profile.forms import PasswordForm
from portal.web.lookups import person
from provisioning.lifecycle.access import memberships_of
from provisioning.lifecycle.services.former_access import has_password_of_others, uses_single_sign_on
from provisioning.lifecycle.services.provider_identity import CONNECT_LATER
from provisioning.models import Membership, SignInSession, User

# From the most specific name to those that others also claim to be.
_BROWSERS: Final = (
    ("Edg", "Edge"),
    ("OPR", "Opera"),
    ("Firefox", "Firefox"),
    ("Chrome", "Chrome"),
    ("Safari", "Safari"),
)
_SYSTEMS: Final = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("Mac OS X", "macOS"), ("Linux", "Linux"),
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class SessionLine:
    id: UUID
    browser: str
    address: str
    started_at: datetime
    last_used_at: datetime
    is_this: bool


@dataclass(frozen=True, slots=True)
class ProfilePage:
    user: User
    memberships: list[Membership]
    sessions: list[SessionLine]
    password_form: PasswordForm | None
    """None for people who have no password here."""
    has_second_factor: bool
    must_set_up: bool
    is_required: bool
    recovery_codes_left: int
    provider: str
    is_connected: bool
    why_not_connect: str
    idle_minutes: int
    hours: int


@dataclass(frozen=True, slots=True)
class SetUpPage:
    """`secret` is shown in groups of four, to be typed where no camera is at hand."""

    secret: str
    uri: str
    qr: SafeString


def profile_page(request: HttpRequest, *, form: PasswordForm | None = None) -> ProfilePage:
    user = person(request)
    has_password = user.has_usable_password() and may_use_password(user)
    return ProfilePage(
        user=user,
        memberships=memberships_of(user),
        sessions=[_line(row, request) for row in sessions_of(user)],
        password_form=(form or PasswordForm(user)) if has_password else None,
        has_second_factor=has_second_factor(user),
        must_set_up=must_set_up(request),
        is_required=is_required(user),
        recovery_codes_left=unused_recovery_codes(user),
        provider=settings.SSO_NAME if settings.SSO_ISSUER else "",
        is_connected=uses_single_sign_on(user),
        why_not_connect=CONNECT_LATER if has_password_of_others(user) else "",
        idle_minutes=settings.SESSION_IDLE_MINUTES,
        hours=settings.SESSION_COOKIE_AGE // 3_600,
    )


def set_up_page(user: User) -> SetUpPage | None:
    """Return the page of the secret that waits for its first code; None if there is none."""
    secret = pending_secret(user)
    if secret is None:
        return None
    uri = set_up_uri(user, secret)
    return SetUpPage(" ".join(re.findall(".{1,4}", secret)), uri, qr_code(uri))


def browser_of(user_agent: str) -> str:
    """Name browser and system as people know them: "Firefox on Windows"."""
    browser = next((name for mark, name in _BROWSERS if mark in user_agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in user_agent), "")
    if browser and system:
        return f"{browser} on {system}"
    return browser or system or user_agent.partition(" ")[0] or "Unknown browser"


def _line(row: SignInSession, request: HttpRequest) -> SessionLine:
    return SessionLine(
        row.pk,
        browser_of(row.user_agent),
        row.address or "unknown",
        row.started_at,
        row.last_used_at,
        row.session_key == request.session.session_key,
    )
