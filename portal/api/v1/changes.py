"""What can be requested for an environment that exists: changes, teardown, recovery, drift."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Query, Router, Schema
from pydantic import Field, StrictBool

from portal.api.auth import Token, caller
from portal.api.idempotency import Key, idempotent, request_id
from portal.api.schemas import Body, creates, reads
from portal.api.v1.lookups import blueprint_of, environment_to_operate
from portal.api.v1.requests import RequestOut, created
from portal.api.values import NOTE_TO_DECIDERS, Flag
from provisioning.lifecycle.services.changes import request_change
from provisioning.lifecycle.services.recover import preview_recovery, request_recovery

router = Router(tags=["Changes"])


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
    note: str = NOTE_TO_DECIDERS


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
    environment = environment_to_operate(request, environment_id)
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
    preview = preview_recovery(
        actor=caller(request), environment=environment_to_operate(request, environment_id), skip=skip
    )
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
    note: str = NOTE_TO_DECIDERS


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
        environment=environment_to_operate(request, environment_id),
        expected_digest=body.expected_digest,
        skip=body.skip,
        typed_name=body.typed_name,
        note=body.note,
        request_id=request_id(request),
    )
    return created(stored)
