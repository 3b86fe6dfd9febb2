"""The messages that EventBridge sends to an account's event queue: what they say, and writing it.

Detail fields: the CloudFormation user guide, "Stack Status Change event detail" and "Resource
Status Change event detail". Messages may come twice, late or out of order, and may be lost.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from provisioning.aws import RESOURCE_STATUSES, interface
from provisioning.aws.change_sets import QueuedEvent
from provisioning.lifecycle.ledger import write_events
from provisioning.lifecycle.poller.sights import is_settled
from provisioning.lifecycle.transitions import bump
from provisioning.models import Operation, Stack, StackEvent, StackResource

log = logging.getLogger(__name__)

STACK_CHANGE: Final = "CloudFormation Stack Status Change"
RESOURCE_CHANGE: Final = "CloudFormation Resource Status Change"
SAME_CHANGE: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Notice:
    """A stack or one of its resources has changed its status. `logical_id` is empty for a stack."""

    event_id: str
    at: datetime
    stack_id: str
    status: str
    reason: str
    token: str
    logical_id: str = ""
    physical_id: str = ""
    type: str = ""

    @property
    def ends_stack(self) -> bool:
        return not self.logical_id and is_settled(self.status)


def read_notices(messages: Iterable[QueuedEvent]) -> list[Notice]:
    """The notices in these messages, oldest first and each once.

    A message that is no event of CloudFormation is logged and left out.
    """
    notices: dict[str, Notice] = {}
    for message in messages:
        if (notice := _notice(message.body)) is not None:
            notices.setdefault(notice.event_id, notice)
    return sorted(notices.values(), key=lambda notice: notice.at)


def _notice(body: str) -> Notice | None:
    try:
        event = json.loads(body)
        if event["detail-type"] not in (STACK_CHANGE, RESOURCE_CHANGE):
            return None  # a drift detection: its own operation asks for the result
        return _parsed(event)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        log.warning("A message of the event queue cannot be read and is deleted: %s", error)
        return None


def _parsed(event: dict[str, Any]) -> Notice:
    detail = event["detail"]
    at = datetime.fromisoformat(event["time"])
    if at.tzinfo is None:
        raise ValueError(f"the time {event['time']} has no time zone")
    return Notice(
        event_id=f"eventbridge-{event['id']}",
        at=at,
        stack_id=detail["stack-id"],
        status=detail["status-details"]["status"],
        reason=detail["status-details"].get("status-reason", ""),
        token=detail.get("client-request-token", ""),
        logical_id=detail.get("logical-resource-id", ""),
        physical_id=detail.get("physical-resource-id", ""),
        type=detail.get("resource-type", ""),
    )


def write_notices(notices: Sequence[Notice], *, now: datetime) -> list[Stack]:
    """Write notices about our stacks. Returns the stacks whose end or change they announce.

    The end itself is not written: the poller describes the stack, which a late notice cannot fool.
    Resources are written for environments that somebody is viewing, and wherever one has failed.
    """
    by_stack: dict[str, list[Notice]] = {}
    for notice in notices:
        by_stack.setdefault(notice.stack_id, []).append(notice)
    rows = Stack.objects.filter(stack_id__in=by_stack).select_related("environment__account")
    announced = []
    for row in rows:
        ours = _our_tokens(row)
        viewed = row.environment.viewed_until is not None and row.environment.viewed_until > now
        about_stack = [notice for notice in by_stack[row.stack_id] if not notice.logical_id]
        about_resources = [
            notice
            for notice in by_stack[row.stack_id]
            if notice.logical_id and (viewed or _has_failed(notice)) and not _is_outdated(row, notice)
        ]
        foreign = [notice for notice in about_stack if not notice.token.startswith(ours)]
        shown = [*foreign, *(about_stack if viewed else ()), *about_resources]
        if write_once(row, [_as_event(row, notice) for notice in shown]):
            bump(row.environment_id)
        if any(notice.ends_stack and _is_news(row, notice) for notice in about_stack) or foreign:
            announced.append(row)
    return announced


def foreign_changes(stack: Stack, *, since: datetime) -> list[StackEvent]:
    """The events of operations on a stack that are not the portal's, oldest first."""
    ours = _our_tokens(stack)
    events = StackEvent.objects.filter(stack=stack, at__gte=since, logical_id=stack.name).order_by("at", "id")
    return [event for event in events if event.token and not event.token.startswith(ours)]


def _our_tokens(stack: Stack) -> tuple[str, ...]:
    """The beginnings of the client tokens of an environment's operations."""
    tokens = (
        Operation.objects.filter(environment=stack.environment_id).exclude(token="").values_list("token", flat=True)
    )
    return tuple(tokens)


def _is_news(row: Stack, notice: Notice) -> bool:
    """Whether a notice may be newer than the row: events have whole seconds."""
    return row.polled_at is None or notice.at >= row.polled_at.replace(microsecond=0)


def _has_failed(notice: Notice) -> bool:
    status = RESOURCE_STATUSES.get(notice.status)
    return status is not None and status.failed


def _is_outdated(row: Stack, notice: Notice) -> bool:
    """Whether the ledger knows something newer about the resource already.

    In the same second, the beginning of what has ended comes too late.
    """
    known = StackResource.objects.filter(
        stack=row, logical_id=notice.logical_id, physical_id=notice.physical_id
    ).first()
    if known is None:
        return False
    known_at = known.ended_at or known.finished_at or known.started_at
    if known_at is None or notice.at > known_at:
        return False
    begins, has_ended = RESOURCE_STATUSES.get(notice.status), RESOURCE_STATUSES.get(known.status)
    same_second = notice.at == known_at.replace(microsecond=0)
    return not same_second or bool(begins and begins.in_progress and has_ended and has_ended.terminal)


def _as_event(row: Stack, notice: Notice) -> interface.StackEvent:
    return interface.StackEvent(
        event_id=notice.event_id,
        at=notice.at,
        logical_id=notice.logical_id or row.name,
        physical_id=notice.physical_id if notice.logical_id else row.stack_id,
        type=notice.type or "AWS::CloudFormation::Stack",
        status=notice.status,
        reason=notice.reason,
        token=notice.token,
    )


def write_once(row: Stack, events: Sequence[interface.StackEvent]) -> list[interface.StackEvent]:
    """Write events that may be known already under other ids. Returns the new ones.

    EventBridge, DescribeEvents and DescribeStackEvents name the same change each in its own way, and
    the first has whole seconds only.
    """
    if not events:
        return []
    known = StackEvent.objects.filter(stack=row, at__gte=min(event.at for event in events) - SAME_CHANGE)
    times: dict[tuple[str, str], list[datetime]] = {}
    for logical_id, status, at in known.values_list("logical_id", "status", "at"):
        times.setdefault((logical_id, status), []).append(at)
    new = [
        event
        for event in events
        if not any(abs(at - event.at) <= SAME_CHANGE for at in times.get((event.logical_id, event.status), ()))
    ]
    return write_events(row, new) if new else []
