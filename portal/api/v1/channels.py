"""Notifications: where messages go, to the caller and to the teams that they own, and how that went."""

from __future__ import annotations

from datetime import datetime, time
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from django.db import transaction
from django.db.models import Q
from django.http import HttpRequest
from ninja import Path, Router
from ninja.responses import Status
from pydantic import AfterValidator, Field, StrictBool, WithJsonSchema

from portal.api.auth import Token, caller
from portal.api.idempotency import Key, created_once
from portal.api.paging import Limit, PageCursor, among, chosen, fields_query, page_of, parse_cursor
from portal.api.schemas import Body, Page, Resource, changes, creates, only, reads, removes
from portal.api.v1.environments import Word
from portal.api.values import TimeOfDay
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_admin
from provisioning.lifecycle.services.tokens import Scope
from provisioning.models import ChannelKind, ChannelTiming, NotificationChannel, User
from provisioning.notify.access import channel_for, team_for
from provisioning.notify.channels.services import SERVICES
from provisioning.notify.fan_out import mail_channel_of
from provisioning.notify.read import DeliveryLine, channels_of, delivery_lines, failed_deliveries, own_mail_of
from provisioning.notify.services import channels as service
from provisioning.notify.topics import FOR_PEOPLE

router = Router(tags=["Notifications"])

MAIL: Final = "mail"
"""Names the caller's own mail, which is there before its first message is."""
_UUID: Final = "[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"

ChannelId = Annotated[
    str,
    Path(
        pattern=f"^({MAIL}|{_UUID})$",
        description=f"The channel’s id, or `{MAIL}` for the caller’s own mail.",
        examples=[MAIL],
    ),
]
Kind = Literal["mail", "chat"]
TopicName = Annotated[str, WithJsonSchema({"type": "string", "enum": [str(topic) for topic in FOR_PEOPLE]})]
Timing = Literal["immediately", "hourly", "daily"]


def _only_true(value: bool) -> bool:  # noqa: FBT001 - a validator's only argument
    if not value:
        raise ValueError("Send true, or leave it out.")
    return value


OnlyTrue = Annotated[StrictBool, AfterValidator(_only_true), WithJsonSchema({"type": "boolean", "const": True})]
"""`Literal[True]` would read 1 as well."""


class ChannelOut(Resource):
    """Its address may be a secret: it is stored encrypted, and not in any answer."""

    id: str = Field(description=f"`{MAIL}` for the caller’s own mail.", examples=[MAIL])
    name: str = Field(examples=["#payments on Slack"])
    team: str | None = Field(description="The team's slug; null for a channel of the caller.")
    kind: str = Field(description="mail or chat.", examples=["chat"])
    address: str = Field(description="What may be shown of it.", examples=["slack://…"])
    topics: list[str] = Field(examples=[["awaiting", "failures"]])
    timing: str = Field(description="immediately, hourly or daily.", examples=["immediately"])
    daily_at: TimeOfDay = Field(description="The time of day for `daily`, in `time_zone`.", examples=["09:00:00"])
    time_zone: str = Field(examples=["Europe/Dublin"])
    is_on: bool
    off_reason: str = Field(description="Why the portal has switched it off. Empty while it is on.", examples=[""])
    delivered_at: datetime | None = Field(description="When a message last arrived.")
    failing_since: datetime | None
    last_error: str


NAMES: Final = tuple(ChannelOut.model_fields)
ChannelFields = Annotated[str, among(NAMES), fields_query("id,name")]


def describe(channel: NotificationChannel) -> ChannelOut:
    is_own_mail = channel.kind == ChannelKind.MAIL and channel.team is None
    return ChannelOut(
        id=MAIL if is_own_mail else str(channel.pk),
        name=channel.name,
        team=channel.team.slug if channel.team is not None else None,
        kind=str(channel.kind),
        address=channel.user.email if is_own_mail and channel.user is not None else channel.masked,
        topics=channel.topics,
        timing=str(channel.timing),
        daily_at=channel.daily_at,
        time_zone=channel.time_zone,
        is_on=channel.disabled_at is None,
        off_reason=channel.disabled_reason,
        delivered_at=channel.delivered_at,
        failing_since=channel.failing_since,
        last_error=channel.last_error,
    )


def _channel(user: User, channel_id: str) -> NotificationChannel:
    return own_mail_of(user) if channel_id == MAIL else channel_for(user, UUID(channel_id))


