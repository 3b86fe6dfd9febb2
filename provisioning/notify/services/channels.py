"""Add, change, test and remove channels for messages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import time
from typing import Final
from zoneinfo import available_timezones

from django.db import transaction

from provisioning.errors import InvalidFields, NotAllowed, NotFound, Refused
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import Permission, check_may
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.models import (
    ChannelKind,
    ChannelTiming,
    DeliveryState,
    NotificationChannel,
    NotificationDelivery,
    NotificationMessage,
    Team,
    User,
)
from provisioning.models.notification import CHANNEL_TARGET
from provisioning.notify.access import NO_SUCH_CHANNEL, lock_managed
from provisioning.notify.channels.chat import read_target
from provisioning.notify.channels.mail import check_address
from provisioning.notify.plain import name_of
from provisioning.notify.schedule import MESSAGE_AGE
from provisioning.notify.topics import FOR_PEOPLE, FOR_TEAMS
from provisioning.secret_text import encrypt

CHANNELS_AT_MOST: Final = 10
"""For one person or team."""


@dataclass(frozen=True, slots=True)
class ChannelChoice:
    """What a person chooses about a channel. An empty `address` keeps the one that is stored."""

    name: str
    address: str
    topics: Sequence[str]
    timing: str = ChannelTiming.IMMEDIATELY
    daily_at: time = time(9)
    time_zone: str = "UTC"


def add_channel(
    *, actor: User, choice: ChannelChoice, team: Team | None = None, kind: str = ChannelKind.CHAT
) -> NotificationChannel:
    """Add a channel for the actor, or for a team that the actor owns. A team's channel may be a mail
    address. Raises NotAllowed and Refused.
    """
    if team is not None:
        check_may(actor, team, Permission.MANAGE)
    elif kind == ChannelKind.MAIL:
        raise Refused("Your own mail goes to the address of your account.")
    target = _target(kind, choice.address)
    at = clock.now()
    owner = {"team": team} if team is not None else {"user": actor}
    with transaction.atomic():
        _lock_owner(actor, team)
        if NotificationChannel.objects.filter(**owner).count() >= CHANNELS_AT_MOST:
            raise Refused(f"There are {CHANNELS_AT_MOST} channels already. Remove one first.")
        channel = NotificationChannel(
            **owner, kind=kind, scheme=target.scheme, masked=target.masked, created_by=actor, created_at=at
        )
        channel.target = encrypt(target.address, purpose=CHANNEL_TARGET)
        _apply(channel, choice)
        channel.save()
        _audit(AuditAction.CHANNEL_ADD, channel, actor)
    return channel


def change_channel(*, actor: User, channel: NotificationChannel, choice: ChannelChoice) -> NotificationChannel:
    """Change what a channel is for, or its address. A new address switches it on again. Raises
    NotAllowed and Refused.
    """
    _check(actor, channel)
    is_own_mail = channel.kind == ChannelKind.MAIL and channel.team_id is None
    target = _target(channel.kind, choice.address) if choice.address and not is_own_mail else None
    with transaction.atomic():
        row = _locked(actor, channel)
        before = _shown(row)
        _apply(row, choice)
        if target is not None:
            row.target = encrypt(target.address, purpose=CHANNEL_TARGET)
            row.scheme, row.masked = target.scheme, target.masked
            row.disabled_at, row.disabled_reason, row.failing_since, row.last_error = None, "", None, ""
        row.save()
        if (after := _shown(row)) != before or target is not None:
            _audit(AuditAction.CHANNEL_CHANGE, row, actor, before=before, after=after)
    return row


def switch_on_channel(*, actor: User, channel: NotificationChannel) -> None:
    """Use a channel again that the portal had switched off."""
    _check(actor, channel)
    with transaction.atomic():
        row = _locked(actor, channel)
        stopped = NotificationChannel.objects.filter(pk=row.pk).exclude(disabled_at=None)
        if stopped.update(disabled_at=None, disabled_reason="", failing_since=None, last_error=""):
            _audit(AuditAction.CHANNEL_CHANGE, row, actor, before={"is_on": False}, after={"is_on": True})


def remove_channel(*, actor: User, channel: NotificationChannel) -> None:
    """Remove a channel with the messages that it has not delivered yet. A person's own mail cannot be
    removed, because security events go there.
    """
    _check(actor, channel)
    if channel.kind == ChannelKind.MAIL and channel.user_id is not None:
        raise Refused("Your own mail cannot be removed: security events go there. Untick its topics instead.")
    with transaction.atomic():
        row = _locked(actor, channel)
        _audit(AuditAction.CHANNEL_REMOVE, row, actor)
        row.delete()


def send_test(*, actor: User, channel: NotificationChannel) -> NotificationDelivery:
    """Send a test message through the channel, now. Its delivery shows how that went. Raises Refused
    while an earlier test is pending.
    """
    _check(actor, channel)
    at = clock.now()
    with transaction.atomic():
        row = _locked(actor, channel)
        gathers = "test"
        waiting = NotificationDelivery.objects.filter(
            channel=row, gathers=gathers, state__in=(DeliveryState.PENDING, DeliveryState.SENDING)
        )
        if waiting.exists():
            raise Refused("A test message is on its way. Reload the page to see how it goes.")
        subject = "Test message from the portal"
        delivery = NotificationDelivery.objects.create(
            channel=row, gathers=gathers, subject=subject, created_at=at, due_at=at, expires_at=at + MESSAGE_AGE
        )
        text = f"{name_of(actor)} sent this test. Messages for this channel arrive here."
        NotificationMessage.objects.create(
            delivery=delivery, channel=row, topic=FOR_PEOPLE[0], subject=subject, text=text, path="/", at=at
        )
        _audit(AuditAction.CHANNEL_SEND_TEST, row, actor)
    return delivery


@dataclass(frozen=True, slots=True)
class _Target:
    address: str
    scheme: str
    masked: str


def _target(kind: str, address: str) -> _Target:
    try:
        if kind == ChannelKind.MAIL:
            checked = check_address(address.strip())
            return _Target(checked, "mail", checked)
        chat = read_target(address)
    except Refused as refused:
        raise InvalidFields({"address": [refused.sentence]}) from None
    return _Target(chat.url, chat.scheme, chat.masked)


def _apply(channel: NotificationChannel, choice: ChannelChoice) -> None:
    offered = {str(topic) for topic in (FOR_TEAMS if channel.team_id is not None else FOR_PEOPLE)}
    if unknown := sorted(set(choice.topics) - offered):
        raise InvalidFields({"topics": [f"There is no topic {unknown[0]}."]})
    if choice.timing not in ChannelTiming.values:
        raise InvalidFields({"timing": ["Choose when messages are sent."]})
    if choice.time_zone not in available_timezones():
        sentence = f"There is no time zone {choice.time_zone[:60]}. Enter one such as Europe/Dublin."
        raise InvalidFields({"time_zone": [sentence]})
    if not choice.name.strip():
        raise InvalidFields({"name": ["Enter a name for the channel."]})
    channel.name, channel.topics = choice.name.strip(), sorted(set(choice.topics))
    channel.timing, channel.daily_at, channel.time_zone = choice.timing, choice.daily_at, choice.time_zone


def _check(actor: User, channel: NotificationChannel) -> None:
    if channel.team is not None:
        check_may(actor, channel.team, Permission.MANAGE)
    elif channel.user_id != actor.pk:
        raise NotAllowed("Only its owner may change this channel.")


def _lock_owner(actor: User, team: Team | None) -> None:
    """Lock the team, or without one the actor, so that their channels are counted one at a time."""
    if team is not None:
        lock_managed(actor, team)
    elif not User.objects.select_for_update(no_key=True).get(pk=actor.pk).is_active:
        raise NotAllowed("Your account was deactivated.")


def _locked(actor: User, channel: NotificationChannel) -> NotificationChannel:
    """Lock the channel and check the right to it again. Raises NotAllowed, NotFound and WrongState."""
    _lock_owner(actor, channel.team)
    rows = NotificationChannel.objects.select_for_update(of=("self",)).select_related("team")
    if (row := rows.filter(pk=channel.pk).first()) is None:
        raise NotFound(NO_SUCH_CHANNEL)
    return row


def _shown(channel: NotificationChannel) -> dict[str, object]:
    return {
        "name": channel.name,
        "address": channel.masked,
        "topics": list(channel.topics),
        "timing": channel.timing,
        "daily_at": f"{channel.daily_at:%H:%M} {channel.time_zone}",
    }


def _audit(
    action: AuditAction,
    channel: NotificationChannel,
    actor: User,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
) -> None:
    audit_event(
        action,
        actor=actor,
        at=clock.now(),
        team=channel.team,
        subject=channel.name,
        subject_id=channel.pk,
        before=before,
        after=after if after is not None else _shown(channel) if action == AuditAction.CHANNEL_ADD else None,
    )
