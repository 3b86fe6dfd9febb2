"""A person changes their own password."""

from __future__ import annotations

from typing import Final

from django.contrib.auth import update_session_auth_hash
from django.db import transaction
from django.http import HttpRequest
from django.views.decorators.debug import sensitive_variables

from portal.identity.sessions import end_sessions, mark_authenticated, note_use_now
from portal.web.lookups import person
from provisioning.lifecycle import clock
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.services.former_access import is_own_after_change

HELP_FOR_NEW: Final = (
    "At least 12 characters. Not a common password, none from a data breach, and nothing like your name."
)


@sensitive_variables("password")
def change_password(request: HttpRequest, password: str) -> int:
    """Set the password, which the form has checked, and end all other sessions of the person. Returns
    how many there were.

    Django changes the key of this session, and lets no session with the former password in.
    """
    user = person(request)
    with transaction.atomic():
        user.set_password(password)
        user.password_from_link = not is_own_after_change(user)
        user.save(update_fields=["password", "password_from_link"])
        ended = end_sessions(user, but=request.session.session_key)
        end_sessions(user)
        update_session_auth_hash(request, user)
        mark_authenticated(request.session)
        request.session.save()
        note_use_now(request, user)
        audit_event(
            AuditAction.PASSWORD_CHANGE,
            actor=user,
            at=clock.now(),
            subject=user.get_username(),
            subject_id=user.pk,
            sessions_ended=ended,
        )
    return ended
