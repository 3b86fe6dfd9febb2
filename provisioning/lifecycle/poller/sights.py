"""Sights: what AWS last said about a stack, and since when that is known.

A sight is written to the row of its stack. Its time is that before the call was sent. Nothing but
time orders sights, so they need no fence: any process that has read AWS may record the answer.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Q

from provisioning.aws import STACK_STATUSES, interface
from provisioning.lifecycle.fingerprint import details_of, state_from
from provisioning.lifecycle.transitions import bump
from provisioning.models import Operation, PolledRegion, Stack

FRESH: Final = timedelta(seconds=150)
"""A sight that is older than this is read again. Two sweeps fit into it even with events."""
WATCH_SECONDS: Final = 60.0
"""The pause of a step that waits for a stack. The poller makes its operation due before that."""


SETTLED: Final = frozenset(
    name for name, status in STACK_STATUSES.items() if status.terminal or name == "REVIEW_IN_PROGRESS"
)
"""The statuses of `is_settled`."""


@dataclass(frozen=True, slots=True)
class Sight:
    """The status of a stack, and the time at which AWS gave it at the earliest."""

    state: interface.StackState
    at: datetime


@dataclass(frozen=True, slots=True)
class LastVisit:
    """Until when the poller has seen a region: its last complete list, and its last read that left
    the event queue empty. Both are None without a visit.
    """

    region: str
    listed_at: datetime | None
    events_at: datetime | None


NO_VISIT: Final = LastVisit("", None, None)


def is_settled(status: str) -> bool:
    """Whether CloudFormation has ended its work on the stack, or has none: a stack in review does
    not change by itself. A status that botocore does not know counts as in progress.
    """
    return status in SETTLED


def known_state(operation: Operation, row: Stack, visit: LastVisit, *, now: datetime) -> interface.StackState | None:
    """What the poller has seen of a stack, if it is at work and if that is fresh and newer than the
    operation's last change; else None.

    `visit` must have been read before `row`: a stack that has left the list since is not taken for
    one that is still in progress.
    """
    if row.region != visit.region or visit.listed_at is None or now - visit.listed_at > FRESH:
        return None
    sight = sight_of(row, visit)
    is_newer = row.polled_at is not None and row.polled_at > last_change_of(operation)
    return sight.state if sight is not None and is_newer and now - sight.at <= FRESH else None


def last_change_of(operation: Operation) -> datetime:
    """When the operation's last call that changes something had its effect, at the latest.

    Before its first call, when the operation started.
    """
    open_until = operation.call_deadline if operation.call_ended_at is None else None
    times = (operation.started_at, operation.call_ended_at, open_until, operation.calls_open_until)
    return max(at for at in times if at is not None)


def sight_of(row: Stack, region: LastVisit) -> Sight | None:
    """What is known about a stack, from its row and the poller's last visit; None before the first
    sight.
    """
    at = seen_at(row, region)
    if at is None or not row.status:
        return None
    state = state_from(row.details, status=row.status, status_reason=row.status_reason, outputs=row.outputs)
    if state is None:
        state = interface.StackState(
            stack_id=row.stack_id,
            name=row.name,
            status=row.status,
            status_reason=row.status_reason,
            created_at=row.created_at,
            outputs=row.outputs,
        )
    return Sight(state, at)


def seen_at(row: Stack, region: PolledRegion | LastVisit | None) -> datetime | None:
    """Since when the status in the row is known to be true.

    A stack in progress that has not left the list was in the last one, and no event has said
    otherwise since.
    """
    if row.polled_at is None or row.unseen_since is not None or is_settled(row.status) or region is None:
        return row.polled_at
    return max(at for at in (row.polled_at, region.listed_at, region.events_at) if at is not None)


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old what a page shows is, and why it is no newer, in AWS's words; empty if nothing is wrong."""

    at: datetime | None
    trouble: str = ""


def freshness_of(account_id: UUID, stacks: Collection[Stack]) -> Freshness:
    """Since when the statuses of these stacks are known to be true: that of the oldest sight of
    those in progress, else of the newest of all. One query, if a stack is in progress.
    """
    moving = [stack for stack in stacks if stack.stack_id and not is_settled(stack.status)]
    if not moving:
        return Freshness(max((stack.polled_at for stack in stacks if stack.polled_at), default=None))
    rows = PolledRegion.objects.filter(account=account_id, region__in={stack.region for stack in moving})
    regions = {row.region: row for row in rows}
    times = [seen_at(stack, regions.get(stack.region)) or stack.created_at for stack in moving]
    trouble = next((row.trouble for row in regions.values() if row.trouble), "")
    return Freshness(min(times), trouble)


def record_description(state: interface.StackState, *, at: datetime) -> bool:
    """Record what DescribeStacks returned. False if a newer sight is known, or no row has its id."""
    rows = Stack.objects.filter(_not_newer(at), stack_id=state.stack_id)
    before = list(rows.values_list("environment_id", "status", "outputs"))
    fields: dict[str, Any] = {"outputs": dict(state.outputs)} if state.outputs else {}
    for environment_id, status, outputs in before:
        if status != state.status or fields.get("outputs", outputs) != outputs:
            bump(environment_id)
    fields |= {"status": state.status, "status_reason": state.status_reason, "details": details_of(state)}
    rows.update(**fields, polled_at=at, unseen_since=None)
    return bool(before)


_SUMMARIES: Final = """
UPDATE provisioning_stack AS stack
SET status = seen.status, status_reason = seen.reason, polled_at = %(at)s, unseen_since = NULL
FROM unnest(%(ids)s::text[], %(statuses)s::text[], %(reasons)s::text[]) AS seen (stack_id, status, reason)
WHERE stack.stack_id = seen.stack_id AND (stack.polled_at IS NULL OR stack.polled_at <= %(at)s)
"""


def record_summaries(states: Collection[interface.StackState], *, at: datetime) -> None:
    """Record the statuses of stacks in ListStacks, however many, in three statements. Details stay
    as they were described last.
    """
    if not states:
        return
    statuses = {state.stack_id: state.status for state in states}
    rows = Stack.objects.filter(_not_newer(at), stack_id__in=statuses)
    before = rows.values_list("environment_id", "stack_id", "status")
    bump(*{environment_id for environment_id, stack_id, status in before if statuses[stack_id] != status})
    with connection.cursor() as cursor:
        parameters: dict[str, Any] = {
            "at": at,
            "ids": [state.stack_id for state in states],
            "statuses": [state.status for state in states],
            "reasons": [state.status_reason for state in states],
        }
        cursor.execute(_SUMMARIES, parameters)


def _not_newer(at: datetime) -> Q:
    return Q(polled_at=None) | Q(polled_at__lte=at)
