"""Requests: what people asked for, its plan, and the decision on it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from ninja import Query, Router
from ninja.responses import Status
from pydantic import Field, StrictBool

from portal.api.auth import Token, caller
from portal.api.idempotency import Key, idempotent, request_id
from portal.api.paging import Limit, PageCursor, among, chosen, fields_query, page_of, parse_cursor
from portal.api.schemas import Body, Page, Resource, changes, creates, only, reads
from portal.api.v1.environments import TAGS, Word, state_name, stored_state
from portal.api.v1.findings import FindingOut
from portal.api.v1.lookups import account_of, blueprint_of, team_of
from portal.api.values import NOTE_TO_DECIDERS, PRINTABLE, Flag
from portal.panels.registry import read_stored
from portal.web.lookups import NO_SUCH_REQUEST, Need, get_request_for
from provisioning.errors import NotFound
from provisioning.lifecycle.access import decidable, visible
from provisioning.lifecycle.plan_document import StackedPlan, from_json
from provisioning.lifecycle.read.sizes import planned_size
from provisioning.lifecycle.services.changes import plan_again
from provisioning.lifecycle.services.requests import request_environment, withdraw_request
from provisioning.lifecycle.states import RequestState
from provisioning.models import Request, RequestKind
from provisioning.proof.report import Proof

router = Router(tags=["Requests"])

_COLUMNS: Final = (
    "id",
    "kind",
    "state",
    "environment_id",
    "environment__name",
    "environment__team__slug",
    "planned_size",
    "plan__digest",
    "requested_by__username",
    "requested_at",
    "note",
    "decided_by__username",
    "decided_at",
    "decision_note",
    "expires_at",
)


@dataclass(frozen=True, slots=True)
class Row:
    id: UUID
    kind: str
    state: str
    environment_id: UUID
    environment: str
    team: str
    size: str
    digest: str
    requested_by: str
    requested_at: datetime
    note: str
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str
    expires_at: datetime | None


class RequestOut(Resource):
    """An action that someone asked for. People decide on its plan, which `digest` identifies."""

    id: UUID
    kind: str = Field(description="create, change, teardown, adopt, put_back or recover.", examples=["create"])
    state: str = Field(
        description="planning, waiting (for approval), approved, done, failed, rejected, withdrawn, expired or cancelled.",
        examples=["waiting"],
    )
    environment_id: UUID
    environment: str = Field(description="The environment's name.", examples=["orders-dev"])
    team: str = Field(examples=["payments"])
    size: str = Field(description="The size that the plan results in.", examples=["dev"])
    digest: str = Field(description="SHA-256 of the plan. An approval names it.")
    requested_by: str
    requested_at: datetime
    note: str
    decided_by: str | None
    decided_at: datetime | None
    decision_note: str
    expires_at: datetime | None


NAMES: Final = tuple(RequestOut.model_fields)
RequestFields = Annotated[str, among(NAMES), fields_query("id,state")]


def describe(row: Row) -> RequestOut:
    values = {name: getattr(row, name) for name in NAMES}
    return RequestOut(**values | {"state": state_name(RequestState, row.state)})


def described(pk: UUID) -> RequestOut:
    return describe(Row(*_rows(Q(pk=pk)).get()))


def _rows(condition: Q) -> QuerySet[Request, Any]:
    return Request.objects.filter(condition).annotate(planned_size=planned_size()).values_list(*_COLUMNS)


StateFilter = Annotated[str, Query(pattern=f"^(|{'|'.join(state.name.lower() for state in RequestState)})$")]
KindFilter = Annotated[str, Query(pattern=f"^(|{'|'.join(RequestKind.values)})$")]


@router.get("", response=reads(Page[RequestOut]), operation_id="requests_list", summary="List requests")
def requests(  # noqa: PLR0917 - ninja reads the parameters by name
    request: HttpRequest,
    cursor: PageCursor = "",
    limit: Limit = 25,
    fields: RequestFields = "",
    state: StateFilter = "",
    kind: KindFilter = "",
    team: Word = "",
    environment_id: UUID | None = None,
    awaiting_me: Annotated[  # noqa: FBT002 - a query parameter
        Flag, Query(default=False, description="Only those on which the caller can decide now.")
    ] = False,
) -> Any:
    """The requests that the caller may see, newest first."""
    names, user = chosen(fields, NAMES), caller(request)
    condition = visible(user, "environment__team")
    if awaiting_me:
        condition &= decidable(user)
    filters = {
        "state": stored_state(RequestState, state) if state else "",
        "kind": kind,
        "environment__team__slug": team,
        "environment_id": environment_id,
    }
    condition &= Q(**{name: value for name, value in filters.items() if value})
    if (after := parse_cursor(cursor)) is not None:
        condition &= after.following("requested_at")
    rows = [Row(*value) for value in _rows(condition).order_by("-requested_at", "-id")[: limit + 1]]
    return only(page_of(rows, limit=limit, at=lambda row: row.requested_at, describe=describe), names)


@router.get("/{uuid:pk}", response=reads(RequestOut), operation_id="requests_get", summary="Read a request")
def get_request(request: HttpRequest, pk: UUID, fields: RequestFields = "") -> Any:
    """With `If-None-Match` and `Prefer: wait=30`, the answer waits until the request changes."""
    names = chosen(fields, NAMES)
    if (row := _rows(visible(caller(request), "environment__team") & Q(pk=pk)).first()) is None:
        raise NotFound(NO_SUCH_REQUEST)
    return only(describe(Row(*row)), names)


class PlanOut(Resource):
    id: UUID = Field(description="The request.")
    digest: str
    document: dict[str, Any] = Field(description="The plan as it runs: kind, stacks, change sets, tasks.")
    findings: list[FindingOut] | None = Field(
        description="What the security checks found. Null for a teardown, and for a plan that an older version of the "
        "portal stored in another form."
    )


@router.get("/{uuid:pk}/plan", response=reads(PlanOut), operation_id="requests_plan", summary="Read the plan")
def plan(request: HttpRequest, pk: UUID) -> Any:
    """Everything that the approval covers. SHA-256 of the canonical document is the digest."""
    stored = get_request_for(caller(request), pk)
    proof = read_stored(Proof, stored.plan.proof)
    return PlanOut(
        id=stored.pk,
        digest=stored.plan.digest,
        document=stored.plan.content,
        findings=FindingOut.of(proof) if proof is not None else None,
    )


@router.get(
    "/{uuid:pk}/template",
    response=reads(dict[str, Any]),
    operation_id="requests_template",
    summary="Read the CloudFormation template of a stack",
)
def template(
    request: HttpRequest,
    pk: UUID,
    stack: Annotated[
        str, Query(max_length=40, pattern=PRINTABLE, description="The stack's key; empty for the main stack.")
    ] = "",
) -> Any:
    stored = get_request_for(caller(request), pk)
    document = from_json(stored.plan.content)
    if not isinstance(document, StackedPlan):
        raise NotFound("The plan of this request has no template.")
    try:
        planned = document.stack(stack) if stack else document.main
    except LookupError as error:
        raise NotFound(str(error)) from error
    return HttpResponse(json.dumps(json.loads(planned.body)), content_type="application/json; charset=utf-8")


class NewEnvironment(Body):
    """What the export of a request as JSON contains: it can be sent as it is."""

    blueprint: str = Field(max_length=64, description="The blueprint's slug.", examples=["static-site"])
    version: str = Field("", max_length=64, description="The version to be sure of; empty for the catalogue's.")
    size: str = Field(max_length=10, examples=["dev"])
    team: str = Field(max_length=32, description="The team's slug.", examples=["payments"])
    account: str = Field(max_length=64, description="The account's name.", examples=["sandbox-dev"])
    region: str = Field(max_length=25, examples=["eu-north-1"])
    name: str = Field(max_length=32, description="The environment's name.", examples=["handbook-dev"])
    inputs: dict[str, Any] = Field(default_factory=dict, description="The blueprint's inputs by name.")
    tags: dict[str, str] = Field(default_factory=dict, description=TAGS, examples=[{"cost-centre": "4711"}])
    output_parameters: StrictBool = Field(
        default=False,
        description="Also write the outputs as SSM parameters in the environment's account and region, for other programs.",
    )
    note: str = NOTE_TO_DECIDERS
    expected_digest: str = Field(
        "", max_length=64, description="The digest of the plan that you have seen; refused if the plan differs."
    )
    accept_findings: StrictBool = Field(
        default=False, description="Start although the account checks say that AWS would refuse the plan."
    )


@router.post(
    "",
    response=creates(RequestOut),
    auth=Token(),
    operation_id="requests_create",
    summary="Request an environment",
)
@idempotent
def create(request: HttpRequest, body: NewEnvironment, idempotency_key: Key) -> Any:
    """If its size needs no approval, it is created at once. The request id in the answer is the one to
    wait for.
    """
    del idempotency_key
    actor = caller(request)
    team = team_of(actor, body.team)
    stored = request_environment(
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
        expected_digest=body.expected_digest or None,
        request_id=request_id(request),
        note=body.note,
        accept_findings=body.accept_findings,
    )
    return created(stored)


def created(stored: Request) -> Status[RequestOut]:
    return Status(201, described(stored.pk))


@router.post(
    "/{uuid:pk}/withdraw",
    response=changes(RequestOut),
    auth=Token(),
    operation_id="requests_withdraw",
    summary="Withdraw a pending request",
)
def withdraw(request: HttpRequest, pk: UUID) -> Any:
    actor = caller(request)
    withdraw_request(actor=actor, request=get_request_for(actor, pk, Need.OPERATE))
    return described(pk)


@router.post(
    "/{uuid:pk}/plan-again",
    response=creates(RequestOut),
    auth=Token(),
    operation_id="requests_plan_again",
    summary="Plan a change again that is out of date",
)
@idempotent
def again(request: HttpRequest, pk: UUID, idempotency_key: Key) -> Any:
    del idempotency_key
    actor = caller(request)
    stored = get_request_for(actor, pk, Need.OPERATE)
    return created(plan_again(actor=actor, request=stored, request_id=request_id(request)))
