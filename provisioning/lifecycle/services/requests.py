"""Asking for an environment, and deciding on it. Each service writes its history and its audit event with the change."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import psycopg
from django.conf import settings
from django.db import IntegrityError, transaction

from provisioning.blueprint import Blueprint
from provisioning.errors import NotAllowed, Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import may_decide, may_operate
from provisioning.lifecycle.audit import audit
from provisioning.lifecycle.catalogue import pin_version
from provisioning.lifecycle.operations import open_operation
from provisioning.lifecycle.planning import PlanDraft, draft_create, name_is_taken
from provisioning.lifecycle.services.recording import expires, file_create
from provisioning.lifecycle.services.retry import Action, actions_for, try_again
from provisioning.lifecycle.services.teardown import Line, TeardownPreview, preview_teardown, request_teardown
from provisioning.lifecycle.states import EnvironmentState, RequestState
from provisioning.lifecycle.transitions import change_state
from provisioning.models import Account, Request, RequestKind, Team, User

# Everything that pages and API ask for, from one place.
__all__ = [
    "Action",
    "Line",
    "TeardownPreview",
    "actions_for",
    "approve_request",
    "expire_request",
    "preview_teardown",
    "refuse_request",
    "request_environment",
    "request_teardown",
    "try_again",
    "withdraw_request",
]


def request_environment(
    *,
    actor: User,
    team: Team,
    name: str,
    blueprint: Blueprint,
    size: str,
    inputs: Mapping[str, object],
    account: Account,
    region: str,
    expected_digest: str | None = None,
    request_id: uuid.UUID | None = None,
    note: str = "",
) -> Request:
    """Ask for an environment. Where the size needs no approval it starts at once.

    The same `request_id` from the same person gives the request that exists: a double click makes one environment.
    Raises NotAllowed, Refused, WrongState (the plan is no longer the one that was shown) and the blueprint's errors.
    """
    if not may_operate(actor, team):
        raise NotAllowed(f"Only members of {team.name} ask for its environments.")
    request_id = request_id or uuid.uuid4()
    if (known := _asked_before(request_id, actor)) is not None:
        return known
    draft = draft_create(
        team=team,
        name=name,
        blueprint=blueprint,
        size=size,
        inputs=inputs,
        account=account,
        region=region,
        request_id=request_id,
    )
    _check_shown(expected_digest, draft)
    try:
        with transaction.atomic():
            version = pin_version(blueprint)
            return file_create(
                actor=actor,
                team=team,
                name=name,
                account=account,
                draft=draft,
                version=version,
                request_id=request_id,
                note=note,
            )
    except IntegrityError as error:
        if (known := _asked_before(request_id, actor)) is not None:
            return known
        if not _is_about(error, "environment_name_once"):
            raise  # a mistake of ours, which no other name would mend
        raise Refused(name_is_taken(name, account=account, region=region)) from error


def _check_shown(expected_digest: str | None, draft: PlanDraft) -> None:
    if expected_digest is not None and expected_digest != draft.digest:
        raise WrongState(
            "The plan has changed since it was shown. Look at the new one and send it again.",
            expected=expected_digest,
            actual=draft.digest,
        )


def _is_about(error: IntegrityError, constraint: str) -> bool:
    """Whether it was this constraint that PostgreSQL found broken."""
    cause = error.__cause__
    return isinstance(cause, psycopg.Error) and cause.diag.constraint_name == constraint


def _asked_before(request_id: uuid.UUID, actor: User) -> Request | None:
    request = Request.objects.filter(pk=request_id).select_related("environment", "plan").first()
    if request is not None and request.requested_by_id != actor.pk:
        raise Refused("This form was sent by somebody else already; open a new one.")
    return request


@transaction.atomic
def approve_request(*, actor: User, request: Request, digest: str, note: str = "") -> Request:
    """Approve the plan of this digest and start it. The requester never approves, whatever rights they have."""
    _check_may_decide(actor, request)
    at = clock.now()
    if request.plan.digest != digest:
        raise WrongState(
            "This is not the plan that was looked at. Read the plan again before approving it.",
            expected=digest,
            actual=request.plan.digest,
        )
    if request.state == RequestState.WAITING and request.expires_at is not None and request.expires_at <= at:
        raise WrongState("This request has waited too long and has expired. Ask its requester to send it again.")
    _decide(
        request, RequestState.APPROVED, actor=actor, note=note, at=at, approved_digest=digest, expires_at=expires(at)
    )
    audit(
        "request:approve", actor=actor, environment=request.environment, at=at, request=str(request.pk), digest=digest
    )
    open_operation(request, at=at, actor=actor)
    return request


@transaction.atomic
def refuse_request(*, actor: User, request: Request, note: str) -> Request:
    """Refuse, and say why: the note is what the requester reads."""
    _check_may_decide(actor, request)
    if not note.strip():
        raise Refused("Say why it is refused, so that the requester knows what to change.")
    at = clock.now()
    _decide(request, RequestState.REFUSED, actor=actor, note=note, at=at)
    _withdraw_environment(request, at=at, actor=actor, reason="The request was refused.")
    audit("request:refuse", actor=actor, environment=request.environment, at=at, request=str(request.pk), note=note)
    return request


@transaction.atomic
def withdraw_request(*, actor: User, request: Request) -> Request:
    """Take back a request that still waits; any member of the team may."""
    if not may_operate(actor, request.environment.team):
        raise NotAllowed("Only members of the team withdraw its requests.")
    _check_waiting(request)
    at = clock.now()
    change_state(request, RequestState.WITHDRAWN, at=at, actor=actor)
    _withdraw_environment(request, at=at, actor=actor, reason="The request was withdrawn.")
    audit("request:withdraw", actor=actor, environment=request.environment, at=at, request=str(request.pk))
    return request


@transaction.atomic
def expire_request(request: Request, *, at: datetime) -> None:
    """End a request that waited too long; the reconciler's part."""
    reason = f"Nobody decided within {settings.APPROVAL_VALID_DAYS} days."
    change_state(request, RequestState.EXPIRED, at=at, reason=reason)
    _withdraw_environment(request, at=at, actor=None, reason=reason)
    audit("request:expire", actor=None, environment=request.environment, at=at, request=str(request.pk))


def _check_may_decide(actor: User, request: Request) -> None:
    if not actor.is_approver:
        raise NotAllowed("Only approvers decide on requests.")
    if not may_decide(actor, request):
        raise NotAllowed("Nobody decides on a request of their own; another approver has to.")


def _check_waiting(request: Request) -> None:
    if request.state != RequestState.WAITING:
        label = RequestState(request.state).label.lower()
        raise WrongState(f"This request no longer waits for a decision: it is “{label}”.")


def _decide(request: Request, to: RequestState, *, actor: User, note: str, at: datetime, **fields: Any) -> None:
    _check_waiting(request)
    change_state(
        request, to, at=at, actor=actor, reason=note, decided_by=actor, decided_at=at, decision_note=note, **fields
    )


def _withdraw_environment(request: Request, *, at: datetime, actor: User | None, reason: str) -> None:
    """An environment that never began goes with its request; one that runs is left as it is."""
    if request.kind == RequestKind.CREATE:
        change_state(request.environment, EnvironmentState.WITHDRAWN, at=at, actor=actor, reason=reason)
