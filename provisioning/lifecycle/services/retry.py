"""Start another attempt at a request that failed."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from provisioning.errors import WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may, check_may_operate
from provisioning.lifecycle.audit import AuditAction, audit
from provisioning.lifecycle.kinds.registry import kind_of, kinds_failing_in
from provisioning.lifecycle.operations import open_operation
from provisioning.lifecycle.rules import ApprovalRule, check_rules_of, lock_quotas
from provisioning.lifecycle.services.recording import lock, why_undecided
from provisioning.lifecycle.services.votes import missing_approvals
from provisioning.lifecycle.states import EnvironmentState, RequestState
from provisioning.lifecycle.transitions import atomic_with, change_state
from provisioning.models import Environment, Operation, Request, User

ATTEMPTS: Final = 10
"""How often one approval may be carried out. Someone should look at the cause before an eleventh."""
_NEVER_BEGUN: Final = (RequestState.PLANNING, RequestState.WAITING, RequestState.REJECTED, RequestState.WITHDRAWN)


def retry_operation(*, actor: User, environment: Environment) -> Operation:
    """Start another attempt at the request that failed.

    What exists in AWS decides the first step, not the old attempt.

    Raises NotAllowed, WrongState if there is nothing to retry, if its approval has expired, or if it
    was attempted too often, and RefusedByRules if the rules of now refuse it.
    """
    check_may_operate(actor, environment.team)
    at = clock.now()
    if (why_not := why_not_retry(environment, at=at)) != "":
        raise WrongState(why_not)
    request = request_to_retry(environment)
    if request is None:
        raise WrongState("There is nothing to retry.")
    check_may(actor, environment.team, kind_of(request.kind).permission)
    request.environment = environment
    with atomic_with(request, environment):
        lock_quotas(team=environment.team, actor=actor)  # a failed change of size has lost its place
        lock(environment)  # before its requests, as a hand-over does
        approval = check_rules_of(request, at=at)
        if approval.requires_approval and not _is_approved(request, approval):
            words = kind_of(request.kind).words
            raise WrongState(f"The rules ask for more approvals now than this request has. {words.again}")
        change_state(request, RequestState.APPROVED, at=at, actor=actor, reason="Retried.")
        operation = open_operation(request=request, at=at, actor=actor)
        audit(AuditAction.OPERATION_RETRY, actor=actor, environment=environment, at=at, operation=str(operation.pk))
    return operation


def _is_approved(request: Request, approval: ApprovalRule) -> bool:
    """Whether the request has the approvals that the rules ask for now. One that somebody approved
    before votes were kept is approved.
    """
    if request.decided_by_id is not None and not request.votes.exists():
        return True
    return not missing_approvals(request, approval)


def request_to_retry(environment: Environment) -> Request | None:
    """The newest request whose operation left the environment in its failed state."""
    failing = [kind.key for kind in kinds_failing_in(environment.state)]
    return (
        Request.objects.filter(environment=environment, kind__in=failing)
        .exclude(state__in=_NEVER_BEGUN)
        .select_related("plan")
        .order_by("-requested_at")
        .first()
    )


def why_not_retry(environment: Environment, *, at: datetime) -> str:
    """Why the environment cannot be retried now, as a sentence; empty if it can."""
    state = EnvironmentState(environment.state)
    request = request_to_retry(environment) if kinds_failing_in(state) else None
    if request is None:
        return f"There is nothing to retry: the environment is “{state.label.lower()}”."
    words = kind_of(request.kind).words
    if request.state == RequestState.CANCELLED:
        return f"The {words.noun.lower()} was cancelled. {words.again}"
    if request.state == RequestState.EXPIRED or (request.expires_at is not None and request.expires_at <= at):
        return words.expired
    if request.state != RequestState.FAILED:
        return f"The request is “{RequestState(request.state).label.lower()}”."
    if Operation.objects.filter(request=request).count() >= ATTEMPTS:
        return f"It has failed {ATTEMPTS} times. Fix the cause first. {words.again}"
    return why_undecided(environment, kind_of(request.kind))