def _stored_channel(user: User, channel_id: str) -> NotificationChannel:
    """As `_channel`, for changes: the row of the caller's mail is made by the first one."""
    return mail_channel_of(user, at=clock.now()) if channel_id == MAIL else channel_for(user, UUID(channel_id))


@router.get("", response=reads(list[ChannelOut]), operation_id="channels_list", summary="List channels")
def channels(request: HttpRequest, team: Word = "", fields: ChannelFields = "") -> Any:
    """Where messages to the caller go; with `team`, where those to the team go, for its owners."""
    names, user = chosen(fields, NAMES), caller(request)
    if team:
        return only([describe(channel) for channel in channels_of(team_for(user, team))], names)
    own = channels_of(user)
    if not any(channel.kind == ChannelKind.MAIL for channel in own):
        own.insert(0, own_mail_of(user))
    return only([describe(channel) for channel in own], names)


class ServiceOut(Resource):
    id: str = Field(description="The service.", examples=["Slack"])
    example: str = Field(
        description="The form of its address.",
        examples=["https://hooks.slack.com/services/T00000000/B00000000/XXXXXXXXXXXXXXXXXXXXXXXX"],
    )


@router.get(
    "/services", response=reads(list[ServiceOut]), operation_id="channels_services", summary="List chat services"
)
def services(request: HttpRequest) -> Any:
    """Whose addresses a channel may have."""
    caller(request)
    return [ServiceOut(id=one.title, example=one.example) for one in SERVICES]


class MessageOut(Resource):
    """One message through one channel. It may gather several events."""

    id: UUID
    subject: str = Field(description="Empty in the list of failures: it is other people’s mail.")
    channel: str = Field(description="The name of the channel.")
    owner: str = Field(description="The person or the team whose channel it is.")
    state: str = Field(description="pending, sending, delivered, failed, unknown or skipped.", examples=["delivered"])
    created_at: datetime
    due_at: datetime
    attempts: int
    reason: str = Field(description="Why it was not delivered.")


MESSAGE_NAMES: Final = tuple(MessageOut.model_fields)
MessageFields = Annotated[str, among(MESSAGE_NAMES), fields_query("id,state")]


def describe_message(line: DeliveryLine) -> MessageOut:
    return MessageOut(
        id=line.id,
        subject=line.subject,
        channel=line.channel,
        owner=line.owner,
        state=str(line.state),
        created_at=line.at,
        due_at=line.due_at,
        attempts=line.attempts,
        reason=line.reason,
    )


@router.get(
    "/failures",
    response=reads(Page[MessageOut]),
    operation_id="channels_failures",
    summary="List messages of anybody that were not delivered",
)
def failures(request: HttpRequest, cursor: PageCursor = "", limit: Limit = 25, fields: MessageFields = "") -> Any:
    """For portal admins, newest first."""
    names = chosen(fields, MESSAGE_NAMES)
    check_admin(caller(request))
    after = parse_cursor(cursor)
    lines = failed_deliveries(before=(after.at, after.id) if after is not None else None, limit=limit + 1)
    hidden = [describe_message(line).model_copy(update={"subject": ""}) for line in lines]
    return only(page_of(hidden, limit=limit, at=lambda line: line.created_at, describe=lambda line: line), names)


@router.get("/{channel_id}", response=reads(ChannelOut), operation_id="channels_get", summary="Read a channel")
def channel(request: HttpRequest, channel_id: ChannelId, fields: ChannelFields = "") -> Any:
    names = chosen(fields, NAMES)
    return only(describe(_channel(caller(request), channel_id)), names)


_TOPICS: Final = f"What messages are about: {', '.join(FOR_PEOPLE)}. Security events always go to a person’s mail."


class NewChannel(Body):
    team: str | None = Field(
        max_length=32, description="The team's slug; null for a channel of the caller.", examples=["payments"]
    )
    kind: Kind = Field("chat", description="Only a team has further mail addresses.", examples=["chat"])
    name: str = Field(max_length=80, examples=["#payments on Slack"])
    address: str = Field(
        max_length=2_000,
        description="As the service shows it for incoming messages. It is stored encrypted and never returned.",
        examples=["https://hooks.slack.com/services/T…/B…/…"],
    )
    topics: list[TopicName] = Field(description=_TOPICS, max_length=50, examples=[["awaiting", "failures"]])
    timing: Timing = Field("immediately", description="hourly and daily gather messages.")
    daily_at: TimeOfDay = Field(
        time(9), description="The time of day for `daily`, in `time_zone`.", examples=["09:00:00"]
    )
    time_zone: str = Field("UTC", max_length=60, examples=["Europe/Dublin"])


