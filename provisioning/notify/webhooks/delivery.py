"""Posts the webhooks that are due. Each event arrives at least once."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Final
from uuid import UUID

from django.db import transaction

from provisioning.lifecycle import clock
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.models import AllowedDestination, DeliveryState, Webhook, WebhookAttempt, WebhookDelivery
from provisioning.models.webhook import WEBHOOK_SECRET, WEBHOOK_URL
from provisioning.notify.dispatch import AT_A_TIME, Dispatcher, Sending
from provisioning.notify.outbox import Queue, release_abandoned
from provisioning.notify.schedule import WEBHOOK_WAITS, wait_after
from provisioning.notify.webhooks.signing import headers
from provisioning.outgoing import Answer, ForbiddenDestinationError, Guard, OutgoingError, post
from provisioning.secret_text import UndecryptableError, decrypt

QUEUE: Final = Queue(
    table=WebhookDelivery._meta.db_table,  # noqa: SLF001 - Django documents _meta
    receiver="webhook_id",
    receivers=Webhook._meta.db_table,  # noqa: SLF001 - as above
    lane="COALESCE(r.team_id::text, 'portal')",
)
STOP_AFTER: Final = timedelta(days=3)
GONE: Final = 410
_LOST: Final = "The worker ended before the answer came. The same delivery is sent again."

Poster = Callable[..., Answer]


@dataclass(frozen=True, slots=True)
class Posted:
    """One attempt and what came of it. `is_final`: another attempt would not help."""

    status: int | None = None
    duration_ms: int | None = None
    error: str = ""
    retry_after: timedelta | None = None
    is_final: bool = False

    @property
    def is_ok(self) -> bool:
        return self.status is not None and 200 <= self.status < 300  # noqa: PLR2004 - as the specification says


_BROKEN: Final = Posted(error="The portal failed while it sent the delivery.")


@dataclass(frozen=True, slots=True)
class _Letter:
    url: str
    body: bytes
    headers: Mapping[str, str]


_DISPATCHER: Final[Dispatcher[Posted]] = Dispatcher(QUEUE)


def deliver_webhooks(*, limit: int = AT_A_TIME, poster: Poster = post) -> int:
    """Post what is due, several at a time. Returns how many deliveries it has claimed."""
    for abandoned in release_abandoned(QUEUE, state=DeliveryState.PENDING):
        _note_lost(abandoned)
    guard = Guard(AllowedDestination.rules())

    def begin(delivery_id: UUID, holder: UUID) -> Sending[Posted] | None:
        delivery = WebhookDelivery.objects.select_related("webhook__team").filter(pk=delivery_id).first()
        if delivery is None:  # removed with its webhook
            return None
        letter = _letter(delivery, at=clock.now())
        return Sending(partial(_post, letter, guard, poster), partial(_finish, delivery, holder), unexpected=_BROKEN)

    return _DISPATCHER.run(begin, limit=limit)


def active_secrets(hook: Webhook, *, at: datetime) -> Sequence[str]:
    """The secret, and the previous one while it is still used. Raises UndecryptableError."""
    secrets = [decrypt(hook.secret, purpose=WEBHOOK_SECRET)]
    if hook.previous_secret and hook.previous_until is not None and hook.previous_until > at:
        secrets.append(decrypt(hook.previous_secret, purpose=WEBHOOK_SECRET))
    return secrets


def _letter(delivery: WebhookDelivery, *, at: datetime) -> _Letter | Posted:
    """What to send. The timestamp is that of the attempt, so that a retry is no replay."""
    hook = delivery.webhook
    if hook.disabled_at is not None:
        return Posted(error="The webhook is switched off.", is_final=True)
    try:
        url, secrets = decrypt(hook.url, purpose=WEBHOOK_URL), active_secrets(hook, at=at)
    except UndecryptableError:
        return Posted(error="The address or the secret cannot be decrypted any more. Enter it again.", is_final=True)
    body = delivery.body.encode()
    sent = headers(secrets, message_id=str(delivery.pk), timestamp=int(at.timestamp()), body=body)
    return _Letter(url=url, body=body, headers=sent)


def _post(letter: _Letter | Posted, guard: Guard, poster: Poster) -> Posted:
    """Runs in a thread, and uses no database."""
    if isinstance(letter, Posted):
        return letter
    try:
        answer = poster(letter.url, body=letter.body, headers=letter.headers, guard=guard)
    except ForbiddenDestinationError as error:
        return Posted(error=error.sentence, is_final=True)
    except OutgoingError as error:
        return Posted(error=error.sentence)
    is_ok = 200 <= answer.status < 300  # noqa: PLR2004 - as the specification says
    seconds = int(answer.retry_after) if answer.retry_after.isdecimal() else 0
    return Posted(
        status=answer.status,
        duration_ms=answer.duration_ms,
        error="" if is_ok else f"The answer was {answer.status}, not 200 to 299.",
        retry_after=timedelta(seconds=min(seconds, 100_000)) if seconds else None,
        is_final=answer.status == GONE,
    )


def _finish(delivery: WebhookDelivery, holder: UUID, posted: Posted) -> None:
    at = clock.now()
    wait = wait_after(delivery.attempts, WEBHOOK_WAITS, retry_after=posted.retry_after)
    fields: dict[str, object] = {"holder": None, "lease_until": None, "finished_at": at}
    if posted.is_ok:
        fields["state"] = DeliveryState.DELIVERED
    elif posted.is_final or wait is None or at + wait > delivery.expires_at:
        fields["state"] = DeliveryState.FAILED
    else:
        fields |= {"state": DeliveryState.PENDING, "due_at": at + wait, "finished_at": None}
    with transaction.atomic():
        mine = WebhookDelivery.objects.filter(pk=delivery.pk, state=DeliveryState.SENDING, holder=holder)
        if not mine.update(**fields):
            return
        WebhookAttempt.objects.create(
            delivery=delivery,
            number=delivery.attempts,
            at=at,
            duration_ms=posted.duration_ms,
            status_code=posted.status,
            error=posted.error[:500],
        )
        _note_health(delivery.webhook, posted, at=at)


def _note_health(hook: Webhook, posted: Posted, *, at: datetime) -> None:
    """Switch off a webhook whose receiver is gone, or that has failed for days, and tell its owners."""
    if posted.is_ok:
        Webhook.objects.filter(pk=hook.pk).update(delivered_at=at, failing_since=None)
        return
    row = Webhook.objects.select_for_update().get(pk=hook.pk)
    if row.disabled_at is not None:
        return
    row.failing_since = row.failing_since or at
    if posted.status == GONE:
        row.disabled_at, row.disabled_reason = at, "The receiver answered 410 Gone: it wants no more webhooks."
    elif at - row.failing_since >= STOP_AFTER:
        row.disabled_at, row.disabled_reason = at, f"It has failed for {STOP_AFTER.days} days. {posted.error}"[:500]
    if row.disabled_at is not None:
        audit_event(
            AuditAction.WEBHOOK_STOP,
            actor=None,
            at=at,
            team=row.team,
            subject=row.name,
            subject_id=row.pk,
            reason=row.disabled_reason,
        )
    row.save(update_fields=["failing_since", "disabled_at", "disabled_reason"])


def _note_lost(delivery_id: UUID) -> None:
    delivery = WebhookDelivery.objects.get(pk=delivery_id)
    WebhookAttempt.objects.get_or_create(
        delivery=delivery, number=delivery.attempts, defaults={"at": clock.now(), "error": _LOST}
    )
