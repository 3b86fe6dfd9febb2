"""Approve or reject a pending request. An approval applies to one digest and expires.

The rules say how many people of which groups have to approve. Votes are in `votes.py`, questions
and answers in `questions.py`, delegations in `delegations.py`.
"""

from __future__ import annotations

from typing import Any

from provisioning.errors import Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may_decide
from provisioning.lifecycle.audit import AuditAction, audit
from provisioning.lifecycle.change_plan.currency import check_is_current
from provisioning.lifecycle.dangers import may_lose_data
from provisioning.lifecycle.kinds.record import ApprovalCheck
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.operations import open_operation
from provisioning.lifecycle.plan_document import from_json
from provisioning.lifecycle.rules import check_rules_of
from provisioning.lifecycle.services.preflight import check_findings_accepted, stored_report
from provisioning.lifecycle.services.requests import check_pending, withdraw_environment
from provisioning.lifecycle.services.votes import acting_for, cast_vote, missing_approvals
from provisioning.lifecycle.states import RequestState
from provisioning.lifecycle.team_resources import check_rights_of_environment
from provisioning.lifecycle.transitions import atomic_with, bump, change_state
from provisioning.models import Request, User


def approve_request(
    *,
    actor: User,
    request: Request,
    digest: str,
    note: str = "",
    accept_findings: bool = False,
    typed_name: str = "",
) -> Request:
    """Vote for the plan with this digest. The last vote that the rules ask for approves the request
    and starts its operation.

    Requesters never approve their own request. If the stored preflight report says that AWS would
    refuse the plan, `accept_findings` confirms that it is to start nevertheless. A plan that may
    replace or delete data is approved only with the environment's name in `typed_name`.

    Raises NotAllowed, WrongState if the request is not pending, has expired, has another plan than
    the one that was read or one that is out of date, if the actor has voted already, or if its
    environment cannot start it now, and Refused if an administrator has taken away a right of the
    team that the plan needs, if a rule refuses it, if findings are not accepted, or if the name is
    not the environment's.
    """
    seat = check_may_decide(actor, request)
    at = clock.now()
    _check_digest(request.plan.digest, read=digest)
    if request.state == RequestState.WAITING and request.expires_at is not None and request.expires_at <= at:
        raise WrongState("This request has expired without a decision. Ask its requester to send it again.")
    check_pending(request)
    check_is_current(request)
    check_name_is_typed(request, typed_name)
    if ApprovalCheck.ACCOUNT in kind_of(request.kind).approval_checks:
        check_rights_of_environment(request.environment, request.plan)
    approval = check_rules_of(request, at=at)
    if (report := stored_report(request.plan)) is not None:
        check_findings_accepted(report, accepted=accept_findings)
    with acting_for(actor, seat), atomic_with(request, request.environment):
        _lock(request)
        replaced = cast_vote(request=request, voter=actor, seat=seat.holder, comment=note, at=at)
        more: dict[str, Any] = {"replaced_votes": replaced} if replaced else {}
        missing = missing_approvals(request, approval)
        audit(
            AuditAction.REQUEST_VOTE if missing else AuditAction.REQUEST_APPROVE,
            actor=actor,
            environment=request.environment,
            at=at,
            request=str(request.pk),
            digest=digest,
            accepted_findings=len(report.blocking) if report is not None else 0,
            **more,
        )
        if missing:
            # The rules may ask other groups than when the request was sent: their members have to see it.
            request.approver_groups = sorted(approval.groups)
            request.save(update_fields=["approver_groups"])
            bump(request.environment_id)
            return request
        change_state(
            request,
            RequestState.APPROVED,
            at=at,
            actor=actor,
            reason=note,
            decided_by=actor,
            decided_at=at,
            decision_note=note,
            approved_digest=digest,
            expires_at=at + approval.valid_for,
            question_asked_at=None,
        )
        open_operation(request=request, at=at, actor=actor)
    return request


def _check_digest(planned: str, *, read: str) -> None:
    if planned != read:
        raise WrongState(
            "The plan differs from the one that you read. Read the plan again before you approve it.",
            expected=read,
            actual=planned,
        )


def _lock(request: Request) -> None:
    """Lock the request's row, so that its votes are counted one at a time. Raises WrongState if it was
    decided or planned again in the meantime.
    """
    rows = Request.objects.select_for_update(no_key=True, of=("self",)).filter(pk=request.pk)
    request.state, planned = rows.values_list("state", "plan__digest").get()
    check_pending(request)
    _check_digest(planned, read=request.plan.digest)


def check_name_is_typed(request: Request, typed_name: str) -> None:
    """Raise Refused unless the name was typed for a plan that may replace or delete data."""
    if not needs_typed_name(request):
        return
    name = request.environment.name
    if typed_name.strip() != name:
        typed = f"You typed “{typed_name.strip()[:64]}”. " if typed_name.strip() else ""
        raise Refused(f"{typed}This may replace or delete data. Type the environment's name, {name}, to approve it.")


def needs_typed_name(request: Request) -> bool:
    """Whether the plan may delete or replace data."""
    return may_lose_data(from_json(request.plan.content))


def reject_request(*, actor: User, request: Request, note: str) -> Request:
    """Reject a pending request, whatever others have voted. The requester reads the note, so it must
    not be empty.

    Raises NotAllowed, Refused and WrongState.
    """
    seat = check_may_decide(actor, request)
    if not note.strip():
        raise Refused("Enter a reason, so that the requester knows what to change.")
    at = clock.now()
    check_pending(request)
    with acting_for(actor, seat), atomic_with(request, request.environment):
        change_state(
            request,
            RequestState.REJECTED,
            at=at,
            actor=actor,
            reason=note,
            decided_by=actor,
            decided_at=at,
            decision_note=note,
            question_asked_at=None,
        )
        withdraw_environment(request, at=at, actor=actor, reason="The request was rejected.")
        audit(
            AuditAction.REQUEST_REJECT,
            actor=actor,
            environment=request.environment,
            at=at,
            request=str(request.pk),
            note=note,
        )
    return request
