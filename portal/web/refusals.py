"""Writes to the audit log what signed-in users tried to change and were refused.

Every call that changes something and is answered with 403 or 404 is one event. So is one that a rule
refused: `answering` and the API note that error; a view that shows the sentence of `Refused` in its
form notes it with `note_refusal`. A GET changes nothing, and an outsider's GET is not written: people
could then fill the log by reading. Neither are anonymous attempts, except to sign in.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import Final
from uuid import UUID

from django.contrib.auth.models import AnonymousUser
from django.db import DatabaseError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse

from provisioning.errors import NotAllowed, NotFound, PortalError, Refused
from provisioning.lifecycle import clock
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.lifecycle.audit_context import printable
from provisioning.models import Environment, User

log = logging.getLogger(__name__)

LONGEST_REASON: Final = 300
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_ATTRIBUTE: Final = "noted_refusal"


def note_refusal(request: HttpRequest, error: PortalError) -> None:
    """Note what refused this request. The middleware writes it once the view is done.

    WrongState is not noted: the person may do this, and only came too late.
    """
    if isinstance(error, (Refused, NotAllowed, NotFound)):
        setattr(request, _ATTRIBUTE, error)


def write_refusal(request: HttpRequest, response: HttpResponse) -> None:
    """Write one event if the request was refused. Call it outside the view's transaction."""
    error: PortalError | None = getattr(request, _ATTRIBUTE, None)
    is_refused = error is not None or response.status_code in (HTTPStatus.FORBIDDEN, HTTPStatus.NOT_FOUND)
    user = getattr(request, "user", AnonymousUser())
    if request.method in _SAFE_METHODS or not is_refused or not isinstance(user, User):
        return
    match = request.resolver_match
    attempt = (match.view_name or "") if match else ""
    # The pattern of the address, because the address itself may contain the secret of an invitation.
    called = f"/{match.route}" if match else "an unknown address"
    subject_id = next((value for value in match.kwargs.values() if isinstance(value, (UUID, int))), "") if match else ""
    try:
        audit_event(
            AuditAction.ACCESS_REFUSE,
            actor=user,
            at=clock.now(),
            environment=_environment(subject_id),
            subject=f"{request.method} {called}",
            subject_id=subject_id,
            attempt=printable(attempt),
            status=response.status_code,
            reason=printable(error.sentence if error else response.reason_phrase, length=LONGEST_REASON),
        )
    except DatabaseError:
        # The person gets the answer anyway; a database that is away is seen by its own alarms.
        log.exception("A refusal could not be written to the audit log: %s %s", request.method, called)


def _environment(subject_id: object) -> Environment | None:
    """The environment that the call was about, so that its team sees who tried it."""
    if not isinstance(subject_id, UUID):
        return None
    return Environment.objects.filter(Q(pk=subject_id) | Q(requests=subject_id)).select_related("team").first()
