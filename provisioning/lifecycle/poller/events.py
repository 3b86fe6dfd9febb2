"""The messages that EventBridge sends to an account's event queue: what they say, and writing it.

Detail fields: the CloudFormation user guide, "Stack Status Change event detail". Messages may come
twice, late or out of order, and may be lost. Accounts that were onboarded earlier also send one for
each resource and each drift detection; these are deleted unread, as nothing needs them.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from provisioning.aws import interface
from provisioning.aws.change_sets import QueuedEvent
from provisioning.lifecycle.ledger import write_events
from provisioning.lifecycle.poller.sights import is_settled
from provisioning.lifecycle.transitions import bump
from provisioning.models import Operation, Stack, StackEvent

log = logging.getLogger(__name__)

STACK_CHANGE: Final = "CloudFormation Stack Status Change"
SAME_CHANGE: Final = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Notice:
    """A stack has changed its status."""

    event_id: str
    at: datetime
    stack_id: str
    status: str
    reason: str
    token: str

    @property
    def ends_stack(self) -> bool:
        return is_settled(self.status)


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
        return _parsed(event) if event["detail-type"] == STACK_CHANGE else None
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
    )


def write_notices(notices: Sequence[Notice]) -> list[Stack]:
    """Write what somebody else has begun on our stacks. Returns the stacks whose end or change the
    notices announce.

    The end itself is not written: the poller describes the stack, which a late notice cannot fool.
    """
    by_stack: dict[str, list[Notice]] = {}
    for notice in notices:
        by_stack.setdefault(notice.stack_id, []).append(notice)
    rows = Stack.objects.filter(stack_id__in=by_stack) if by_stack else ()
    announced = []
    for row in rows:
        ours = _our_tokens(row)
        foreign = [notice for notice in by_stack[row.stack_id] if not notice.token.startswith(ours)]
        if write_once(row, [_as_event(row, notice) for notice in foreign]):
            bump(row.environment_id)
        if any(notice.ends_stack and _is_news(row, notice) for notice in by_stack[row.stack_id]) or foreign:
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


def _as_event(row: Stack, notice: Notice) -> interface.StackEvent:
    return interface.StackEvent(
        event_id=notice.event_id,
        at=notice.at,
        logical_id=row.name,
        physical_id=row.stack_id,
        type="AWS::CloudFormation::Stack",
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
