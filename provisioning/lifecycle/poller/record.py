"""Writes what a visit has found, and wakes the operations that wait for it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import DataError, transaction
from django.db.models import Q

from provisioning.aws import interface
from provisioning.lifecycle.ledger import write_events
from provisioning.lifecycle.poller.errand import Errand, Findings
from provisioning.lifecycle.poller.events import read_notices, write_notices
from provisioning.lifecycle.poller.in_flight import IN_FLIGHT, Awaited
from provisioning.lifecycle.poller.regions import wake_region
from provisioning.lifecycle.poller.sights import is_settled, record_description, record_summary
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
        announced = bool(findings.messages) and _record_messages(errand, findings, now=now)
        if errand.awaited is not None:
            _record_awaited(errand, findings, errand.awaited, now=now)
    return announced


def _record_messages(errand: Errand, findings: Findings, *, now: datetime) -> bool:
    announced = write_notices(read_notices(findings.messages), now=now)
    later = [row.pk for row in announced if row.stack_id not in findings.described]
    Stack.objects.filter(pk__in=later, unseen_since=None).update(unseen_since=errand.started_at)
    return bool(later)


def _record_awaited(errand: Errand, findings: Findings, awaited: Iterable[Awaited], *, now: datetime) -> None:
    by_id = {stack.stack_id: stack for stack in awaited}
    wakes: set[UUID] = set()
    seen: list[UUID] = []
    for stack in by_id.values():
        state = (findings.listed or {}).get(stack.stack_id)
        if stack.stack_id not in findings.described and state is not None:
            if _is_news(stack, state):
                record_summary(state, at=errand.started_at)
            if stack.operation_id is not None:
                (wakes.add if _wakes(stack, state) else seen.append)(stack.operation_id)
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
    if findings.listed is not None:
        _follow_foreign(findings.listed, by_id, at=errand.started_at)
    unseen = [by_id[stack_id].stack_pk for stack_id in findings.unseen if by_id[stack_id].unseen_since is None]
    Stack.objects.filter(pk__in=unseen).update(unseen_since=errand.started_at)
    _wake(wakes, now=now)
    _postpone(seen, now=now)


def _is_news(stack: Awaited, state: interface.StackState) -> bool:
    return state.status != stack.status or stack.unseen_since is not None or not stack.is_known


def _wakes(stack: Awaited, state: interface.StackState) -> bool:
    """Whether a listed stack needs a step: its status has changed, other than to the one that its
    operation has begun.
    """
    return is_settled(state.status) or (stack.is_known and state.status != stack.status)


def _follow_foreign(
    listed: Mapping[str, interface.StackState], awaited: Mapping[str, Awaited], *, at: datetime
) -> None:
    """Record the status of stacks of ours that somebody else is changing."""
    others = Stack.objects.filter(stack_id__in=[stack_id for stack_id in listed if stack_id not in awaited])
    for stack_id, status in others.values_list("stack_id", "status"):
        if listed[stack_id].status != status:
            record_summary(listed[stack_id], at=at)


def _record_events(stack: Awaited, events: list[interface.StackEvent]) -> None:
    if not events:
        return
    row = Stack.objects.get(pk=stack.stack_pk)
    try:
        with transaction.atomic():
            new = write_events(row, events)
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


def hand_over(operation: Operation, *, moved: bool, seen_at: datetime, at: datetime) -> None:
    """Let the poller watch the stack that an operation waits for from now on.

    If it has seen the stack's end since the step began (`seen_at`), the next step is due at once.
    """
    if operation.state not in IN_FLIGHT:
        return
    if moved:
        wake_region(operation.environment.account_id, operation.region, at=at, in_flight=True)
    stacks = Stack.objects.filter(environment=operation.environment_id, role=operation.stack)
    newest = stacks.order_by("-created_at", "-id").values_list("status", "polled_at").first()
    if newest is not None and newest[1] is not None and newest[1] > seen_at and is_settled(newest[0]):
        _wake([operation.pk], now=at)
