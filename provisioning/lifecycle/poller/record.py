"""Writes what a visit has found, and wakes the operations that wait for it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import DataError, connection, transaction
from django.db.models import Q

from provisioning.aws import interface
from provisioning.lifecycle.ledger import write_events
from provisioning.lifecycle.poller.errand import Errand, Findings
from provisioning.lifecycle.poller.events import read_notices, write_notices, write_once
from provisioning.lifecycle.poller.in_flight import IN_FLIGHT, Awaited
from provisioning.lifecycle.poller.regions import wake_region
from provisioning.lifecycle.poller.sights import SETTLED, is_settled, record_description, record_summaries
from provisioning.lifecycle.transitions import bump
from provisioning.models import Operation, Stack

log = logging.getLogger(__name__)

SEEN_UNTIL: Final = timedelta(seconds=150)
"""How long a step need not look itself at a stack that a list has shown in progress."""


def record(errand: Errand, findings: Findings, *, now: datetime) -> bool:
    """Write the findings of a visit. Messages may be deleted from the queue afterwards.

    True if messages have announced changes of stacks that this visit has not described.
    """
    with transaction.atomic():
        announced = bool(findings.messages) and _record_messages(errand, findings)
        if errand.awaited is not None:
            _record_awaited(errand, findings, errand.awaited, now=now)
    return announced


def _record_messages(errand: Errand, findings: Findings) -> bool:
    announced = write_notices(read_notices(findings.messages))
    later = [row.pk for row in announced if row.stack_id not in findings.described]
    if later:
        Stack.objects.filter(pk__in=later, unseen_since=None).update(unseen_since=errand.started_at)
    return bool(later)


def _record_awaited(errand: Errand, findings: Findings, awaited: Iterable[Awaited], *, now: datetime) -> None:
    by_id = {stack.stack_id: stack for stack in awaited}
    wakes, seen = _record_list(errand, findings, by_id)
    for stack_id, described in findings.described.items():
        stack = by_id[stack_id]
        if described is not None:
            record_description(described, at=errand.started_at)
        else:
            Stack.objects.filter(pk=stack.stack_pk).update(unseen_since=None)
        if stack.operation_id is not None:
            wakes.add(stack.operation_id)
    for stack_id, events in findings.events.items():
        _record_events(by_id[stack_id], events)
    unseen = [by_id[stack_id].stack_pk for stack_id in findings.unseen if by_id[stack_id].unseen_since is None]
    if unseen:
        Stack.objects.filter(pk__in=unseen).update(unseen_since=errand.started_at)
    if wakes:
        _wake(wakes, now=now)
    if seen:
        _postpone(seen, now=now)


def _record_list(errand: Errand, findings: Findings, awaited: Mapping[str, Awaited]) -> tuple[set[UUID], set[UUID]]:
    """Record the statuses that are new. Returns the operations to wake, and those whose stack is
    still in progress.
    """
    if findings.listed is None:
        return set(), set()
    listed = {
        stack_id: stack
        for stack_id, stack in awaited.items()
        if stack_id in findings.listed and stack_id not in findings.described
    }
    news = [
        findings.listed[stack_id] for stack_id, stack in listed.items() if _is_news(stack, findings.listed[stack_id])
    ]
    record_summaries([*news, *_changed_by_others(findings.listed, awaited)], at=errand.started_at)
    waiting = {stack.operation_id for stack in listed.values() if stack.operation_id is not None}
    wakes = {
        stack.operation_id
        for stack_id, stack in listed.items()
        if stack.operation_id is not None and _wakes(stack, findings.listed[stack_id])
    }
    return wakes, waiting - wakes


def _is_news(stack: Awaited, state: interface.StackState) -> bool:
    return state.status != stack.status or stack.unseen_since is not None or not stack.is_known


def _wakes(stack: Awaited, state: interface.StackState) -> bool:
    """Whether a listed stack needs a step: its status has changed, other than to the one that its
    operation has begun.
    """
    return is_settled(state.status) or (stack.is_known and state.status != stack.status)


def _changed_by_others(
    listed: Mapping[str, interface.StackState], awaited: Mapping[str, Awaited]
) -> list[interface.StackState]:
    """The stacks of ours that somebody else is changing, if their status is new."""
    rest = [stack_id for stack_id in listed if stack_id not in awaited]
    others = Stack.objects.filter(stack_id__in=rest).values_list("stack_id", "status") if rest else ()
    return [listed[stack_id] for stack_id, status in others if listed[stack_id].status != status]


def _record_events(stack: Awaited, events: list[interface.StackEvent]) -> None:
    if not events:
        return
    row = Stack.objects.get(pk=stack.stack_pk)
    try:
        with transaction.atomic():
            new = write_events(row, [event for event in events if not event.is_about_stack])
            # A message may have shown these already, under another id.
            new += write_once(row, [event for event in events if event.is_about_stack])
    except DataError:  # they only show progress: the visit's statuses count without them
        log.exception("Events of %s could not be written", stack.stack_id)
        return
    if new:
        bump(stack.environment_id)
    Stack.objects.filter(pk=stack.stack_pk).update(last_event_id=events[-1].event_id)


def _wake(operations: Iterable[UUID], *, now: datetime) -> None:
    """Make operations due. `hand_over` does so again for one whose step is running now."""
    Operation.objects.filter(pk__in=list(operations), ended_at=None, due_at__gt=now).update(due_at=now)


def _postpone(operations: Iterable[UUID], *, now: datetime) -> None:
    """Spare operations a step that would find what the list has shown: CloudFormation is at work."""
    free = Q(lease_until=None) | Q(lease_until__lte=now)
    Operation.objects.filter(
        free,
        pk__in=list(operations),
        ended_at=None,
        state__in=[str(state) for state in IN_FLIGHT],
        cancel_requested_at=None,
        due_at__gt=now,
        due_at__lt=now + SEEN_UNTIL / 2,
    ).update(due_at=now + SEEN_UNTIL)


HAS_SEEN_THE_END: Final = """
    o.state = ANY(%(in_flight)s) AND EXISTS (
        SELECT 1 FROM (
            SELECT status, polled_at FROM provisioning_stack
            WHERE environment_id = o.environment_id AND role = o.stack ORDER BY created_at DESC, id DESC LIMIT 1
        ) AS newest WHERE newest.polled_at > %(seen_at)s AND newest.status = ANY(%(settled)s))"""
"""In SQL, with the parameters of `seen_since`: whether the poller has seen the end of the work that the
operation `o` waits for, since its step began. The poller did not wake it: its step was running.
"""
_HAND_OVER: Final = f"""
UPDATE provisioning_operation AS o SET due_at = %(at)s
WHERE o.id = %(id)s AND o.due_at > %(at)s AND {HAS_SEEN_THE_END}
"""  # noqa: S608 - of constants only


def seen_since(seen_at: datetime) -> dict[str, Any]:
    """The parameters of `HAS_SEEN_THE_END`."""
    return {"in_flight": [str(state) for state in IN_FLIGHT], "settled": list(SETTLED), "seen_at": seen_at}


def hand_over(operation: Operation, *, moved: bool, seen_at: datetime, at: datetime) -> None:
    """Let the poller watch the stack that an operation waits for from now on.

    If it has seen the stack's end since the step began (`seen_at`), the next step is due at once.
    """
    if operation.state not in IN_FLIGHT:
        return
    if moved:
        wake_region(operation.environment.account_id, operation.region, at=at, in_flight=True)
    with connection.cursor() as cursor:
        cursor.execute(_HAND_OVER, {**seen_since(seen_at), "id": operation.pk, "at": at})
