"""What can be requested for an environment that exists: changes, teardown, recovery, drift."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field, StrictBool

from portal.api.auth import Token, caller
from portal.api.errors import ApiError
from portal.api.idempotency import Key, idempotent, request_id
from portal.api.schemas import Body, Resource, changes, creates, reads
from portal.api.v1.lookups import blueprint_of
from portal.api.v1.requests import RequestOut, created
from portal.api.values import Flag
from portal.web.lookups import Need, get_environment_for
from provisioning.errors import NotFound
from provisioning.lifecycle.plan_document import TeardownLine
from provisioning.lifecycle.read.drift import drift_of
from provisioning.lifecycle.services.changes import request_change
from provisioning.lifecycle.services.drift import accept_drift, check_drift
from provisioning.lifecycle.services.put_back import request_put_back
from provisioning.lifecycle.services.recover import preview_recovery, request_recovery
from provisioning.lifecycle.services.refresh_ledger import refresh_ledger
from provisioning.lifecycle.services.teardown import (
    Removal,
    check_may_be_torn_down,
    preview_teardown,
    request_teardown,
)
from provisioning.models import Environment

router = Router(tags=["Changes"])

_NOTE = Field("", max_length=2000, description="For those who decide.")


def _mine(request: HttpRequest, environment_id: UUID) -> Environment:
    return get_environment_for(caller(request), environment_id, Need.OPERATE)


class NewChange(Body):
    """What is left out is not changed."""

    size: str | None = Field(None, max_length=10, description="The new size.", examples=["staging"])
    version: str = Field("", max_length=64, description="The version to be sure of; empty for the catalogue's.")
    inputs: dict[str, Any] | None = Field(None, description="The inputs to change, by name. Others keep their values.")
    output_parameters: StrictBool | None = Field(
        None,
        description="Whether the outputs are also SSM parameters. False deletes them, which an approver decides on.",
    )
    tags: dict[str, str] | None = Field(
        None, description="All tags that the environment has afterwards. Those that are missing here are removed."
    )
    note: str = _NOTE


@router.post(
    "/{uuid:environment_id}/changes",
    response=creates(RequestOut),
    auth=Token(),
    operation_id="changes_create",
    summary="Request a change",
)
@idempotent
def change(request: HttpRequest, environment_id: UUID, body: NewChange, idempotency_key: Key) -> Any:
    """CloudFormation plans it first: the request is in state `planning`. Read its plan once it waits for
    a decision, or is approved.
    """
    del idempotency_key
    environment = _mine(request, environment_id)
    stored = request_change(
        actor=caller(request),
        environment=environment,
        blueprint=blueprint_of(environment.blueprint_version.slug, body.version),
        size=body.size or environment.size,
        inputs={**environment.inputs, **(body.inputs or {})},
        tags=body.tags,
        output_parameters=body.output_parameters,
        request_id=request_id(request),
        note=body.note,
    )
    return created(stored)


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
    environment = _mine(request, environment_id)
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
    environment = _mine(request, environment_id)
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
        environment=_mine(request, environment_id),
        typed_name=body.name,
        expected_digest=body.expected_digest,
        request_id=request_id(request),
        removal=body.removal,
    )
    return created(stored)


class RecoveryPreviewOut(Schema):
    digest: str
    requires_approval: bool
    skips: bool = Field(description="Resources that are stuck are left as they are.")
    stacks: list[dict[str, Any]] = Field(description="Each stack with what is done, and where it is stuck.")


@router.get(
    "/{uuid:environment_id}/recovery",
    response=reads(RecoveryPreviewOut),
    operation_id="recoveries_preview",
    summary="Preview a recovery",
)
def recovery_preview(
    request: HttpRequest,
    environment_id: UUID,
    skip: Annotated[Flag, Query(default=False, description="Leave the resources that are stuck as they are.")] = False,  # noqa: FBT002 - a query parameter
) -> Any:
    """It reads AWS, which takes some seconds."""
    preview = preview_recovery(actor=caller(request), environment=_mine(request, environment_id), skip=skip)
    return RecoveryPreviewOut(
        digest=preview.digest,
        requires_approval=preview.requires_approval,
        skips=preview.skips,
        stacks=[
            {"stack": stack.key, "region": stack.region, "mode": stack.mode, "skip": list(stack.skip)}
            for stack in preview.plan.stacks
        ],
    )


class NewRecovery(Body):
    expected_digest: str = Field(max_length=64)
    skip: StrictBool = Field(default=False, description="Leave the resources that are stuck as they are.")
    typed_name: str = Field("", max_length=64, description="The environment's name, if resources are skipped.")
    note: str = _NOTE


@router.post(
    "/{uuid:environment_id}/recovery",
    response=creates(RequestOut),
    auth=Token(),
    operation_id="recoveries_create",
    summary="Recover an environment that is stuck after a failed change",
)
@idempotent
def recovery(request: HttpRequest, environment_id: UUID, body: NewRecovery, idempotency_key: Key) -> Any:
    del idempotency_key
    stored = request_recovery(
        actor=caller(request),
        environment=_mine(request, environment_id),
        expected_digest=body.expected_digest,
        skip=body.skip,
        typed_name=body.typed_name,
        note=body.note,
        request_id=request_id(request),
    )
    return created(stored)


class DriftOut(Resource):
    id: UUID = Field(description="The report.")
    at: datetime
    label: str = Field(examples=["Drifted"])
    sentence: str
    is_unfinished: bool
    can_be_accepted: bool
    can_be_put_back: bool
    resources: list[dict[str, Any]] = Field(description="Each resource that differs. Secrets are masked.")
    outside: list[str] = Field(description="Changes through CloudFormation that the portal did not make.")


@router.get(
    "/{uuid:environment_id}/drift",
    response=reads(DriftOut),
    operation_id="drift_get",
    summary="Read the newest drift report",
)
def drift(request: HttpRequest, environment_id: UUID) -> Any:
    return _drift(get_environment_for(caller(request), environment_id))


def _drift(environment: Environment) -> DriftOut:
    view = drift_of(environment)
    if view is None:
        raise NotFound("This environment was not checked for drift yet.")
    return DriftOut(
        id=view.report_id,
        at=view.at,
        label=view.label,
        sentence=view.sentence,
        is_unfinished=view.is_unfinished,
        can_be_accepted=view.can_be_accepted,
        can_be_put_back=view.can_be_put_back,
        resources=[
            {
                "logical_id": resource.logical_id,
                "physical_id": resource.physical_id,
                "type": resource.type,
                "status": resource.status,
                "differences": [
                    {"path": one.path, "expected": one.expected, "actual": one.actual} for one in resource.differences
                ],
            }
            for resource in view.content.resources
        ],
        outside=[sentence for stack in view.content.stacks for sentence in stack.outside],
    )


@router.post(
    "/{uuid:environment_id}/drift/check",
    response=changes(DriftOut),
    auth=Token(),
    operation_id="drift_check",
    summary="Ask for a drift detection",
)
def start_check(request: HttpRequest, environment_id: UUID) -> Any:
    """One that is in progress already serves as well. It takes some minutes."""
    environment = _mine(request, environment_id)
    check_drift(actor=caller(request), environment=environment)
    return _drift(environment)


class Acceptance(Body):
    report_id: UUID = Field(description="The report that you have read.")


@router.post(
    "/{uuid:environment_id}/drift/accept",
    response=changes(DriftOut),
    auth=Token(),
    operation_id="drift_accept",
    summary="Accept the drift of the newest report",
)
def accept(request: HttpRequest, environment_id: UUID, body: Acceptance) -> Any:
    environment = _mine(request, environment_id)
    accept_drift(actor=caller(request), environment=environment, report_id=body.report_id)
    return _drift(environment)


class NewPutBack(Body):
    note: str = _NOTE


@router.post(
    "/{uuid:environment_id}/put-back",
    response=creates(RequestOut),
    auth=Token(),
    operation_id="put_backs_create",
    summary="Put an environment back as designed",
)
@idempotent
def put_back(request: HttpRequest, environment_id: UUID, body: NewPutBack, idempotency_key: Key) -> Any:
    del idempotency_key
    stored = request_put_back(
        actor=caller(request),
        environment=_mine(request, environment_id),
        request_id=request_id(request),
        note=body.note,
    )
    return created(stored)
