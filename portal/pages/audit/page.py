"""The list of audit events, and the page of one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from portal.pages.audit.forms import AuditFilterForm
from provisioning.errors import NotFound
from provisioning.lifecycle.access import AuditScope
from provisioning.lifecycle.audit import meaning_of
from provisioning.lifecycle.audit_chain import newest_anchor, rows_with_ids
from provisioning.lifecycle.read.audit import EXPORTED_AT_MOST, NO_SUCH_EVENT, AuditListing, audit_listing
from provisioning.lifecycle.verify_audit_export import Anchor, Row
from provisioning.models import AuditEvent


@dataclass(frozen=True, slots=True)
class AuditPage:
    """`query` is the filter as a part of a URL. `listing` is None if the filter has errors."""

    form: AuditFilterForm
    listing: AuditListing | None
    query: str
    is_filtered: bool
    is_everything: bool
    anchor: Anchor
    exported_at_most: int = EXPORTED_AT_MOST


@dataclass(frozen=True, slots=True)
class Difference:
    field: str
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class EventPage:
    """`row` is None until the event's transaction has ended. `verifies` is whether the event has the
    hash of its seal.
    """

    event: AuditEvent
    meaning: str
    differences: list[Difference]
    detail: list[tuple[str, str]]
    row: Row | None
    verifies: bool


def audit_page(scope: AuditScope, form: AuditFilterForm, *, query: str, cursor: str) -> AuditPage:
    is_valid = form.is_valid()
    return AuditPage(
        form=form,
        listing=audit_listing(scope, form.wanted, cursor=cursor) if is_valid else None,
        query=query,
        is_filtered=not is_valid or not form.wanted.is_empty,
        is_everything=scope.is_everything,
        anchor=newest_anchor(),
    )


def event_page(scope: AuditScope, pk: int) -> EventPage:
    """Raises NotFound."""
    event = AuditEvent.objects.filter(scope.condition, pk=pk).select_related("team", "environment").first()
    if event is None:
        raise NotFound(NO_SUCH_EVENT)
    row = next(rows_with_ids([event.pk]), None)
    return EventPage(
        event=event,
        meaning=meaning_of(event.action),
        differences=differences(event.before or {}, event.after or {}),
        detail=[(name, _text(value)) for name, value in event.detail.items()],
        row=row,
        verifies=row is not None and row.digest() == row.hash,
    )


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Difference]:
    """Every field of both sides, in order. A side that does not have it shows a dash."""
    return [Difference(name, _side(before, name), _side(after, name)) for name in dict.fromkeys([*before, *after])]


def _side(fields: Mapping[str, Any], name: str) -> str:
    return _text(fields[name]) if name in fields else "–"


def _text(value: Any) -> str:
    """A stored value in words: lists and objects become "approvers: 2, owners: 1; …"."""
    if value in (None, [], {}):
        return "none"
    match value:
        case str():
            return value
        case bool():
            return "yes" if value else "no"
        case list():
            return ("; " if any(isinstance(part, dict | list) for part in value) else ", ").join(map(_text, value))
        case dict():
            return ", ".join(f"{name}: {_text(part)}" for name, part in value.items())
    return str(value)
