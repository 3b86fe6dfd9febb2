"""Drift: what differs from the templates, and how to accept it or to put it back."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from portal.api.auth import Token, caller
from portal.api.idempotency import Key, idempotent, request_id
from portal.api.schemas import Body, Resource, changes, creates, reads
from portal.api.v1.lookups import environment_to_operate
from portal.api.v1.requests import RequestOut, created
from portal.api.values import NOTE_TO_DECIDERS
from portal.web.lookups import get_environment_for
from provisioning.errors import NotFound
from provisioning.lifecycle.read.drift import drift_of
from provisioning.lifecycle.services.drift import accept_drift, check_drift
from provisioning.lifecycle.services.put_back import request_put_back
from provisioning.models import Environment

router = Router(tags=["Changes"])


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
    environment = environment_to_operate(request, environment_id)
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
    environment = environment_to_operate(request, environment_id)
    accept_drift(actor=caller(request), environment=environment, report_id=body.report_id)
    return _drift(environment)


class NewPutBack(Body):
    note: str = NOTE_TO_DECIDERS


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
        environment=environment_to_operate(request, environment_id),
        request_id=request_id(request),
        note=body.note,
    )
    return created(stored)
