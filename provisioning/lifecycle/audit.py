"""The audit log: who did what, kept for good. Services write to it in their own transaction."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, Self

from provisioning.lifecycle.states import OperationState
from provisioning.models import Account, AuditEvent, Environment, Team, User


class AuditAction(StrEnum):
    """What an audit event reports, as `noun:verb`. The values are stored and never change."""

    meaning: str

    def __new__(cls, value: str, meaning: str) -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.meaning = meaning
        return member

    REQUEST_CREATE = "request:create", "A member requested a new environment."
    REQUEST_CHANGE = "request:change", "A member requested a change of an environment."
    REQUEST_ADOPT = "request:adopt", "A member requested the adoption of an existing stack."
    REQUEST_PUT_BACK = "request:put_back", "A member requested to put an environment back as designed."
    REQUEST_RECOVER = "request:recover", "A member requested the recovery of an environment."
    REQUEST_TEARDOWN = "request:teardown", "A member requested the teardown of an environment."
    REQUEST_APPROVE = "request:approve", "An approver approved the plan of a request."
    REQUEST_REJECT = "request:refuse", "An approver rejected a request."
    REQUEST_WITHDRAW = "request:withdraw", "A member withdrew a pending request."
    REQUEST_EXPIRE = "request:expire", "A pending request expired; there is no actor."
    DRIFT_CHECK = "drift:check", "A member asked for a drift detection."
    DRIFT_ACCEPT = "drift:accept", "A member accepted the drift that a report shows."
    OPERATION_RETRY = "operation:try_again", "A member started another attempt at a failed request."
    OPERATION_CANCEL_REQUEST = "operation:cancel", "A member asked to cancel an operation."
    OPERATION_STOP_WATCHING = "operation:stop_watching", "A member ended an operation that only watched."
    OPERATION_SUCCEED = "operation:succeeded", "An operation ended as planned; there is no actor."
    OPERATION_REFUSE = "operation:refused", "A rule stopped an operation; there is no actor."
    OPERATION_FAIL = "operation:failed", "AWS rejected a step of an operation; there is no actor."
    OPERATION_ERROR = "operation:errored", "A portal error ended an operation; there is no actor."
    OPERATION_ABANDON = "operation:abandoned", "An operation lost its worker too often; there is no actor."
    OPERATION_CANCEL = "operation:cancelled", "An operation was cancelled; there is no actor."
    ACCOUNT_TEST = "account:test", "An administrator tested the connection to an account; a command has no actor."
    PERSON_CHANGE = "person:change", "An administrator added, changed or deleted a person, or their rights."
    TEAM_CHANGE = "team:change", "An administrator added, changed or deleted a team, or its members."
    ACCOUNT_CHANGE = "account:change", "An administrator added, changed or deleted an account, or its teams."
    ACCOUNT_TEAM_CHANGE = "account_team:change", "An administrator changed what a team may use in an account."


OPERATION_ENDS: Final = {
    OperationState.SUCCEEDED: AuditAction.OPERATION_SUCCEED,
    OperationState.REFUSED: AuditAction.OPERATION_REFUSE,
    OperationState.FAILED: AuditAction.OPERATION_FAIL,
    OperationState.ERRORED: AuditAction.OPERATION_ERROR,
    OperationState.ABANDONED: AuditAction.OPERATION_ABANDON,
    OperationState.CANCELLED: AuditAction.OPERATION_CANCEL,
}


def audit(action: AuditAction, *, actor: User | None, environment: Environment, at: datetime, **detail: Any) -> None:
    """Write one event. Call it inside the transaction of the change that it reports."""
    AuditEvent.objects.create(
        at=at, actor=actor, team_id=environment.team_id, environment=environment, action=str(action), detail=detail
    )


def audit_event(
    action: AuditAction,
    *,
    actor: User | None,
    at: datetime,
    team: Team | None = None,
    environment: Environment | None = None,
    subject: str = "",
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    **detail: Any,
) -> None:
    """Write one event that need not belong to an environment. `subject` names what it is about, as
    people read it: "token deploys". `before` and `after` hold the fields that changed.

    Call it inside the transaction of the change that it reports.
    """
    if environment is not None and team is None:
        team = environment.team
    changed = {name: value for name, value in (("before", before), ("after", after)) if value is not None}
    named = {"subject": subject} if subject else {}
    AuditEvent.objects.create(
        at=at,
        actor=actor,
        team=team,
        environment=environment,
        action=str(action),
        detail={**named, **changed, **detail},
    )


def audit_account(action: AuditAction, *, actor: User | None, account: Account, at: datetime, **detail: Any) -> None:
    """Write one event about an account, which belongs to no team."""
    AuditEvent.objects.create(at=at, actor=actor, action=str(action), detail={"account": account.name, **detail})


def audit_administration(action: AuditAction, *, actor: User, at: datetime, **detail: Any) -> None:
    """Write one event about people, teams or accounts, which belong to no environment."""
    AuditEvent.objects.create(at=at, actor=actor, action=str(action), detail=detail)
