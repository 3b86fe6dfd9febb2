"""Writes what the operations of a change have found: the complete plan, and afterwards the new design.

Both run in the transaction that ends the operation.
"""

from __future__ import annotations

from datetime import datetime

from provisioning.lifecycle.audit import AuditAction, audit
from provisioning.lifecycle.change_plan.freeze import FrozenPlan
from provisioning.lifecycle.operations import open_operation
from provisioning.lifecycle.plan_document import ChangePlan, as_json, digest_of
from provisioning.lifecycle.rules import approval_rule_for
from provisioning.lifecycle.states import RequestState
from provisioning.models import BlueprintVersion, Environment, Plan, Request


def complete_plan(request: Request, frozen: FrozenPlan, *, at: datetime) -> None:
    """Store the plan as AWS has planned it, after the request has left PLANNING. If nobody needs to
    approve it, its operation starts at once.
    """
    document = frozen.document
    if document.is_dangerous and request.state == RequestState.APPROVED:
        raise ValueError("A change that may replace or delete data is approved by a second person only.")
    digest = digest_of(document)
    Plan.objects.filter(pk=request.plan_id).update(
        content=as_json(document), digest=digest, review=frozen.review.as_json()
    )
    request.plan.refresh_from_db()
    approval = approval_rule_for(request, document)
    is_approved = request.state == RequestState.APPROVED
    request.expires_at = at + (approval.valid_for if is_approved else approval.pending_for)
    request.approved_digest = digest if is_approved else ""
    request.approver_groups = sorted(approval.groups)
    request.is_dangerous = document.is_dangerous
    request.save(update_fields=["expires_at", "approved_digest", "approver_groups", "is_dangerous"])
    if request.state == RequestState.WAITING:
        audit(AuditAction.REQUEST_AWAIT, actor=None, environment=request.environment, at=at, request=str(request.pk))
    if request.state == RequestState.DONE:
        note_new_design(request.environment, document)
    if is_approved:
        open_operation(request=request, at=at, actor=None)


def note_new_design(environment: Environment, document: ChangePlan) -> None:
    """Note the version, size, inputs and tags that the environment runs after a change."""
    if document.reverts_drift:
        return
    pinned = document.blueprint
    version = BlueprintVersion.objects.get(slug=pinned.slug, version=pinned.version)
    environment.blueprint_version, environment.size, environment.inputs = version, document.size, dict(document.inputs)
    environment.tags = dict(document.tags)
    environment.save(update_fields=["blueprint_version", "size", "inputs", "tags"])
