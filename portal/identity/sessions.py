"""The sessions of the portal's pages: how they start, how long they last, and how they end.

A session ends when it was not used for `SESSION_IDLE_MINUTES`, and `SESSION_COOKIE_AGE` after the
sign-in in any case. Django itself ends all sessions of a person whose password changes or who is
deactivated. The moments are in the session's own data (in seconds since the epoch), so that a request
needs no further query; once a minute they are also written to the list that the person sees.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import Final

from django.conf import settings
from django.contrib.auth import login
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.models import Session
from django.db import transaction
from django.http import HttpRequest

from provisioning.lifecycle import audit_context, clock
from provisioning.lifecycle.access import on_new_role, on_revocation
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.models import SignInSession, Team, User

BACKEND: Final = "django.contrib.auth.backends.ModelBackend"
STARTED_AT: Final = "started_at"
USED_AT: Final = "used_at"
AUTHENTICATED_AT: Final = "authenticated_at"
"""When the person last proved who they are: at sign-in, and when they signed in again."""
BY_PROVIDER: Final = "by_provider"
"""Whether the session began with single sign-on."""
HAS_SECOND_FACTOR: Final = "second_factor"
"""Whether the person has proved to have a second factor in this session."""
NOTED_EVERY_SECONDS: Final = 60


def start_session(request: HttpRequest, user: User, *, method: str, by_provider: bool, second_factor: bool) -> None:
    """Sign the user in. `method` is for the audit log, as "password and code"."""
    with transaction.atomic():
        login(request, user, backend=BACKEND)
        now = int(time.time())
        request.session[STARTED_AT] = request.session[USED_AT] = now
        request.session[BY_PROVIDER], request.session[HAS_SECOND_FACTOR] = by_provider, second_factor
        mark_authenticated(request.session)
        request.session.save()
        _forget_ended(user)
        note_use(request, user, now)
        audit_event(
            AuditAction.SIGN_IN_SUCCEED,
            actor=user,
            at=clock.now(),
            subject=user.get_username(),
            subject_id=user.pk,
            method=method,
        )


def mark_authenticated(session: SessionBase) -> None:
    session[AUTHENTICATED_AT] = int(time.time())


def was_authenticated_within(session: SessionBase, seconds: int) -> bool:
    """Whether the person has proved who they are so recently. A time in the future never counts."""
    at = session.get(AUTHENTICATED_AT)
    return isinstance(at, int) and 0 <= time.time() - at <= seconds


def is_over(session: SessionBase) -> bool:
    """Whether the session is too old, or was not used for too long."""
    now = time.time()
    started, used = session.get(STARTED_AT), session.get(USED_AT)
    return (isinstance(started, int) and now - started > settings.SESSION_COOKIE_AGE) or (
        isinstance(used, int) and now - used > settings.SESSION_IDLE_MINUTES * 60
    )


def note_use(request: HttpRequest, user: User, now: int) -> None:
    """Write down that the session is in use."""
    context = audit_context.current()
    at = datetime.fromtimestamp(now, tz=UTC)
    request.session[USED_AT] = now
    request.session.setdefault(STARTED_AT, now)
    SignInSession.objects.update_or_create(
        session_key=request.session.session_key,
        defaults={
            "user": user,
            "last_used_at": at,
            "address": context.address,
            "user_agent": context.user_agent,
        },
        create_defaults={
            "user": user,
            "started_at": datetime.fromtimestamp(request.session[STARTED_AT], tz=UTC),
            "last_used_at": at,
            "address": context.address,
            "user_agent": context.user_agent,
        },
    )


def note_use_now(request: HttpRequest, user: User) -> None:
    note_use(request, user, int(time.time()))


def sessions_of(user: User) -> list[SignInSession]:
    """Return the user's sessions that have not ended, the last used first."""
    idle_since = datetime.fromtimestamp(time.time() - settings.SESSION_IDLE_MINUTES * 60, tz=UTC)
    living = Session.objects.filter(expire_date__gt=datetime.now(tz=UTC)).values("session_key")
    rows = SignInSession.objects.filter(user=user, session_key__in=living, last_used_at__gt=idle_since)
    return list(rows.order_by("-last_used_at", "-started_at"))


def end_sessions(user: User, *, but: str | None = None, only: SignInSession | None = None) -> int:
    """End the user's sessions, or only one of them, and return how many. `but` is a session's key.

    Call it inside a transaction; the caller writes the audit event.
    """
    rows = SignInSession.objects.filter(user=user).exclude(session_key=but or "")
    if only is not None:
        rows = rows.filter(pk=only.pk)
    keys = list(rows.values_list("session_key", flat=True))
    Session.objects.filter(session_key__in=keys).delete()
    return rows.delete()[0]


def _forget_ended(user: User) -> None:
    """Remove what sessions that are over have left."""
    living = Session.objects.values("session_key")
    SignInSession.objects.filter(user=user).exclude(session_key__in=living).delete()
    Session.objects.filter(expire_date__lt=datetime.now(tz=UTC)).delete()


@on_revocation
def _end_sessions_of_deactivated(user: User, team: Team | None, at: datetime) -> None:
    """Django does not let a deactivated person in; this removes the sessions themselves."""
    del at
    if team is None:
        end_sessions(user)


@on_new_role
def _end_sessions_from_before(user: User, at: datetime, why: str, keep_session: str) -> None:
    """Somebody else may have begun the sessions of a person who gets a role outside teams, or a delegation."""
    if ended := end_sessions(user, but=keep_session):
        audit_event(
            AuditAction.SESSION_END,
            actor=None,
            at=at,
            subject=user.get_username(),
            subject_id=user.pk,
            ended=ended,
            why=why,
        )
