"""Add, change, test and remove webhooks, and replace their secrets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import transaction

from provisioning.errors import InvalidFields, NotFound, Refused, WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.audit import AuditAction, audit_event
from provisioning.models import AllowedDestination, DeliveryState, Team, User, Webhook, WebhookDelivery
from provisioning.models.webhook import WEBHOOK_SECRET, WEBHOOK_URL
from provisioning.notify.access import NO_SUCH_WEBHOOK, check_may_manage, lock_managed
from provisioning.notify.schedule import WEBHOOK_AGE
from provisioning.notify.webhooks.payload import TEST_TYPE, body_of_test, event_types
from provisioning.notify.webhooks.signing import ROTATION_OVERLAP, new_secret
from provisioning.outgoing import Guard, OutgoingError
from provisioning.secret_text import encrypt

WEBHOOKS_AT_MOST: Final = 20
"""Of one team, and of the portal."""


@dataclass(frozen=True, slots=True)
class WebhookChoice:
    """What a person chooses about a webhook. An empty `url` keeps the one that is stored, and no
    `events` means all.
    """

    name: str
    url: str
    events: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class NewSecret:
    """The secret is shown once: only its ciphertext is stored."""

    webhook: Webhook
    secret: str


def create_webhook(*, actor: User, team: Team | None, choice: WebhookChoice) -> NewSecret:
    """Add a webhook of a team, or without one of the portal. Raises NotAllowed and Refused."""
    check_may_manage(actor, team)
    masked = _checked(choice.url)
    secret = new_secret()
    with transaction.atomic():
        lock_managed(actor, team)
        if Webhook.objects.filter(team=team).count() >= WEBHOOKS_AT_MOST:
            raise Refused(f"There are {WEBHOOKS_AT_MOST} webhooks already. Remove one first.")
        hook = Webhook(
            team=team,
            url=encrypt(choice.url.strip(), purpose=WEBHOOK_URL),
            masked=masked,
            secret=encrypt(secret, purpose=WEBHOOK_SECRET),
            created_by=actor,
            created_at=clock.now(),
        )
        _apply(hook, choice)
        hook.save()
        _audit(AuditAction.WEBHOOK_CREATE, hook, actor, after=_shown(hook))
    return NewSecret(hook, secret)


def change_webhook(*, actor: User, webhook: Webhook, choice: WebhookChoice) -> Webhook:
    """Change name, address or events. A new address switches the webhook on again. Raises NotAllowed
    and Refused.
    """
    check_may_manage(actor, webhook.team)
    masked = _checked(choice.url) if choice.url.strip() else ""
    with transaction.atomic():
        row = _locked(actor, webhook)
        before = _shown(row)
        _apply(row, choice)
        if masked:
            row.url, row.masked = encrypt(choice.url.strip(), purpose=WEBHOOK_URL), masked
            row.disabled_at, row.disabled_reason, row.failing_since = None, "", None
        row.save()
        if (after := _shown(row)) != before or masked:
            _audit(AuditAction.WEBHOOK_CHANGE, row, actor, before=before, after=after)
    return row


def switch_webhook(*, actor: User, webhook: Webhook, on: bool) -> None:
    """Switch a webhook on or off. While it is off, events are not kept for it."""
    check_may_manage(actor, webhook.team)
    at = clock.now()
    fields = (
        {"disabled_at": None, "disabled_reason": "", "failing_since": None}
        if on
        else {"disabled_at": at, "disabled_reason": f"{actor.get_username()} switched it off."}
    )
    with transaction.atomic():
        row = _locked(actor, webhook)
        if Webhook.objects.filter(pk=row.pk, disabled_at__isnull=not on).update(**fields):
            _audit(AuditAction.WEBHOOK_CHANGE, row, actor, before={"is_on": not on}, after={"is_on": on})


def rotate_secret(*, actor: User, webhook: Webhook, end_previous_now: bool = False) -> NewSecret:
    """Give the webhook a new secret. For a day, bodies are signed with both, unless the previous one
    is known to somebody else and ends now.
    """
    check_may_manage(actor, webhook.team)
    secret, at = new_secret(), clock.now()
    with transaction.atomic():
        row = _locked(actor, webhook)
        row.previous_secret = "" if end_previous_now else row.secret
        row.previous_until = None if end_previous_now else at + ROTATION_OVERLAP
        row.secret = encrypt(secret, purpose=WEBHOOK_SECRET)
        row.save(update_fields=["secret", "previous_secret", "previous_until"])
        _audit(AuditAction.WEBHOOK_ROTATE, row, actor, ends_now=end_previous_now)
    return NewSecret(row, secret)


def remove_webhook(*, actor: User, webhook: Webhook) -> None:
    """Remove a webhook with its deliveries."""
    check_may_manage(actor, webhook.team)
    with transaction.atomic():
        row = _locked(actor, webhook)
        _audit(AuditAction.WEBHOOK_REMOVE, row, actor, before=_shown(row))
        row.delete()


def send_test(*, actor: User, webhook: Webhook) -> WebhookDelivery:
    """Send a delivery of type `webhook.test`. Raises NotAllowed, and WrongState while it is off."""
    check_may_manage(actor, webhook.team)
    with transaction.atomic():
        row = _locked(actor, webhook)
        _check_is_on(row)
        if WebhookDelivery.objects.filter(webhook=row, type=TEST_TYPE, state=DeliveryState.PENDING).exists():
            raise Refused("A test is on its way. Reload the page to see how it goes.")
        _audit(AuditAction.WEBHOOK_SEND_TEST, row, actor)
        return _new_test(row, at=clock.now())


def redeliver(*, actor: User, delivery: WebhookDelivery) -> None:
    """Send a finished delivery again, with the same id and the same body. Raises NotAllowed and
    WrongState.
    """
    hook = delivery.webhook
    check_may_manage(actor, hook.team)
    at = clock.now()
    with transaction.atomic():
        hook = _locked(actor, hook)
        _check_is_on(hook)
        finished = (DeliveryState.DELIVERED, DeliveryState.FAILED, DeliveryState.SKIPPED)
        rows = WebhookDelivery.objects.filter(pk=delivery.pk, state__in=finished)
        if not rows.update(state=DeliveryState.PENDING, due_at=at, expires_at=at + WEBHOOK_AGE, finished_at=None):
            raise WrongState("This delivery is being sent already.")
        _audit(AuditAction.WEBHOOK_REDELIVER, hook, actor, delivery=str(delivery.pk), type=delivery.type)


def _locked(actor: User, webhook: Webhook) -> Webhook:
    """Lock the webhook and check the right to it again. Raises NotAllowed, NotFound and WrongState."""
    lock_managed(actor, webhook.team)
    row = Webhook.objects.select_for_update(of=("self",)).select_related("team").filter(pk=webhook.pk).first()
    if row is None:
        raise NotFound(NO_SUCH_WEBHOOK)
    return row


def _check_is_on(hook: Webhook) -> None:
    if hook.disabled_at is not None:
        raise WrongState("The webhook is switched off. Switch it on first.")


def _new_test(webhook: Webhook, *, at: datetime) -> WebhookDelivery:
    return WebhookDelivery.objects.create(
        webhook=webhook,
        type=TEST_TYPE,
        body=body_of_test(at),
        created_at=at,
        due_at=at,
        expires_at=at + WEBHOOK_AGE,
    )


def _checked(url: str) -> str:
    """Check the address and return what pages show of it. Raises Refused."""
    try:
        destination = Guard(AllowedDestination.rules()).check(url.strip())
    except OutgoingError as error:
        raise InvalidFields({"url": [error.sentence]}) from None
    return f"{destination.scheme}://{destination.authority}/…"


def _apply(hook: Webhook, choice: WebhookChoice) -> None:
    if not choice.name.strip():
        raise InvalidFields({"name": ["Enter a name for the webhook."]})
    known = event_types()
    if unknown := sorted(set(choice.events) - set(known)):
        raise InvalidFields({"events": [f"There is no event {unknown[0]}."]})
    hook.name, hook.events = choice.name.strip(), sorted(set(choice.events))


def _shown(hook: Webhook) -> dict[str, object]:
    return {"name": hook.name, "address": hook.masked, "events": list(hook.events) or ["all"]}


def _audit(
    action: AuditAction,
    hook: Webhook,
    actor: User,
    *,
    before: dict[str, object] | None = None,
    after: dict[str, object] | None = None,
    **detail: Any,
) -> None:
    audit_event(
        action,
        actor=actor,
        at=clock.now(),
        team=hook.team,
        subject=hook.name,
        subject_id=hook.pk,
        before=before,
        after=after,
        **detail,
    )
