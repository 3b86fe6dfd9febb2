"""The ledger: one row for each physical id ever seen, updated from CloudFormation's events.

No physical id is lost.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime

from django.db.models import QuerySet

from provisioning.aws import interface
from provisioning.lifecycle.failure_explanations import ALREADY_THERE
from provisioning.lifecycle.plan_document import PlannedResource, PlannedStack
from provisioning.models import ResourceEnd, Stack, StackEvent, StackResource

PLANNED = "PLANNED"
_CREATED_ENDS = ("CREATE_COMPLETE", "CREATE_FAILED", "UPDATE_COMPLETE", "UPDATE_FAILED", "IMPORT_COMPLETE")
_UPDATED = ["physical_id", "type", "status", "reason", "started_at", "finished_at", "end", "ended_at"]


def open_ledger(stack: Stack, plan: PlannedStack) -> None:
    """Write one row for each planned resource of a stack, before anything is created."""
    open_lines(stack, plan.resources)


def open_lines(stack: Stack, resources: Iterable[PlannedResource]) -> None:
    """Write one row for each resource that a stack is about to get."""
    StackResource.objects.bulk_create(
        [
            StackResource(
                stack=stack,
                logical_id=resource.logical_id,
                type=resource.type,
                address=resource.address,
                status=PLANNED,
            )
            for resource in resources
        ],
        ignore_conflicts=True,
    )


def write_events(stack: Stack, events: Sequence[interface.StackEvent]) -> list[interface.StackEvent]:
    """Store the new events and apply them to the ledger. Returns the new ones."""
    known = set(
        StackEvent.objects.filter(stack=stack, event_id__in=[event.event_id for event in events]).values_list(
            "event_id", flat=True
        )
    )
    new = list({event.event_id: event for event in events if event.event_id not in known}.values())
    StackEvent.objects.bulk_create(
        [
            StackEvent(
                stack=stack,
                event_id=event.event_id,
                at=event.at,
                logical_id=event.logical_id,
                physical_id=event.physical_id,
                type=event.type,
                status=event.status,
                reason=event.reason,
                token=event.token,
            )
            for event in new
        ],
        ignore_conflicts=True,
    )
    book = _Book(stack)
    for event in new:
        if not event.is_about_stack:
            book.note(event, at=event.at)
    book.write()
    return new


def write_resources(stack: Stack, resources: Iterable[interface.StackResource], *, at: datetime) -> None:
    """Apply CloudFormation's list of resources, so that a lost event leaves no gap."""
    book = _Book(stack)
    for resource in resources:
        book.note(resource, at=at, late=True)
    book.write()


class _Book:
    """The ledger rows of one stack in memory: one query to read and two to write, for any number of
    events.
    """

    def __init__(self, stack: Stack) -> None:
        self._stack = stack
        self._rows: dict[str, list[StackResource]] = {}
        self._new: list[StackResource] = []
        self._changed: dict[int, StackResource] = {}
        for row in StackResource.objects.filter(stack=stack).order_by("id"):
            self._rows.setdefault(row.logical_id, []).append(row)

    def note(self, seen: interface.StackEvent | interface.StackResource, *, at: datetime, late: bool = False) -> None:
        """Apply one event or listed resource.

        `late`: `at` is not its time, so it changes nothing that is known already, and it says
        nothing about when the resource was started and finished.
        """
        row = self._row(seen.logical_id, seen.physical_id, seen.type)
        if late and row.status == seen.status and row.physical_id == (seen.physical_id or row.physical_id):
            return
        row.physical_id = seen.physical_id or row.physical_id
        row.status, row.reason, row.type = seen.status, seen.reason, seen.type
        _set_end(row, at)
        if not late:
            _set_times(row, at)
        if seen.status == "CREATE_FAILED" and ALREADY_THERE.search(seen.reason):
            row.end, row.ended_at = ResourceEnd.FOREIGN, at
        if row.pk is not None:
            self._changed[row.pk] = row

    def _row(self, logical_id: str, physical_id: str, resource_type: str) -> StackResource:
        """The row of this physical id; else a row that has none yet; else a new row, for a further
        physical id.
        """
        rows = self._rows.setdefault(logical_id, [])
        for row in rows:
            if row.physical_id == physical_id:
                return row
        for row in rows:
            if not row.physical_id:
                return row
        if rows and not physical_id:
            return rows[-1]
        row = StackResource(
            stack=self._stack,
            logical_id=logical_id,
            physical_id=physical_id,
            type=resource_type,
            address=rows[-1].address if rows else "",
        )
        rows.append(row)
        self._new.append(row)
        return row

    def write(self) -> None:
        StackResource.objects.bulk_create(self._new)
        StackResource.objects.bulk_update(self._changed.values(), _UPDATED, batch_size=200)


def _set_times(row: StackResource, at: datetime) -> None:
    if row.started_at is None:
        row.started_at = at
    if row.status in _CREATED_ENDS:
        row.finished_at = at


def _set_end(row: StackResource, at: datetime) -> None:
    if row.end == ResourceEnd.FOREIGN:
        return
    if row.status == "DELETE_COMPLETE":
        row.end, row.ended_at = ResourceEnd.DELETED, at
    elif row.status == "DELETE_SKIPPED":
        row.end, row.ended_at = ResourceEnd.RETAINED, at


def existing_resources(stack_ids: Iterable[object]) -> list[StackResource]:
    """The resources that these stacks still have: those with a physical id that have not ended."""
    return list(_created_by(stack_ids).filter(end=""))


def remaining_resources(stack_ids: Iterable[object]) -> list[StackResource]:
    """What is in the account through these stacks: what they still have, and what they have left there
    when they were deleted or changed.
    """
    return list(_created_by(stack_ids).filter(end__in=("", ResourceEnd.RETAINED)))


def _created_by(stack_ids: Iterable[object]) -> QuerySet[StackResource]:
    return StackResource.objects.filter(stack__in=list(stack_ids)).exclude(physical_id="").order_by("id")
