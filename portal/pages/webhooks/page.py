"""The pages of webhooks and of allowed destinations."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from django.db.models import Q

from portal.pages.webhooks.forms import DestinationForm, WebhookForm
from portal.web.cursor import Cursor
from portal.web.listing import PER_PAGE, Listing, listing_of
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import is_admin
from provisioning.models import AllowedDestination, User, Webhook
from provisioning.notify.access import check_may_manage_any_webhook, owned_teams, webhooks_of
from provisioning.notify.read import WebhookDeliveryLine, webhook_delivery_lines
from provisioning.notify.webhooks import verification_example

EXAMPLE: Final = Path(verification_example.__file__).read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class WebhooksPage:
    hooks: Sequence[Webhook]
    is_admin: bool


def webhooks_page(user: User) -> WebhooksPage:
    """Raises NotAllowed."""
    check_may_manage_any_webhook(user)
    return WebhooksPage(hooks=list(webhooks_of(user)), is_admin=is_admin(user))


@dataclass(frozen=True, slots=True)
class WebhookPage:
    """`secret` is set only in the answer that shows a new one."""

    hook: Webhook
    listing: Listing[WebhookDeliveryLine]
    signs_with_previous: bool
    secret: str = ""
    example: str = EXAMPLE


def webhook_page(hook: Webhook, *, cursor: str = "", secret: str = "") -> WebhookPage:
    after = Cursor.parse(cursor)
    condition = after.following("created_at") if after else Q()
    rows = webhook_delivery_lines(hook.pk, condition=condition, limit=PER_PAGE + 1)
    return WebhookPage(
        hook=hook,
        listing=listing_of(rows, lambda row: row.created_at),
        signs_with_previous=hook.previous_until is not None and hook.previous_until > clock.now(),
        secret=secret,
    )


@dataclass(frozen=True, slots=True)
class WebhookFormPage:
    form: WebhookForm
    hook: Webhook | None


def new_webhook_form(user: User, data: object | None) -> WebhookForm:
    """Raises NotAllowed for people who may add none."""
    check_may_manage_any_webhook(user)
    return WebhookForm(data, teams=owned_teams(user), for_portal=is_admin(user))


@dataclass(frozen=True, slots=True)
class DestinationsPage:
    form: DestinationForm
    destinations: Sequence[AllowedDestination]


def destinations_page(form: DestinationForm) -> DestinationsPage:
    rows = AllowedDestination.objects.select_related("created_by").order_by("host", "network")
    return DestinationsPage(form=form, destinations=list(rows))
