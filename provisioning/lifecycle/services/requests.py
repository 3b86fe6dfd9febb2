"""Request an environment, withdraw a request, and expire it. Approvals are in `approvals.py`.

Each service writes its history and its audit event in the same transaction as the change.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import datetime

import psycopg
from django.db import IntegrityError, transaction

from provisioning.blueprint import Blueprint
from provisioning.errors import Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may
from provisioning.lifecycle.audit import AuditAction, audit
from provisioning.lifecycle.kinds.create import CREATE
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.plan_checks import GENERATION_IS_TAKEN, name_is_taken
from provisioning.lifecycle.planning import draft_create
from provisioning.lifecycle.preflight.report import PreflightReport
from provisioning.lifecycle.services.preflight import check_findings_accepted, report_for_draft
from provisioning.lifecycle.services.recording import file_create, request_sent_before
from provisioning.lifecycle.states import EnvironmentState, RequestState
from provisioning.lifecycle.transitions import atomic_with, change_state
from provisioning.lifecycle.version_registry import pin_version
from provisioning.models import Account, Request, Team, User


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
    tags: Mapping[str, str] | None = None,
    output_parameters: bool = False,
    expected_digest: str | None = None,
    request_id: uuid.UUID | None = None,
    note: str = "",
    accept_findings: bool = False,
    preflight: PreflightReport | None = None,
) -> Request:
    """Request an environment. If its size needs no approval, the operation starts at once.
    `output_parameters` also writes its outputs as SSM parameters.

    The request stores `preflight`, the report on exactly this plan that its sender saw; by default,
    this process's latest. If it says that AWS would refuse the plan, an operation that would start
    at once does so only with `accept_findings`.

    A repeated `request_id` of the same actor returns the existing request, so a double click
    creates one environment. Raises NotAllowed, Refused, WrongState (the plan differs from the one
    that was shown) and the blueprint's errors.
    """
    check_may(actor, team, CREATE.permission)
    request_id = request_id or uuid.uuid4()
    if (sent := request_sent_before(request_id, actor=actor)) is not None:
        return sent
    draft = draft_create(
        actor=actor,
        team=team,
        name=name,
        blueprint=blueprint,
        size=size,
        inputs=inputs,
        account=account,
        region=region,
        tags=tags,
        request_id=request_id,
        output_parameters=output_parameters,
    )
    if expected_digest is not None and expected_digest != draft.digest:
        raise WrongState(
            "The plan has changed since it was shown. Read the new plan, then send the request again.",
            expected=expected_digest,
            actual=draft.digest,
        )
    report = preflight or report_for_draft(draft, account)
    if report is not None and not draft.requires_approval:
        check_findings_accepted(report, accepted=accept_findings)
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
                preflight=report,
            )
    except IntegrityError as error:
        if (sent := request_sent_before(request_id, actor=actor)) is not None:
            return sent
        cause = error.__cause__
        match cause.diag.constraint_name if isinstance(cause, psycopg.Error) else None:
            case "environment_name_once_in_team":
                raise Refused(name_is_taken(name, team=team, account=account, region=region)) from error
            case "environment_generation_once":
                raise Refused(GENERATION_IS_TAKEN) from error
        raise  # a portal error, which another name would not fix


def withdraw_request(*, actor: User, request: Request) -> Request:
    """Withdraw a pending request.

    Any member of the team may do so. Raises NotAllowed and WrongState.
    """
    check_may(actor, request.environment.team, kind_of(request.kind).permission)
    check_pending(request)
    at = clock.now()
    with atomic_with(request, request.environment):
        change_state(request, RequestState.WITHDRAWN, at=at, actor=actor, question_asked_at=None)
        withdraw_environment(request, at=at, actor=actor, reason="The request was withdrawn.")
        audit(
            AuditAction.REQUEST_WITHDRAW,
            actor=actor,
            environment=request.environment,
            at=at,
            request=str(request.pk),
        )
    return request


def expire_request(*, request: Request, at: datetime, actor: User | None = None) -> Request:
    """Expire a request that was not decided in time.

    The reconciler calls this, without an actor.
    """
    days = (request.expires_at - request.requested_at).days if request.expires_at is not None else 0
    reason = f"Nobody decided within {days} {'day' if days == 1 else 'days'}."
    with atomic_with(request, request.environment):
        change_state(request, RequestState.EXPIRED, at=at, actor=actor, reason=reason, question_asked_at=None)
        withdraw_environment(request, at=at, actor=actor, reason=reason)
        audit(AuditAction.REQUEST_EXPIRE, actor=actor, environment=request.environment, at=at, request=str(request.pk))
    return request


def check_pending(request: Request) -> None:
    """Raises WrongState unless the request is pending approval."""
    if request.state != RequestState.WAITING:
        label = RequestState(request.state).label.lower()
        raise WrongState(f"This request is no longer pending approval: it is “{label}”.")


def withdraw_environment(request: Request, *, at: datetime, actor: User | None, reason: str) -> None:
    """Withdraw, with its request, an environment that never began.

    An existing environment is not changed.
    """
    if kind_of(request.kind).starts_environment:
        change_state(request.environment, EnvironmentState.WITHDRAWN, at=at, actor=actor, reason=reason)
