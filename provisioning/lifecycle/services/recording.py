"""Persists a request with its environment, plan and first history rows.

Callers have already checked what the portal itself requires.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime

from provisioning.design.names import team_key
from provisioning.errors import Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may, check_may_use_account, people_behind
from provisioning.lifecycle.audit import audit
from provisioning.lifecycle.dangers import may_lose_data
from provisioning.lifecycle.kinds.create import CREATE
from provisioning.lifecycle.kinds.record import Kind
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.operations import open_operation
from provisioning.lifecycle.plan_document import CreatePlan, as_json, from_json
from provisioning.lifecycle.planning import PlanDraft, environment_id_for, places_of
from provisioning.lifecycle.preflight.report import PreflightReport
from provisioning.lifecycle.rules import ApprovalRule, check_rules, lock_quotas
from provisioning.lifecycle.states import EnvironmentState, RequestState
from provisioning.lifecycle.transitions import HANDED_OVER, record
from provisioning.models import Account, Artefact, BlueprintVersion, Environment, Plan, Request, Team, User


def file_create(
    *,
    actor: User,
    team: Team,
    name: str,
    account: Account,
    draft: PlanDraft[CreatePlan],
    version: BlueprintVersion,
    request_id: uuid.UUID,
    note: str = "",
    preflight: PreflightReport | None = None,
) -> Request:
    """Write the environment, its plan and its request, if the rules allow it. Call it inside a
    transaction.

    If no approval is needed, the sender has accepted the blocking findings of `preflight`. Raises
    Refused.
    """
    lock_quotas(team=team, actor=actor)
    if (sent := request_sent_before(request_id, actor=actor)) is not None:
        return sent
    document = draft.document
    # Again: now nobody can take the account away from the team.
    check_may_use_account(team, account, size=document.size, region=document.region)
    at = clock.now()
    verdict = check_rules(draft.facts, actor=actor, required=document.requires_approval)
    environment = Environment.objects.create(
        id=environment_id_for(request_id),
        team=team,
        name=name,
        blueprint_version=version,
        size=document.size,
        account=account,
        region=document.region,
        places=places_of(document),
        inputs=dict(document.inputs),
        tags=dict(document.tags),
        state=str(EnvironmentState.REQUESTED),
        state_changed_at=at,
        created_by=actor,
        created_at=at,
        generation=draft.generation,
        stack_role_arn=draft.stack_role_arn,
        team_key=team_key(team.slug),
        expires_at=verdict.lifetime.ends_at(at) if verdict.lifetime is not None else None,
    )
    check_may(actor, team, CREATE.permission)  # again: now nobody can delete the team or remove the member
    record(environment, "", EnvironmentState.REQUESTED, at=at, actor=actor)
    # Stored with the plan, because the blueprint's folder may contain other packages when the plan
    # runs.
    Artefact.objects.bulk_create(
        [
            Artefact(sha256=sha256, body=body, size=len(body), stored_at=at)
            for sha256, body in sorted(draft.artefacts.items())
        ],
        ignore_conflicts=True,
    )
    plan = Plan.objects.create(
        environment=environment,
        digest=draft.digest,
        content=as_json(document),
        diagram=draft.diagram.as_json(),
        proof=draft.proof.as_json(),
        timeline=draft.timeline.as_json(),
        preflight=preflight.as_json() if preflight is not None else {},
        external_names=[asdict(name) for name in draft.external_names],
        created_at=at,
    )
    return file_request(
        actor=actor,
        environment=environment,
        plan=plan,
        kind=CREATE,
        approval=verdict.approval,
        request_id=request_id,
        note=note,
        accepted_findings=len(preflight.blocking) if preflight is not None and not draft.requires_approval else 0,
        at=at,
    )


def file_request(
    *,
    actor: User,
    environment: Environment,
    plan: Plan,
    kind: Kind,
    approval: ApprovalRule,
    at: datetime,
    request_id: uuid.UUID | None = None,
    note: str = "",
    accepted_findings: int = 0,
) -> Request:
    """Write a request that the rules allow.

    It is pending approval, or approved at once if it needs none. `accepted_findings` is the number
    of preflight findings that the actor accepted, for the audit event.
    """
    requires_approval = approval.requires_approval
    state = RequestState.WAITING if requires_approval else RequestState.APPROVED
    request = Request.objects.create(
        id=request_id or uuid.uuid4(),
        kind=kind.key,
        environment=environment,
        plan=plan,
        state=str(state),
        state_changed_at=at,
        requested_by=actor,
        requested_at=at,
        note=note,
        approved_digest="" if requires_approval else plan.digest,
        expires_at=at + (approval.pending_for if requires_approval else approval.valid_for),
        approver_groups=sorted(approval.groups),
        is_dangerous=may_lose_data(from_json(plan.content)),
        earlier_requesters=people_behind(actor),
    )
    rule = "" if requires_approval else f"Size {environment.size} needs no approval."
    record(request, "", state, at=at, actor=actor, reason=rule)
    audit(
        kind.audit_action,
        actor=actor,
        environment=environment,
        at=at,
        request=str(request.pk),
        digest=plan.digest,
        accepted_findings=accepted_findings,
    )
    if not requires_approval:
        open_operation(request=request, at=at, actor=actor)
    return request


def request_sent_before(
    request_id: uuid.UUID, *, actor: User, environment: Environment | None = None
) -> Request | None:
    """The request that this actor sent with the same id, as after a double click; None if there is
    none.

    Raises Refused if the id belongs to another user's request, or to one for another environment
    than `environment`.
    """
    request = Request.objects.filter(pk=request_id).select_related("environment", "plan").first()
    if request is None:
        return None
    if request.requested_by_id != actor.pk:
        raise Refused("This form was already sent by someone else. Open a new form.")
    if environment is not None and request.environment_id != environment.pk:
        raise Refused("This form was already sent for another environment. Open a new form.")
    return request


def lock(environment: Environment) -> None:
    """Lock the environment's row and read its state again, so that its requests are checked and
    written one at a time. Call it inside a transaction.

    Raises WrongState if it was handed over to another team since it was read.
    """
    rows = Environment.objects.select_for_update().filter(pk=environment.pk)
    environment.state, team_id = rows.values_list("state", "team_id").get()
    if team_id != environment.team_id:
        raise WrongState(HANDED_OVER)


def why_not_requested(kind: Kind, environment: Environment) -> str:
    """Why this kind cannot be requested for the environment now, as a sentence; empty if it can."""
    return why_not_possible(kind, environment) or why_undecided(environment, kind)


def why_not_possible(kind: Kind, environment: Environment) -> str:
    """Why the environment as it is accepts no request of this kind, as a sentence; empty if it does."""
    state = EnvironmentState(environment.state)
    if state not in kind.starts_from:
        label = state.label.lower()
        return f"The environment is “{label}”. It can be {kind.words.participle} when that has ended."
    if environment.is_adopted and not kind.accepts_adopted:
        return f"An adopted stack is only watched. It cannot be {kind.words.participle} here."
    return ""


def why_undecided(environment: Environment, kind: Kind) -> str:
    """Why nothing of this kind can be requested now: another request is undecided, and what this one
    would do depends on it. Empty if there is none.
    """
    return why_waiting(kind, undecided_kinds(environment))


def undecided_kinds(environment: Environment) -> list[Kind]:
    """The kinds of the environment's requests on which nobody has decided, the oldest first."""
    undecided = (RequestState.PLANNING, RequestState.WAITING)
    requests = Request.objects.filter(environment=environment, state__in=undecided).order_by("requested_at")
    return [kind_of(key) for key in requests.values_list("kind", flat=True)]


def why_waiting(kind: Kind, undecided: Sequence[Kind]) -> str:
    """Why a request of this kind has to wait until these are decided on, as a sentence; empty if it
    does not. A request that removes the environment waits only for one that does as well: with the
    environment, what the others would change ends too.
    """
    for other in undecided:
        if other.removes_environment or not kind.removes_environment:
            return f"{other.words.pending} It has to be decided on or withdrawn first."
    return ""
