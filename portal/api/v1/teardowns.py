"""The teardown of an environment: its preview, and the request. What exists is read from AWS before."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field

from portal.api.auth import Token, caller
from portal.api.errors import ApiError
from portal.api.idempotency import Key, idempotent, request_id
from portal.api.schemas import Body, Resource, changes, creates, reads
from portal.api.v1.lookups import environment_to_operate
from portal.api.v1.requests import RequestOut, created
from provisioning.lifecycle.plan_document import TeardownLine
from provisioning.lifecycle.services.refresh_ledger import refresh_ledger
from provisioning.lifecycle.services.teardown import (
    Removal,
    check_may_be_torn_down,
    preview_teardown,
    request_teardown,
)
from provisioning.models import Environment

router = Router(tags=["Changes"])


class TeardownLineOut(Resource):
    id: str = Field(description="The physical id.")
    logical_id: str
    type: str
    title: str
    policy: str = Field(description="Why it is retained: Retain or Snapshot. Empty if it is deleted.")
    stack: str
    region: str


class TeardownPreviewOut(Schema):
    digest: str = Field(description="Send it as `expected_digest`, so that exactly this is torn down.")
    requires_approval: bool
    to_delete: list[TeardownLineOut]
    to_retain: list[TeardownLineOut]
    listed_at: datetime | None = Field(description="When the stacks were last listed in AWS.")


RemovalName = Annotated[
    Removal, Query(description="What to do with resources that an earlier teardown could not delete.")
]


@router.get(
    "/{uuid:environment_id}/teardown",
    response=reads(TeardownPreviewOut),
    operation_id="teardowns_preview",
    summary="Preview a teardown",
)
def teardown_preview(request: HttpRequest, environment_id: UUID, removal: RemovalName = Removal.DELETE) -> Any:
    environment = environment_to_operate(request, environment_id)
    check_may_be_torn_down(environment)
    return _preview(request, environment, removal)


def _preview(request: HttpRequest, environment: Environment, removal: Removal) -> TeardownPreviewOut:
    preview = preview_teardown(actor=caller(request), environment=environment, removal=removal)
    return TeardownPreviewOut(
        digest=preview.digest,
        requires_approval=preview.requires_approval,
        to_delete=[_line(line) for line in preview.plan.to_delete],
        to_retain=[_line(line) for line in preview.plan.to_retain],
        listed_at=preview.listed_at,
    )


def _line(line: TeardownLine) -> TeardownLineOut:
    return TeardownLineOut(
        id=line.physical_id,
        logical_id=line.logical_id,
        type=line.type,
        title=line.title,
        policy=line.policy,
        stack=line.stack,
        region=line.region,
    )


class Refresh(Body):
    removal: Removal = Field(Removal.DELETE, description="delete, leave or force, as in the preview.")


@router.post(
    "/{uuid:environment_id}/teardown/refresh",
    response=changes(TeardownPreviewOut),
    auth=Token(),
    operation_id="teardowns_refresh",
    summary="List the stacks in AWS, and preview a teardown",
)
def refresh(request: HttpRequest, environment_id: UUID, body: Refresh) -> Any:
    """It reads AWS for some seconds. Nothing is deleted."""
    environment = environment_to_operate(request, environment_id)
    check_may_be_torn_down(environment)
    if trouble := refresh_ledger(actor=caller(request), environment=environment):
        raise ApiError("aws_error", trouble, retry_after=5)
    return _preview(request, environment, body.removal)


class NewTeardown(Body):
    name: str = Field(max_length=32, description="The environment's name, typed once more.", examples=["handbook-dev"])
    expected_digest: str = Field(max_length=64, description="The digest of the preview that you have read.")
    removal: Removal = Field(Removal.DELETE, description="delete, leave or force, as in the preview.")


@router.post(
    "/{uuid:environment_id}/teardown",
    response=creates(RequestOut),
    auth=Token(),
    operation_id="teardowns_create",
    summary="Tear an environment down",
)
@idempotent
def teardown(request: HttpRequest, environment_id: UUID, body: NewTeardown, idempotency_key: Key) -> Any:
    """If AWS has more than the preview showed, nothing is deleted and the request fails with the difference."""
    del idempotency_key
    stored = request_teardown(
        actor=caller(request),
        environment=environment_to_operate(request, environment_id),
        typed_name=body.name,
        expected_digest=body.expected_digest,
        request_id=request_id(request),
        removal=body.removal,
    )
    return created(stored)
