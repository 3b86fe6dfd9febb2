"""Sends the messages that are due. People get each message at most once."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction

from provisioning.lifecycle import clock
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.models import (
    AllowedDestination,
    ChannelKind,
    DeliveryState,
    NotificationChannel,
    NotificationDelivery,
    NotificationMessage,
)
from provisioning.models.notification import CHANNEL_TARGET
from provisioning.notify.audience import may_hear
from provisioning.notify.channels.chat import send_chat
from provisioning.notify.channels.mail import send_mail
from provisioning.notify.channels.outcome import Mail, Outcome, Result
from provisioning.notify.dispatch import AT_A_TIME, Dispatcher, Sending
from provisioning.notify.outbox import Queue, release_abandoned
from provisioning.notify.schedule import MESSAGE_WAITS, wait_after
from provisioning.notify.topics import Topic
from provisioning.notify.wording import link_to
from provisioning.outgoing import Guard
from provisioning.secret_text import UndecryptableError, decrypt

QUEUE: Final = Queue(
    table=NotificationDelivery._meta.db_table,  # noqa: SLF001 - Django documents _meta
    receiver="channel_id",
    receivers=NotificationChannel._meta.db_table,  # noqa: SLF001 - as above
    lane="CASE r.kind WHEN 'mail' THEN 'mail' ELSE COALESCE(r.team_id, r.user_id)::text END",
)
_DISPATCHER: Final[Dispatcher[Outcome | None]] = Dispatcher(QUEUE)
SHOWN: Final = 20
"""Messages that a digest spells out."""
STOP_AFTER: Final = timedelta(days=7)
_LOST: Final = "The worker ended while it sent the message. It may have arrived, so it is not sent again."
_UNEXPECTED: Final = Outcome(Result.UNCLEAR, "The portal failed while it sent the message. It may have arrived.")
_RESULTS: Final = {
    Result.SENT: DeliveryState.DELIVERED,
    Result.REFUSED: DeliveryState.FAILED,
    Result.UNCLEAR: DeliveryState.UNKNOWN,
}


def deliver_messages(*, limit: int = AT_A_TIME) -> int:
    """Send what is due. Returns how many deliveries it has claimed.

    Each is claimed right before it is sent: if the worker ends, only what it was sending may have
    arrived.
    """
    for abandoned in release_abandoned(QUEUE, state=DeliveryState.UNKNOWN):
        NotificationDelivery.objects.filter(pk=abandoned).update(finished_at=clock.now(), last_error=_LOST)
    guard = Guard(AllowedDestination.rules())

    def begin(delivery_id: UUID, holder: UUID) -> Sending[Outcome | None] | None:
        rows = NotificationDelivery.objects.select_related("channel__user", "channel__team")
        if (delivery := rows.filter(pk=delivery_id).first()) is None:  # removed with its channel
            return None
        return Sending(_letter(delivery, guard), partial(_finish, delivery, holder), unexpected=_UNEXPECTED)

    return _DISPATCHER.run(begin, limit=limit)


def _letter(delivery: NotificationDelivery, guard: Guard) -> Callable[[], Outcome | None]:
    """Return what sends the delivery's messages as one. Its result is None if nobody may or needs to
    read them any more.
    """
    channel = delivery.channel
    messages = _readable(delivery)
    if not messages:
        return lambda: None
    message = _compose(delivery, messages)
    if channel.kind == ChannelKind.MAIL and channel.user is not None:
        if not (address := channel.user.email):
            return lambda: Outcome(Result.REFUSED, "Your account has no mail address.")
        return lambda: send_mail(address, message)
    try:
        target = decrypt(channel.target, purpose=CHANNEL_TARGET)
    except UndecryptableError:
        return lambda: Outcome(Result.REFUSED, "The address cannot be decrypted any more. Enter it again.")
    if channel.kind == ChannelKind.MAIL:
        return lambda: send_mail(target, message)
    return lambda: send_chat(target, message, guard)


def _readable(delivery: NotificationDelivery) -> list[NotificationMessage]:
    """The messages that their holder may still read: people leave teams while a message waits."""
    channel = delivery.channel
    messages = delivery.messages.select_related("event__team").order_by("at", "id")
    if channel.user is None:
        return list(messages)
    if not channel.user.is_active:
        return []
    return [
        message
        for message in messages
        if message.event is None or may_hear(channel.user, message.event, topic=Topic(message.topic))
    ]


def _compose(delivery: NotificationDelivery, messages: Sequence[NotificationMessage]) -> Mail:
    last = messages[-1]
    footer = f"Change what you hear about: {link_to('/notifications/')}"
    if len(messages) == 1:
        return Mail(str(delivery.pk), last.subject, (last.text,), link_to(last.path), footer)
    is_digest = delivery.gathers == "digest"
    subject = f"{len(messages)} updates from the portal" if is_digest else f"{last.subject} (+{len(messages) - 1})"
    lines = [f"{message.text} {link_to(message.path)}" if is_digest else message.text for message in messages[:SHOWN]]
    if len(messages) > SHOWN:
        lines.append(f"… and {len(messages) - SHOWN} more.")
    return Mail(str(delivery.pk), subject[:200], tuple(lines), link_to("/" if is_digest else last.path), footer)


def _finish(delivery: NotificationDelivery, holder: UUID, outcome: Outcome | None) -> None:
    """Write what came of it, unless the claim has run out meanwhile: then somebody has written that
    nobody knows.
    """
    at = clock.now()
    fields: dict[str, object] = {"holder": None, "lease_until": None, "finished_at": at}
    if outcome is None:
        fields |= {"state": DeliveryState.SKIPPED, "last_error": "The recipient may no longer read this message."}
    elif outcome.result is Result.RETRY:
        wait = wait_after(delivery.attempts, MESSAGE_WAITS)
        is_over = wait is None or at + wait > delivery.expires_at
        fields |= {"state": DeliveryState.FAILED, "last_error": outcome.reason}
        if not is_over and wait is not None:
            fields |= {"state": DeliveryState.PENDING, "due_at": at + wait, "finished_at": None}
    else:
        fields |= {"state": _RESULTS[outcome.result], "last_error": outcome.reason}
    with transaction.atomic():
        mine = NotificationDelivery.objects.filter(pk=delivery.pk, state=DeliveryState.SENDING, holder=holder)
        if mine.update(**fields) and outcome is not None:
            _note_health(delivery.channel, outcome, at=at)


def _note_health(channel: NotificationChannel, outcome: Outcome, *, at: datetime) -> None:
    """Note how the channel does. A chat or team channel that has failed for days is switched off.

    A person's mail never is, because security events go there.
    """
    if outcome.result is Result.SENT:
        NotificationChannel.objects.filter(pk=channel.pk).update(delivered_at=at, failing_since=None, last_error="")
        return
    row = NotificationChannel.objects.select_for_update().get(pk=channel.pk)
    row.failing_since = row.failing_since or at
    row.last_error = outcome.reason[:500]
    is_own_mail = row.kind == ChannelKind.MAIL and row.user_id is not None
    if row.disabled_at is None and not is_own_mail and at - row.failing_since >= STOP_AFTER:
        row.disabled_at, row.disabled_reason = at, f"It has failed for {STOP_AFTER.days} days. {outcome.reason}"[:500]
        audit_event(
            AuditAction.CHANNEL_STOP,
            actor=None,
            at=at,
            team=row.team,
            subject=row.name,
            subject_id=row.user_id or row.pk,
            reason=outcome.reason,
        )
    row.save(update_fields=["failing_since", "last_error", "disabled_at", "disabled_reason"])
