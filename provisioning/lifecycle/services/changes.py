"""Requests changes of environments.

A change is requested before AWS has planned it: the request is `planning` until the operation `plan`
has read the change sets. Then it is pending approval, approved, or done because there is nothing to
do. No service calls AWS.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import asdict

from django.db import transaction

from provisioning.blueprint import Blueprint
from provisioning.errors import Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may, identities_of, people_behind
from provisioning.lifecycle.audit import audit
from provisioning.lifecycle.change_plan.drafting import draft_change
from provisioning.lifecycle.kinds.change import CHANGE, PLAN
from provisioning.lifecycle.kinds.record import Kind
from provisioning.lifecycle.operations import open_operation
from provisioning.lifecycle.plan_document import ChangePlan, as_json, digest_of, from_json
from provisioning.lifecycle.plan_queries import current_document, current_plan_digest
from provisioning.lifecycle.planning import PlanDraft
from provisioning.lifecycle.read.versions import blueprint_of
from provisioning.lifecycle.rules import Facts, check_rules, lock_quotas
from provisioning.lifecycle.services.recording import lock, request_sent_before, why_not_requested
from provisioning.lifecycle.services.requests import withdraw_request
from provisioning.lifecycle.states import RequestState
from provisioning.lifecycle.transitions import record
from provisioning.lifecycle.version_registry import pin_version
from provisioning.models import Artefact, Environment, Plan, Request, Stack, User


def preview_change(
    *,
    actor: User,
    environment: Environment,
    blueprint: Blueprint,
    size: str,
    inputs: Mapping[str, object],
    request_id: uuid.UUID,
    tags: Mapping[str, str] | None = None,
    output_parameters: bool | None = None,
) -> PlanDraft[ChangePlan]:
    """Plan a change as far as the portal can without AWS. Nothing is written. Without `tags`, the
    environment keeps those it has.

    Raises NotAllowed, Refused and the blueprint's errors.
    """
    check_may(actor, environment.team, CHANGE.permission)
    return draft_change(
        actor=actor,
        environment=environment,
        current=current_document(environment),
        current_digest=current_plan_digest(environment),
        blueprint=blueprint,
        size=size,
        inputs=inputs,
        request_id=request_id,
        tags=tags,
        output_parameters=output_parameters,
    )


def request_change(
    *,
    actor: User,
    environment: Environment,
    blueprint: Blueprint,
    size: str,
    inputs: Mapping[str, object],
    tags: Mapping[str, str] | None = None,
    output_parameters: bool | None = None,
    request_id: uuid.UUID | None = None,
    note: str = "",
) -> Request:
    """Request another size, other inputs, tags or another version. AWS plans the change first.
    Without `tags`, the environment keeps those it has.

    `output_parameters` switches the SSM parameters of the outputs on or off; None keeps them as they
    are.

    A repeated `request_id` of the same actor returns the existing request. Raises NotAllowed,
    Refused, WrongState (an operation is running, or another change is pending) and the blueprint's
    errors.
    """
    check_may(actor, environment.team, CHANGE.permission)
    request_id = request_id or uuid.uuid4()
    if (sent := request_sent_before(request_id, actor=actor, environment=environment)) is not None:
        return sent
    check_may_be_changed(environment, CHANGE)
    draft = preview_change(
        actor=actor,
        environment=environment,
        blueprint=blueprint,
        size=size,
        inputs=inputs,
        tags=tags,
        request_id=request_id,
        output_parameters=output_parameters,
    )
    with transaction.atomic():
        pin_version(blueprint)
        return file_change(
            actor=actor, environment=environment, draft=draft, kind=CHANGE, request_id=request_id, note=note
        )


def plan_again(*, actor: User, request: Request, request_id: uuid.UUID | None = None) -> Request:
    """Request the same change again, after its plan was found to be out of date or has failed.

    Raises what `request_change` raises, and WrongState for a request that is still open.
    """
    environment = request.environment
    check_may(actor, environment.team, CHANGE.permission)
    document = from_json(request.plan.content)
    if not isinstance(document, ChangePlan) or document.reverts_drift:
        raise Refused("Only a change can be planned again.")
    if request.state in (RequestState.PLANNING, RequestState.APPROVED):
        raise WrongState("This request is still open. Wait until it has ended, or cancel it.")
    pinned = document.blueprint
    with transaction.atomic():
        lock_quotas(team=environment.team, actor=actor)  # before the withdrawal locks the environment
        if request.state == RequestState.WAITING:  # one request at a time: the new one takes its place
            withdraw_request(actor=actor, request=request)
        planned = request_change(
            actor=actor,
            environment=environment,
            blueprint=blueprint_of(pinned.slug, pinned.version, digest=pinned.digest),
            size=document.size,
            inputs=document.inputs,
            tags=document.tags,
            output_parameters=document.has_output_parameters,
            request_id=request_id,
            note=request.note,
        )
        planned.earlier_requesters = sorted(
            {*planned.earlier_requesters, *request.earlier_requesters, *identities_of(request.requested_by)}
        )
        planned.save(update_fields=["earlier_requesters"])
    return planned


def file_change(
    *,
    actor: User,
    environment: Environment,
    draft: PlanDraft[ChangePlan],
    kind: Kind,
    request_id: uuid.UUID,
    note: str = "",
) -> Request:
    """Write a request in PLANNING with its plan, and open the operation that lets AWS plan it.

    Call it inside a transaction, after the portal's own rules were checked. Raises RefusedByRules.
    """
    Artefact.objects.bulk_create(
        [
            Artefact(sha256=sha256, body=body, size=len(body), stored_at=clock.now())
            for sha256, body in sorted(draft.artefacts.items())
        ],
        ignore_conflicts=True,
    )
    plan = Plan(
        environment=environment,
        digest=digest_of(draft.document),
        content=as_json(draft.document),
        diagram=draft.diagram.as_json(),
        proof=draft.proof.as_json(),
        timeline={},
        external_names=[asdict(name) for name in draft.external_names],
        created_at=clock.now(),
    )
    return file_plan(
        actor=actor,
        environment=environment,
        plan=plan,
        kind=kind,
        facts=draft.facts,
        required=draft.document.requires_approval,
        request_id=request_id,
        note=note,
    )


def file_plan(
    *,
    actor: User,
    environment: Environment,
    plan: Plan,
    kind: Kind,
    facts: Facts,
    required: bool,
    request_id: uuid.UUID,
    note: str = "",
) -> Request:
    """Write a request in PLANNING with this plan, and open the operation that lets AWS plan it.

    Call it inside a transaction, after the portal's own rules were checked. `required` says that the
    plan asks for an approval. Raises RefusedByRules.
    """
    at = clock.now()
    lock_quotas(team=environment.team, actor=actor)
    lock(environment)
    if (sent := request_sent_before(request_id, actor=actor, environment=environment)) is not None:
        return sent
    check_may_be_changed(environment, kind)
    verdict = check_rules(facts, actor=actor, required=required, environment_id=environment.pk)
    plan.save(force_insert=True)
    Stack.objects.filter(environment=environment).exclude(stack_id="").update(has_change_sets=True)
    request = Request.objects.create(
        id=request_id,
        kind=kind.key,
        environment=environment,
        plan=plan,
        state=str(RequestState.PLANNING),
        state_changed_at=at,
        requested_by=actor,
        requested_at=at,
        note=note,
        expires_at=at + verdict.approval.pending_for,
        earlier_requesters=people_behind(actor),
    )
    record(request, "", RequestState.PLANNING, at=at, actor=actor)
    audit(kind.audit_action, actor=actor, environment=environment, at=at, request=str(request.pk), digest=plan.digest)
    open_operation(request=request, at=at, actor=actor, kind=PLAN)
    return request


def check_may_be_changed(environment: Environment, kind: Kind) -> None:
    """Raise WrongState if a change cannot be requested now."""
    if (why_not := why_not_requested(kind, environment)) != "":
        raise WrongState(why_not)
