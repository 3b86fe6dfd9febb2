"""Turns new audit events into messages and webhook deliveries, in one transaction with the cursor."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction
from django.db.models import Q

from provisioning.lifecycle import clock
from provisioning.lifecycle.database import DATABASE_AWAY
from provisioning.models import (
    AuditEvent,
    ChannelKind,
    DeliveryState,
    NotificationChannel,
    NotificationDelivery,
    NotificationMessage,
    User,
)
from provisioning.notify.audience import RULES, Recipients, recipients_of
from provisioning.notify.channels.mail import is_mail_configured
from provisioning.notify.feed import events_after, locked_cursor
from provisioning.notify.schedule import MESSAGE_AGE, first_due
from provisioning.notify.topics import FOR_PEOPLE, Topic
from provisioning.notify.webhooks.fan_out import add_webhook_deliveries
from provisioning.notify.wording import Text, text_for

log = logging.getLogger(__name__)

BATCH: Final = 100


def spread_events(*, limit: int = BATCH) -> int:
    """Write the messages and deliveries of the next events. Returns how many events it has read.

    Two workers cannot read the same events: the cursor is locked until its transaction ends.
    """
    with transaction.atomic():
        cursor = locked_cursor()
        read = events_after(cursor.position, limit=limit)
        if not read:
            return 0
        events = [event for _, event in read]
        at = clock.now()
        add_webhook_deliveries(events, at=at)
        for event in events:
            if event.action in RULES:
                _spread(event, at=at)
        cursor.position = read[-1][0]
        cursor.save(update_fields=["position"])
    return len(read)


def _spread(event: AuditEvent, *, at: datetime) -> None:
    """Write the messages of one event. An error costs only this event its messages: the cursor goes on."""
    try:
        with transaction.atomic():
            if (recipients := recipients_of(event)) is not None:
                _add_messages(event, recipients, at=at)
    except DATABASE_AWAY:
        raise  # all events of the batch are read again
    except Exception:
        log.exception("The audit event %s (%s) has become no message.", event.pk, event.action)


def mail_channel_of(person: User, *, at: datetime) -> NotificationChannel:
    """Return the person's mail channel. Until they choose, it gets everything that concerns them."""
    channel, _ = NotificationChannel.objects.get_or_create(
        user=person,
        kind=ChannelKind.MAIL,
        team=None,
        defaults={"name": "E-mail", "topics": [str(topic) for topic in FOR_PEOPLE], "created_at": at},
    )
    return channel


def _add_messages(event: AuditEvent, recipients: Recipients, *, at: datetime) -> None:
    text = text_for(event, recipients.request)
    for channel in _channels(recipients, at=at):
        delivery = _delivery_for(channel, event, recipients, text, at=at)
        NotificationMessage.objects.get_or_create(
            event=event,
            channel=channel,
            defaults={
                "delivery": delivery,
                "topic": str(recipients.topic),
                "subject": text.subject,
                "text": text.sentence,
                "path": text.path,
                "at": event.at,
            },
        )


def _channels(recipients: Recipients, *, at: datetime) -> Iterable[NotificationChannel]:
    topic = recipients.topic
    for person in recipients.people:
        if person.email and is_mail_configured():
            mail = mail_channel_of(person, at=at)
            if topic is Topic.SECURITY or (topic in mail.topics and mail.disabled_at is None):
                yield mail
    chosen = Q(user__in=recipients.people, kind=ChannelKind.CHAT) | Q(team__in=recipients.teams)
    enabled = NotificationChannel.objects.filter(chosen, topics__contains=[str(topic)], disabled_at=None)
    yield from enabled if is_mail_configured() else enabled.exclude(kind=ChannelKind.MAIL)


def _delivery_for(
    channel: NotificationChannel, event: AuditEvent, recipients: Recipients, text: Text, *, at: datetime
) -> NotificationDelivery:
    """Return the delivery that the message joins: one about the same thing that was not tried yet,
    or a new one.
    """
    gathers = _gathers(channel, event, recipients)
    due = first_due(channel, at=at, is_urgent=recipients.topic.is_urgent)
    open_ones = NotificationDelivery.objects.select_for_update().filter(
        channel=channel, gathers=gathers, state=DeliveryState.PENDING, attempts=0
    )
    if (delivery := open_ones.first()) is None:
        return NotificationDelivery.objects.create(
            channel=channel,
            gathers=gathers,
            subject=text.subject,
            created_at=at,
            due_at=due,
            expires_at=due + MESSAGE_AGE,
        )
    delivery.subject = text.subject
    delivery.save(update_fields=["subject"])
    return delivery


def _gathers(channel: NotificationChannel, event: AuditEvent, recipients: Recipients) -> str:
    if recipients.topic.is_urgent:
        return f"event:{event.pk}"
    if channel.timing != "immediately":
        return "digest"
    if recipients.request is not None:
        return f"request:{recipients.request.pk}"
    return f"environment:{event.environment_id}" if event.environment_id else f"event:{event.pk}"
