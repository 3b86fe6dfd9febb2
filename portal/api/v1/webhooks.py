"""Outgoing webhooks of teams, for their owners, and those of the portal, for its admins."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from ninja import Query, Router, Schema
from ninja.responses import Status
from pydantic import Field, StrictBool, WithJsonSchema

from portal.api.auth import Token, caller
from portal.api.idempotency import Key, created_once
from portal.api.paging import Limit, PageCursor, among, chosen, fields_query, page_of, parse_cursor
from portal.api.schemas import Body, Page, Resource, changes, creates, only, reads, removes
from portal.api.v1.environments import Word
from provisioning.lifecycle.services.tokens import Scope
from provisioning.models import DeliveryState, Webhook
from provisioning.notify.access import (
    check_may_manage_any_webhook,
    team_for,
    webhook_delivery_for,
    webhook_for,
    webhooks_of,
)
from provisioning.notify.read import WebhookDeliveryLine, webhook_delivery_lines
from provisioning.notify.services import webhooks as service
from provisioning.notify.webhooks.payload import event_types

router = Router(tags=["Webhooks"])


class WebhookOut(Resource):
    """Where events go. Its address and its secret are stored encrypted, and are not in any answer."""

    id: UUID
    name: str = Field(examples=["deploys"])
    team: str | None = Field(description="The team's slug; null for the whole portal.", examples=["payments"])
    address: str = Field(
        description="Scheme and host: the rest may be a secret.", examples=["https://hooks.example.com/…"]
    )
    events: list[str] = Field(description="The types of events; empty for all.", examples=[["operation.succeed"]])
    is_on: bool
    off_reason: str = Field(description="Why it is switched off. Empty while it is on.", examples=[""])
    created_by: str | None
    created_at: datetime
    delivered_at: datetime | None = Field(description="When the receiver last accepted an event.")
    failing_since: datetime | None
    previous_secret_until: datetime | None = Field(description="Bodies are signed with both secrets until then.")


NAMES: Final = tuple(WebhookOut.model_fields)
WebhookFields = Annotated[str, among(NAMES), fields_query("id,name")]


def describe(hook: Webhook) -> WebhookOut:
    return WebhookOut(
        id=hook.pk,
        name=hook.name,
        team=hook.team.slug if hook.team is not None else None,
        address=hook.masked,
        events=hook.events,
        is_on=hook.disabled_at is None,
        off_reason=hook.disabled_reason,
        created_by=hook.created_by.username if hook.created_by is not None else None,
        created_at=hook.created_at,
        delivered_at=hook.delivered_at,
        failing_since=hook.failing_since,
        previous_secret_until=hook.previous_until,
    )


@router.get("", response=reads(list[WebhookOut]), operation_id="webhooks_list", summary="List webhooks")
def webhooks(request: HttpRequest, team: Word = "", fields: WebhookFields = "") -> Any:
    """Those that the caller manages: of the teams that they own, and for portal admins of the portal."""
    names, user = chosen(fields, NAMES), caller(request)
    hooks = list(webhooks_of(user))
    if not hooks:
        check_may_manage_any_webhook(user)
    return only(
        [describe(hook) for hook in hooks if not team or (hook.team is not None and hook.team.slug == team)], names
    )


class EventTypeOut(Resource):
    id: str = Field(description="The type, as `events` of a webhook names it.", examples=["request.approve"])
    meaning: str


@router.get(
    "/events", response=reads(list[EventTypeOut]), operation_id="webhooks_events", summary="List the types of events"
)
def events(request: HttpRequest) -> Any:
    caller(request)
    return [EventTypeOut(id=kind, meaning=meaning) for kind, meaning in sorted(event_types().items())]


@router.get("/{uuid:webhook_id}", response=reads(WebhookOut), operation_id="webhooks_get", summary="Read a webhook")
def webhook(request: HttpRequest, webhook_id: UUID, fields: WebhookFields = "") -> Any:
    names = chosen(fields, NAMES)
    return only(describe(webhook_for(caller(request), webhook_id)), names)


_NAME = Field(max_length=80, examples=["deploys"])
_URL = Field(
    max_length=2_000,
    description="Starts with https://. It is stored encrypted and never returned.",
    examples=["https://hooks.example.com/portal"],
)
EventName = Annotated[str, WithJsonSchema({"type": "string", "enum": sorted(event_types())})]
_EVENTS = Field(description="Types of events; empty for all, also those of later versions.", max_length=500)


class NewWebhook(Body):
    team: str | None = Field(
        max_length=32, description="The team's slug; null for the whole portal.", examples=["payments"]
    )
    name: str = _NAME
    url: str = _URL
    events: list[EventName] = _EVENTS


class NewSecretOut(Schema):
    webhook: WebhookOut
    secret: str | None = Field(
        description="The signing secret. It is in this answer only; null if the call is repeated.",
        examples=["whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"],
    )


def _with_secret(made: service.NewSecret) -> Status[NewSecretOut]:
    return Status(201, NewSecretOut(webhook=describe(made.webhook), secret=made.secret))


@router.post(
    "",
    response=creates(NewSecretOut),
    auth=Token(Scope.MANAGE),
    operation_id="webhooks_create",
    summary="Add a webhook",
)
@created_once
def create(request: HttpRequest, body: NewWebhook, idempotency_key: Key) -> Any:
    """Keep the secret: receivers verify signatures with it, and no later answer contains it."""
    del idempotency_key
    actor = caller(request)
    team = team_for(actor, body.team) if body.team is not None else None
    choice = service.WebhookChoice(name=body.name, url=body.url, events=body.events)
    return _with_secret(service.create_webhook(actor=actor, team=team, choice=choice))


class WebhookChange(Body):
    """What is left out is not changed. A new address switches the webhook on again."""

    name: str | None = Field(None, max_length=80)
    url: str | None = Field(None, min_length=1, max_length=2_000, examples=["https://hooks.example.com/portal"])
    events: list[EventName] | None = Field(None, max_length=500)
    is_on: StrictBool | None = Field(None, description="While a webhook is off, events are not kept for it.")


@router.patch(
    "/{uuid:webhook_id}",
    response=changes(WebhookOut),
    auth=Token(Scope.MANAGE),
    operation_id="webhooks_change",
    summary="Change a webhook, or switch it on or off",
)
def change(request: HttpRequest, webhook_id: UUID, body: WebhookChange) -> Any:
    actor = caller(request)
    hook = webhook_for(actor, webhook_id)
    choice = service.WebhookChoice(
        name=body.name if body.name is not None else hook.name,
        url=body.url or "",
        events=body.events if body.events is not None else hook.events,
    )
    with transaction.atomic():
        service.change_webhook(actor=actor, webhook=hook, choice=choice)
        if body.is_on is not None:
            service.switch_webhook(actor=actor, webhook=hook, on=body.is_on)
    return describe(webhook_for(actor, webhook_id))


@router.delete(
    "/{uuid:webhook_id}",
    response=removes(),
    auth=Token(Scope.MANAGE),
    operation_id="webhooks_remove",
    summary="Remove a webhook",
)
def remove(request: HttpRequest, webhook_id: UUID) -> Any:
    """With its deliveries."""
    actor = caller(request)
    service.remove_webhook(actor=actor, webhook=webhook_for(actor, webhook_id))
    return Status(204, None)


class Rotation(Body):
    end_previous_now: StrictBool = Field(
        default=False, description="Sign only with the new secret: somebody else knows the previous one."
    )


@router.post(
    "/{uuid:webhook_id}/secret",
    response=creates(NewSecretOut),
    auth=Token(Scope.MANAGE),
    operation_id="webhooks_rotate",
    summary="Give a webhook a new secret",
)
@created_once
def rotate(request: HttpRequest, webhook_id: UUID, body: Rotation, idempotency_key: Key) -> Any:
    """For a day, bodies are signed with both."""
    del idempotency_key
    actor = caller(request)
    hook = webhook_for(actor, webhook_id)
    return _with_secret(service.rotate_secret(actor=actor, webhook=hook, end_previous_now=body.end_previous_now))


class AttemptOut(Schema):
    number: int
    at: datetime
    status_code: int | None = Field(description="What the receiver answered; null if it did not.")
    duration_ms: int | None
    error: str


class DeliveryOut(Resource):
    id: UUID = Field(description="The header `webhook-id`, the same in each attempt.")
    type: str = Field(examples=["request.approve"])
    state: str = Field(description="pending, sending, delivered, failed or skipped.", examples=["delivered"])
    created_at: datetime
    due_at: datetime = Field(description="When the next attempt is due, while it is pending.")
    attempts: list[AttemptOut]


DELIVERY_NAMES: Final = tuple(DeliveryOut.model_fields)
DeliveryFields = Annotated[str, among(DELIVERY_NAMES), fields_query("id,state")]


def describe_delivery(line: WebhookDeliveryLine) -> DeliveryOut:
    attempts = [AttemptOut(**{name: getattr(one, name) for name in AttemptOut.model_fields}) for one in line.attempts]
    return DeliveryOut(
        id=line.id,
        type=line.type,
        state=str(line.state),
        created_at=line.created_at,
        due_at=line.due_at,
        attempts=attempts,
    )


DeliveryFilter = Annotated[str, Query(pattern=f"^(|{'|'.join(DeliveryState.values)})$")]


@router.get(
    "/{uuid:webhook_id}/deliveries",
    response=reads(Page[DeliveryOut]),
    operation_id="webhooks_deliveries",
    summary="List the deliveries of a webhook",
)
def deliveries(  # noqa: PLR0917 - ninja reads the parameters by name
    request: HttpRequest,
    webhook_id: UUID,
    cursor: PageCursor = "",
    limit: Limit = 25,
    fields: DeliveryFields = "",
    state: DeliveryFilter = "",
) -> Any:
    """Newest first, each with its attempts."""
    names = chosen(fields, DELIVERY_NAMES)
    hook = webhook_for(caller(request), webhook_id)
    condition = Q(state=state) if state else Q()
    if (after := parse_cursor(cursor)) is not None:
        condition &= after.following("created_at")
    lines = webhook_delivery_lines(hook.pk, condition=condition, limit=limit + 1)
    return only(page_of(lines, limit=limit, at=lambda line: line.created_at, describe=describe_delivery), names)


def _delivery(delivery_id: UUID, webhook_id: UUID) -> DeliveryOut:
    [line] = webhook_delivery_lines(webhook_id, condition=Q(pk=delivery_id), limit=1)
    return describe_delivery(line)


@router.post(
    "/{uuid:webhook_id}/test",
    response=creates(DeliveryOut),
    auth=Token(Scope.MANAGE),
    operation_id="webhooks_test",
    summary="Send a test",
)
@created_once
def test(request: HttpRequest, webhook_id: UUID, idempotency_key: Key) -> Any:
    """A delivery of type `webhook.test`. It is sent within seconds: list the deliveries to see how that went."""
    del idempotency_key
    actor = caller(request)
    sent = service.send_test(actor=actor, webhook=webhook_for(actor, webhook_id))
    return Status(201, _delivery(sent.pk, webhook_id))


@router.post(
    "/deliveries/{uuid:delivery_id}/send-again",
    response=changes(DeliveryOut),
    auth=Token(Scope.MANAGE),
    operation_id="webhooks_redeliver",
    summary="Send a finished delivery again",
)
def redeliver(request: HttpRequest, delivery_id: UUID) -> Any:
    """With the same id and the same body, so that a receiver recognises it."""
    actor = caller(request)
    delivery = webhook_delivery_for(actor, delivery_id)
    service.redeliver(actor=actor, delivery=delivery)
    return _delivery(delivery_id, delivery.webhook_id)
