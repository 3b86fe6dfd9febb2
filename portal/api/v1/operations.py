"""Operations: how far they are, and how to stop or repeat them."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.http import HttpRequest
from ninja import Router, Schema
from pydantic import Field

from portal.api.auth import Token, caller
from portal.api.paging import Limit, PageCursor, page_of, parse_cursor
from portal.api.schemas import Page, Resource, changes, reads
from portal.api.v1.environments import state_name
from portal.web.lookups import Need, get_environment_for
from provisioning.errors import NotFound, WrongState
from provisioning.lifecycle.access import visible
from provisioning.lifecycle.read.operation_view import last_operation, steps
from provisioning.lifecycle.services.cancel import cancel_operation, stop_watching
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.lifecycle.states import OperationState
from provisioning.models import Environment, Operation, StackEvent

router = Router(tags=["Operations"])
of_environment = Router(tags=["Operations"])

_NO_SUCH: Final = "This operation does not exist, or it belongs to a team that you are not in."


class StepOut(Schema):
    key: str
    title: str
    state: str = Field(description="todo, now, done, failed or cancelled.")
    detail: str


class OperationOut(Resource):
    """One attempt to carry out a plan."""

    id: UUID
    kind: str = Field(examples=["create"])
    state: str = Field(examples=["building"])
    label: str = Field(description="The state in words.", examples=["Creating resources"])
    is_ended: bool
    succeeded: bool
    environment_id: UUID
    request_id: UUID
    started_at: datetime
    state_changed_at: datetime
    ended_at: datetime | None
    cause: str = Field(description="Why it failed, in plain words. Empty otherwise.")
    cause_detail: str = Field(description="The error from AWS.")
    next_action: str = Field(description="What helps: retry, recover, teardown … Empty if nothing is needed.")
    cancel_requested_at: datetime | None
    steps: list[StepOut]


def describe(operation: Operation) -> OperationOut:
    state = OperationState(operation.state)
    return OperationOut(
        id=operation.pk,
        kind=operation.kind,
        state=state_name(OperationState, operation.state),
        label=state.label,
        is_ended=operation.ended_at is not None,
        succeeded=state is OperationState.SUCCEEDED,
        environment_id=operation.environment_id,
        request_id=operation.request_id,
        started_at=operation.started_at,
        state_changed_at=operation.state_changed_at,
        ended_at=operation.ended_at,
        cause=operation.cause,
        cause_detail=operation.cause_detail,
        next_action=_NEXT.get(operation.next_action, operation.next_action),
        cancel_requested_at=operation.cancel_requested_at,
        steps=[
            StepOut(key=step.key, title=step.title, state=step.state, detail=step.detail) for step in steps(operation)
        ],
    )


_NEXT: Final = {"try_again": "retry"}
"""Buttons that are stored under an older word."""


@of_environment.get(
    "/{uuid:environment_id}/operations",
    response=reads(Page[OperationOut]),
    operation_id="operations_list",
    summary="List the operations of an environment",
)
def operations(request: HttpRequest, environment_id: UUID, cursor: PageCursor = "", limit: Limit = 25) -> Any:
    """Newest first."""
    environment = get_environment_for(caller(request), environment_id)
    rows = Operation.objects.filter(environment=environment)
    if (after := parse_cursor(cursor)) is not None:
        rows = rows.filter(after.following("started_at"))
    found = list(rows.order_by("-started_at", "-id")[: limit + 1])
    return page_of(found, limit=limit, at=lambda row: row.started_at, describe=describe)


@router.get(
    "/{uuid:operation_id}", response=reads(OperationOut), operation_id="operations_get", summary="Read an operation"
)
def operation(request: HttpRequest, operation_id: UUID) -> Any:
    """With `If-None-Match` and `Prefer: wait=30`, the answer waits until the operation gets further."""
    return describe(_visible(request, operation_id))


def _visible(request: HttpRequest, operation_id: UUID) -> Operation:
    rows = Operation.objects.filter(visible(caller(request), "environment__team"), pk=operation_id)
    if (found := rows.first()) is None:
        raise NotFound(_NO_SUCH)
    return found


class EventOut(Resource):
    id: str
    at: datetime
    logical_id: str
    type: str
    status: str
    reason: str
    stack: str


@of_environment.get(
    "/{uuid:environment_id}/events",
    response=reads(list[EventOut]),
    operation_id="environments_events",
    summary="Read the newest stack events of an environment",
)
def events(request: HttpRequest, environment_id: UUID, limit: Limit = 100) -> Any:
    """They are read from AWS only while somebody looks at the environment's page, and after a failure."""
    environment = get_environment_for(caller(request), environment_id)
    rows = StackEvent.objects.filter(stack__environment=environment).order_by("-at", "-id")
    columns = ("event_id", "at", "logical_id", "type", "status", "reason", "stack__role")
    return [
        EventOut(**dict(zip(EventOut.model_fields, row, strict=True))) for row in rows.values_list(*columns)[:limit]
    ]


def _newest(request: HttpRequest, operation_id: UUID) -> Environment:
    """The environment of the operation, which has to be its newest one. Raises WrongState otherwise."""
    found = _visible(request, operation_id)
    environment = get_environment_for(caller(request), found.environment_id, Need.OPERATE)
    newest = last_operation(environment)
    if newest is None or newest.pk != operation_id:
        raise WrongState("There is a newer operation of this environment. Read that one first.")
    return environment


@router.post(
    "/{uuid:operation_id}/cancel",
    response=changes(OperationOut),
    auth=Token(),
    operation_id="operations_cancel",
    summary="Cancel an operation",
)
def cancel(request: HttpRequest, operation_id: UUID) -> Any:
    """It ends when AWS has undone what can be undone. Its steps say if it is too late."""
    environment = _newest(request, operation_id)
    return describe(cancel_operation(actor=caller(request), environment=environment))


@router.post(
    "/{uuid:operation_id}/retry",
    response=changes(OperationOut),
    auth=Token(),
    operation_id="operations_retry",
    summary="Try a failed request again",
)
def retry(request: HttpRequest, operation_id: UUID) -> Any:
    """The answer is the new operation, which runs the same approved plan."""
    environment = _newest(request, operation_id)
    return describe(retry_operation(actor=caller(request), environment=environment))


@router.post(
    "/{uuid:operation_id}/stop-watching",
    response=changes(OperationOut),
    auth=Token(),
    operation_id="operations_stop_watching",
    summary="End an operation that only watches",
)
def stop(request: HttpRequest, operation_id: UUID) -> Any:
    environment = _newest(request, operation_id)
    return describe(stop_watching(actor=caller(request), environment=environment))
