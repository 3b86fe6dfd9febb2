"""Writing down a wish: environment, plan and request, with their history. The services that call this have checked the rules."""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings

from provisioning.lifecycle import clock
from provisioning.lifecycle.audit import audit
from provisioning.lifecycle.operations import open_operation
from provisioning.lifecycle.planning import PlanDraft, environment_id_for, places_of
from provisioning.lifecycle.states import EnvironmentState, RequestState
from provisioning.lifecycle.transitions import record
from provisioning.models import Account, Artefact, BlueprintVersion, Environment, Plan, Request, RequestKind, Team, User


def file_create(
    *,
    actor: User,
    team: Team,
    name: str,
    account: Account,
    draft: PlanDraft,
    version: BlueprintVersion,
    request_id: uuid.UUID,
    note: str = "",
) -> Request:
    """Write the environment, its plan and its request; call it inside a transaction."""
    at = clock.now()
    content = draft.content
    environment = Environment.objects.create(
        id=environment_id_for(request_id),
        team=team,
        name=name,
        blueprint_version=version,
        size=content["size"],
        account=account,
        region=content["region"],
        places=places_of(content),
        inputs=content["inputs"],
        state=str(EnvironmentState.REQUESTED),
        state_changed_at=at,
        created_by=actor,
        created_at=at,
    )
    record(environment, "", EnvironmentState.REQUESTED, at=at, actor=actor)
    _store(draft, at=at)
    plan = Plan.objects.create(
        environment=environment,
        digest=draft.digest,
        content=content,
        picture=draft.picture,
        proof=draft.proof,
        timeline=draft.timeline,
        created_at=at,
    )
    return file_request(
        actor=actor,
        environment=environment,
        plan=plan,
        kind=RequestKind.CREATE,
        requires_approval=draft.requires_approval,
        request_id=request_id,
        note=note,
        at=at,
    )


def _store(draft: PlanDraft, *, at: datetime) -> None:
    """Keep the packages that the plan names: the blueprint's folder may hold others when it is carried out."""
    Artefact.objects.bulk_create(
        [
            Artefact(sha256=sha256, body=body, size=len(body), stored_at=at)
            for sha256, body in sorted(draft.artefacts.items())
        ],
        ignore_conflicts=True,
    )


def file_request(
    *,
    actor: User,
    environment: Environment,
    plan: Plan,
    kind: RequestKind,
    requires_approval: bool,
    at: datetime,
    request_id: uuid.UUID | None = None,
    note: str = "",
) -> Request:
    """Write a request that waits, or that its size's rule approves at once."""
    state = RequestState.WAITING if requires_approval else RequestState.APPROVED
    request = Request.objects.create(
        id=request_id or uuid.uuid4(),
        kind=kind,
        environment=environment,
        plan=plan,
        state=str(state),
        state_changed_at=at,
        requested_by=actor,
        requested_at=at,
        note=note,
        approved_digest="" if requires_approval else plan.digest,
        expires_at=expires(at),
    )
    rule = "" if requires_approval else f"Size {environment.size} needs no approval."
    record(request, "", state, at=at, actor=actor, reason=rule)
    audit(f"request:{kind}", actor=actor, environment=environment, at=at, request=str(request.pk), digest=plan.digest)
    if not requires_approval:
        open_operation(request, at=at, actor=actor)
    return request


def expires(at: datetime) -> datetime:
    """An approval, and the wait for one, are worth nothing after this."""
    return at + timedelta(days=settings.APPROVAL_VALID_DAYS)
