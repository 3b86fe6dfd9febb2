"""Put an environment back as designed: a change that keeps its templates and reverts drift.

CloudFormation plans it first, like any change, and people decide on that plan.
"""

from __future__ import annotations

import uuid
from typing import Final

from django.db import transaction

from provisioning.errors import Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may
from provisioning.lifecycle.drift.nominations import newest_report
from provisioning.lifecycle.drift.report_document import DriftContent, DriftStatus
from provisioning.lifecycle.drift.reverting import can_revert, not_reverted
from provisioning.lifecycle.kinds.change import PUT_BACK
from provisioning.lifecycle.plan_document import ChangePlan, as_json, digest_of
from provisioning.lifecycle.plan_queries import current_document, current_plan
from provisioning.lifecycle.rules import facts_of
from provisioning.lifecycle.services.changes import check_may_be_changed, file_plan
from provisioning.lifecycle.services.recording import request_sent_before
from provisioning.models import Environment, Plan, Request, RuleKind, User

ADOPTED: Final = (
    "An adopted stack is only watched. Revert its drift with the tool that created it, or accept the drift here."
)
FORMER: Final = (
    "This environment was created before teams had stack roles of their own. The portal can only tear it down."
)


def request_put_back(
    *, actor: User, environment: Environment, request_id: uuid.UUID | None = None, note: str = ""
) -> Request:
    """Request that the drift of the newest report is reverted.

    The drift of all resources is reverted, also that which was accepted. A repeated `request_id` of
    the same actor returns the existing request.

    Raises NotAllowed, Refused and WrongState.
    """
    check_may(actor, environment.team, PUT_BACK.permission)
    request_id = request_id or uuid.uuid4()
    if (sent := request_sent_before(request_id, actor=actor, environment=environment)) is not None:
        return sent
    _check(environment)
    check_may_be_changed(environment, PUT_BACK)
    current = current_document(environment)
    stored = current_plan(environment)
    document = ChangePlan(
        account_id=current.account_id,
        region=current.region,
        blueprint=current.blueprint,
        size=current.size,
        stacks=current.stacks,
        tasks=current.tasks,
        manual_tasks=current.manual_tasks,
        inputs=current.inputs,
        tags=current.tags,
        requires_approval=current.requires_approval or environment.was_handed_over,
        environment_id=str(environment.pk),
        previous_digest=stored.digest,
        run_tasks=(),
        change_sets=(),
        kind="put_back",
    )
    plan = Plan(
        environment=environment,
        digest=digest_of(document),
        content=as_json(document),
        diagram=stored.diagram,
        proof=stored.proof,
        timeline={},
        external_names=stored.external_names,
        created_at=clock.now(),
    )
    with transaction.atomic():
        return file_plan(
            actor=actor,
            environment=environment,
            plan=plan,
            kind=PUT_BACK,
            facts=facts_of(environment, RuleKind.PUT_BACK, document, at=clock.now()),
            required=document.requires_approval,
            request_id=request_id,
            note=note,
        )


def _check(environment: Environment) -> None:
    if environment.is_adopted:
        raise Refused(ADOPTED)
    if not environment.generation:
        raise Refused(FORMER)
    report = newest_report(environment)
    if report is None or report.status != DriftStatus.DRIFTED:
        raise WrongState("The newest drift report shows nothing to put back. Check for drift first.")
    content = DriftContent.from_json(report.content)
    if not can_revert(content):
        raise Refused("\n".join(("CloudFormation cannot revert any of this drift.", *not_reverted(content))))