@router.post(
    "",
    response=creates(ChannelOut),
    auth=Token(Scope.MANAGE),
    operation_id="channels_create",
    summary="Add a channel",
)
@created_once
def create(request: HttpRequest, body: NewChannel, idempotency_key: Key) -> Any:
    """Send a test next, to see that it works."""
    del idempotency_key
    actor = caller(request)
    choice = service.ChannelChoice(
        name=body.name,
        address=body.address,
        topics=body.topics,
        timing=ChannelTiming(body.timing),
        daily_at=body.daily_at,
        time_zone=body.time_zone,
    )
    team = team_for(actor, body.team) if body.team is not None else None
    return Status(
        201, describe(service.add_channel(actor=actor, choice=choice, team=team, kind=ChannelKind(body.kind)))
    )


class ChannelChange(Body):
    """What is left out is not changed. A new address switches the channel on again."""

    name: str | None = Field(None, max_length=80)
    address: str | None = Field(None, min_length=1, max_length=2_000, examples=["slack://tokenA/tokenB/tokenC"])
    topics: list[TopicName] | None = Field(None, description=_TOPICS, max_length=50)
    timing: Timing | None = Field(None, examples=["daily"])
    daily_at: TimeOfDay | None = Field(None, examples=["09:00:00"])
    time_zone: str | None = Field(None, max_length=60, examples=["UTC"])
    is_on: OnlyTrue | None = Field(
        None, description="Switches on a channel that the portal has switched off.", examples=[True]
    )


@router.patch(
    "/{channel_id}",
    response=changes(ChannelOut),
    auth=Token(Scope.MANAGE),
    operation_id="channels_change",
    summary="Change a channel",
)
def change(request: HttpRequest, channel_id: ChannelId, body: ChannelChange) -> Any:
    """The address of the caller’s own mail is that of their account."""
    actor = caller(request)
    with transaction.atomic():
        stored = _stored_channel(actor, channel_id)
        choice = service.ChannelChoice(
            name=body.name if body.name is not None else stored.name,
            address=body.address or "",
            topics=body.topics if body.topics is not None else stored.topics,
            timing=ChannelTiming(body.timing or stored.timing),
            daily_at=body.daily_at or stored.daily_at,
            time_zone=body.time_zone or stored.time_zone,
        )
        service.change_channel(actor=actor, channel=stored, choice=choice)
        if body.is_on:
            service.switch_on_channel(actor=actor, channel=stored)
    return describe(_channel(actor, channel_id))


@router.delete(
    "/{channel_id}",
    response=removes(),
    auth=Token(Scope.MANAGE),
    operation_id="channels_remove",
    summary="Remove a channel",
)
def remove(request: HttpRequest, channel_id: ChannelId) -> Any:
    """With the messages that it has not delivered yet. A person’s own mail cannot be removed."""
    actor = caller(request)
    service.remove_channel(actor=actor, channel=_stored_channel(actor, channel_id))
    return Status(204, None)


@router.post(
    "/{channel_id}/test",
    response=creates(MessageOut),
    auth=Token(Scope.MANAGE),
    operation_id="channels_test",
    summary="Send a test message",
)
@created_once
def test(request: HttpRequest, channel_id: ChannelId, idempotency_key: Key) -> Any:
    """It is sent within seconds: list the messages of the channel to see how that went."""
    del idempotency_key
    actor = caller(request)
    sent = service.send_test(actor=actor, channel=_stored_channel(actor, channel_id))
    [line] = delivery_lines([sent.channel], condition=Q(pk=sent.pk), limit=1)
    return Status(201, describe_message(line))


@router.get(
    "/{channel_id}/messages",
    response=reads(Page[MessageOut]),
    operation_id="channels_messages",
    summary="List the messages through a channel",
)
def messages(
    request: HttpRequest, channel_id: ChannelId, cursor: PageCursor = "", limit: Limit = 25, fields: MessageFields = ""
) -> Any:
    """Newest first, those that were not delivered yet as well."""
    names = chosen(fields, MESSAGE_NAMES)
    found = _channel(caller(request), channel_id)
    after = parse_cursor(cursor)
    lines = delivery_lines(
        [found], condition=after.following("created_at") if after is not None else Q(), limit=limit + 1
    )
    return only(page_of(lines, limit=limit, at=lambda line: line.at, describe=describe_message), names)
