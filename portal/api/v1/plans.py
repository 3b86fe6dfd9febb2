"""Plans without a request: what would be created, with the security checks and the time."""

from __future__ import annotations

import json
import uuid
from typing import Annotated, Any

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from portal.api.auth import Token, caller
from portal.api.schemas import changes
from portal.api.v1.findings import FindingOut
from portal.api.v1.lookups import account_of, blueprint_of, check_previews, team_of
from portal.api.v1.requests import NewEnvironment
from portal.api.values import Flag
from provisioning.lifecycle.plan_document import CreatePlan
from provisioning.lifecycle.planning import PlanDraft, draft_create
from provisioning.lifecycle.services.tokens import Scope
from provisioning.template.output_parameters import parameter_names

router = Router(tags=["Plans"])


class PlannedStackOut(Schema):
    key: str
    name: str
    region: str
    resources: int
    template: dict[str, Any] | None = Field(description="With `templates=true`.")


class RefusalOut(Schema):
    message: str
    rule: str


class DraftOut(Schema):
    digest: str = Field(description="Of this plan. Names contain the request's id, so each request has its own.")
    requires_approval: bool
    refusals: list[RefusalOut] = Field(description="The rules that would refuse the request, all together.")
    stacks: list[PlannedStackOut]
    retained: list[str] = Field(description="What a teardown retains.")
    output_parameters: list[str] = Field(description="The SSM parameters that the outputs are also written to.")
    findings: list[FindingOut]
    seconds: float = Field(description="How long it takes, most likely.")
    low_seconds: float
    high_seconds: float


@router.post(
    "",
    response=changes(DraftOut),
    auth=Token(Scope.READ),
    operation_id="plans_preview",
    summary="Plan an environment without requesting it",
)
def preview(
    request: HttpRequest,
    body: NewEnvironment,
    templates: Annotated[Flag, Query(default=False, description="Include the CloudFormation templates.")] = False,  # noqa: FBT002 - a query parameter
) -> Any:
    """Takes the body of a request. Nothing is written."""
    actor = caller(request)
    team = team_of(actor, body.team)
    check_previews(actor, team)
    draft = draft_create(
        actor=actor,
        team=team,
        name=body.name,
        blueprint=blueprint_of(body.blueprint, body.version),
        size=body.size,
        inputs=body.inputs,
        account=account_of(team, body.account),
        region=body.region,
        tags=body.tags,
        output_parameters=body.output_parameters,
        request_id=uuid.uuid4(),
    )
    return _described(draft, templates=templates)


def _described(draft: PlanDraft[CreatePlan], *, templates: bool) -> DraftOut:
    titles = draft.document.titles
    return DraftOut(
        digest=draft.digest,
        requires_approval=draft.requires_approval,
        refusals=[RefusalOut(message=one.sentence, rule=one.rule.label) for one in draft.verdict.refusals],
        stacks=[
            PlannedStackOut(
                key=stack.key,
                name=stack.name,
                region=stack.region,
                resources=len(stack.resources),
                template=json.loads(stack.body) if templates else None,
            )
            for stack in draft.document.stacks
        ],
        output_parameters=list(parameter_names(json.loads(draft.document.main.body)).values()),
        retained=[titles.get(one.logical_id, one.logical_id) for one in draft.document.retained],
        findings=FindingOut.of(draft.proof),
        seconds=draft.timeline.seconds,
        low_seconds=draft.timeline.low_seconds,
        high_seconds=draft.timeline.high_seconds,
    )
