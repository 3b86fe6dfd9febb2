"""Rows for lists, with one query per page. Pages are read by key, so the thousandth costs as much as the first."""

from __future__ import annotations

import base64
import binascii
import json
from datetime import datetime
from uuid import UUID

from django.db.models import Q

from provisioning.lifecycle.access import decidable, is_approver, visible
from provisioning.lifecycle.planning import NO_LONGER_THERE
from provisioning.lifecycle.states import RequestState
from provisioning.models import Environment, Request, User

WAITING_SHOWN = 25
_ENVIRONMENT_FIELDS = (
    "id",
    "name",
    "state",
    "state_changed_at",
    "size",
    "region",
    "created_at",
    "team__name",
    "account__name",
    "blueprint_version__title",
    "blueprint_version__version",
)
_REQUEST_FIELDS = (
    "id",
    "kind",
    "state",
    "requested_at",
    "note",
    "expires_at",
    "requested_by_id",
    "requested_by__first_name",
    "requested_by__last_name",
    "requested_by__username",
    "environment__name",
    "environment__size",
    "environment__region",
    "environment__team__name",
    "environment__account__name",
    "environment__blueprint_version__title",
)


def environment_rows(
    condition: Q, *, limit: int, living: bool = False, after: tuple[datetime, UUID] | None = None
) -> list[dict[str, object]]:
    """Return environments, the newest first. `living` leaves out those that are gone or were withdrawn."""
    rows = Environment.objects.filter(condition)
    if living:
        rows = rows.exclude(state__in=NO_LONGER_THERE)
    if after is not None:
        rows = rows.filter(_behind("created_at", after))
    return list(rows.order_by("-created_at", "-id").values(*_ENVIRONMENT_FIELDS)[:limit])


def request_rows(condition: Q, *, limit: int, after: tuple[datetime, UUID] | None = None) -> list[dict[str, object]]:
    rows = Request.objects.filter(condition)
    if after is not None:
        rows = rows.filter(_behind("requested_at", after))
    return list(rows.order_by("-requested_at", "-id").values(*_REQUEST_FIELDS)[:limit])


def waiting_rows(user: User, limit: int = WAITING_SHOWN) -> list[dict[str, object]]:
    """Return the pending requests that concern the user: an approver's to decide, for others those of their teams."""
    if is_approver(user):
        return request_rows(decidable(user), limit=limit)
    return request_rows(Q(state=RequestState.WAITING) & visible(user, "environment__team"), limit=limit)


def _behind(field: str, after: tuple[datetime, UUID]) -> Q:
    at, pk = after
    return Q(**{f"{field}__lt": at}) | Q(**{field: at, "id__lt": pk})


def write_cursor(row: dict[str, object], field: str) -> str:
    at = row[field]
    text = json.dumps([at.isoformat() if isinstance(at, datetime) else "", str(row["id"])])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_cursor(text: str) -> tuple[datetime, UUID] | None:
    """Return the position of a cursor. None, the start of the list, without a cursor or for an invalid one."""
    try:
        at, pk = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
        moment = datetime.fromisoformat(at)
        return (moment, UUID(pk)) if moment.tzinfo else None
    except (ValueError, TypeError, AttributeError, RecursionError, binascii.Error):
        return None
