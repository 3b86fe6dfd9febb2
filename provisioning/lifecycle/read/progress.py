"""The progress of an environment: its resources, stacks, events and expected end. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain
from typing import Final, Literal

from django.db.models import F

from provisioning.aws import RESOURCE_STATUSES
from provisioning.components.kit.values import MAIN
from provisioning.lifecycle.kinds.registry import kind_of, removal_states
from provisioning.lifecycle.ledger import PLANNED
from provisioning.lifecycle.plan_document import PlannedStack
from provisioning.lifecycle.plan_queries import current_plan_for_pages
from provisioning.lifecycle.poller.sights import freshness_of
from provisioning.lifecycle.read.operation_view import last_operation
from provisioning.lifecycle.states import OperationState, Tone
from provisioning.models import Environment, Operation, ResourceEnd, Stack, StackEvent, StackResource

EVENTS_SHOWN: Final = 50
RUNS_LEARNED_FROM: Final = 10
ComponentState = Literal["planned", "busy", "ok", "bad", "gone"]
ExpectedFrom = Literal["past runs", "the plan", ""]


@dataclass(frozen=True, slots=True)
class ResourceLine:
    logical_id: str
    type: str
    address: str
    title: str
    status: str
    tone: Tone
    physical_id: str
    started_at: datetime | None
    finished_at: datetime | None
    seconds: float | None
    reason: str
    stack: str = MAIN
    region: str = ""
    is_gone: bool = False


@dataclass(frozen=True, slots=True)
class StackLine:
    """One of several stacks: how many resources are done, and CloudFormation's last status."""

    key: str
    name: str
    region: str
    status: str
    total: int
    done: int
    tone: Tone


@dataclass(frozen=True, slots=True)
class Progress:
    """`resources` in dependency order; `events` newest first; `stacks` in the order of creation,
    empty if there is one. `polled_at` is since when the statuses are known to be true, and `trouble`
    what AWS last answered instead.
    """

    total: int = 0
    done: int = 0
    in_progress: int = 0
    failed: int = 0
    resources: list[ResourceLine] = field(default_factory=list)
    component_states: dict[str, ComponentState] = field(default_factory=dict)
    events: list[StackEvent] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    expected_end_at: datetime | None = None
    expected_from: ExpectedFrom = ""
    polled_at: datetime | None = None
    trouble: str = ""
    stacks: list[StackLine] = field(default_factory=list)


def progress(environment: Environment, *, operation: Operation | None = None) -> Progress:
    """The progress of an environment, in four queries, and two about past runs and the poller
    while an operation is open.

    `operation` is the environment's last one, if the caller already has it.
    """
    current = current_plan_for_pages(environment)
    planned = current.document.stacks if current is not None else ()
    resources = [resource for stack in planned for resource in stack.resources]
    # The newest row of each stack that has begun.
    stacks = {stack.role: stack for stack in Stack.objects.filter(environment=environment).order_by("created_at", "id")}
    rows = [*StackResource.objects.filter(stack__in=stacks.values()).order_by("id")] if stacks else []
    by_id = {stack.pk: stack for stack in stacks.values()}
    begun = [(row, by_id[row.stack_id]) for row in rows]
    # Resources without a row belong to stacks that have not begun.
    unbegun = [_unbegun(stack) for stack in planned if stack.key not in stacks]
    titles = {resource.logical_id: resource.title for resource in resources}
    order = {
        name: place for place, name in enumerate(name for stack in planned for level in stack.levels for name in level)
    }
    everything = [*begun, *chain.from_iterable(unbegun)]
    everything.sort(key=lambda pair: (order.get(pair[0].logical_id, len(order)), pair[0].logical_id, pair[0].pk or 0))
    tearing_down = environment.state in removal_states()
    tones = [_tone(row) for row, _ in everything]
    done = [bool(row.end) if tearing_down else tone == "ok" for (row, _), tone in zip(everything, tones, strict=True)]
    lines = [_line(row, stack, tone, titles) for (row, stack), tone in zip(everything, tones, strict=True)]
    main = stacks.get(MAIN)
    freshness = freshness_of(environment.account_id, stacks.values())
    under_way = operation or last_operation(environment) if stacks else None
    expected_at, expected_from = expected_end(environment, under_way, current.seconds if current is not None else 0.0)
    return Progress(
        total=len(lines),
        done=sum(done),
        in_progress=tones.count("busy"),
        failed=tones.count("bad"),
        resources=lines if stacks else [],
        component_states=_component_states([row for row, _ in everything], tones),
        events=list(StackEvent.objects.filter(stack__in=stacks.values()).order_by("-at", "-id")[:EVENTS_SHOWN])
        if stacks
        else [],
        outputs=main.outputs if main else {},
        expected_end_at=expected_at,
        expected_from=expected_from,
        polled_at=freshness.at,
        trouble=freshness.trouble,
        stacks=_stack_lines(planned, stacks, lines, done) if len(planned) > 1 else [],
    )


def _unbegun(planned: PlannedStack) -> list[tuple[StackResource, Stack]]:
    """Return the ledger lines that a stack without a row will have. None of them is ever saved."""
    stack = Stack(role=planned.key, name=planned.name, region=planned.region)
    return [
        (
            StackResource(logical_id=resource.logical_id, type=resource.type, address=resource.address, status=PLANNED),
            stack,
        )
        for resource in planned.resources
    ]


def _stack_lines(
    planned: Sequence[PlannedStack], stacks: Mapping[str, Stack], lines: Sequence[ResourceLine], done: Sequence[bool]
) -> list[StackLine]:
    stack_lines = []
    for stack in planned:
        mine = [(line, settled) for line, settled in zip(lines, done, strict=True) if line.stack == stack.key]
        tones = {line.tone for line, _ in mine}
        total, settled = len(mine), sum(settled for _, settled in mine)
        tone: Tone = "idle"
        if "bad" in tones:
            tone = "bad"
        elif "busy" in tones:
            tone = "busy"
        elif settled == total and tones == {"ok"}:
            tone = "ok"
        status = stacks[stack.key].status if stack.key in stacks else ""
        stack_lines.append(StackLine(stack.key, stack.name, stack.region, status, total, settled, tone))
    return stack_lines


def _tone(row: StackResource) -> Tone:
    status = RESOURCE_STATUSES.get(row.status)
    if row.status == PLANNED or (row.end and not (status is not None and status.failed)):
        return "idle"
    if status is None or status.in_progress:
        return "busy"
    return "ok" if status.good else "bad"


def _line(row: StackResource, stack: Stack, tone: Tone, titles: Mapping[str, str]) -> ResourceLine:
    seconds = (row.finished_at - row.started_at).total_seconds() if row.finished_at and row.started_at else None
    return ResourceLine(
        logical_id=row.logical_id,
        type=row.type,
        address=row.address,
        title=titles.get(row.logical_id, row.logical_id),
        status=row.status,
        tone=tone,
        physical_id=row.physical_id,
        started_at=row.started_at,
        finished_at=row.finished_at,
        seconds=seconds,
        reason=row.reason,
        stack=stack.role,
        region=stack.region,
        is_gone=bool(row.end) and row.end != ResourceEnd.RETAINED,
    )


def _component_states(rows: Sequence[StackResource], tones: Sequence[Tone]) -> dict[str, ComponentState]:
    """The state of each component: that of its worst resource, bad before busy; ok only if all
    resources are.
    """
    by_address: dict[str, list[tuple[StackResource, Tone]]] = {}
    for row, tone in zip(rows, tones, strict=True):
        if row.address:
            by_address.setdefault(row.address, []).append((row, tone))
    return {address: _component_state(members) for address, members in by_address.items()}


def _component_state(members: Iterable[tuple[StackResource, Tone]]) -> ComponentState:
    members = list(members)
    tones = {tone for _, tone in members}
    if "bad" in tones:
        return "bad"
    if "busy" in tones:
        return "busy"
    if all(row.end == ResourceEnd.DELETED for row, _ in members):
        return "gone"
    if all(row.status == PLANNED for row, _ in members):
        return "planned"
    # Some resources exist, and others have not begun or are already deleted.
    return "ok" if tones == {"ok"} or all(row.end or tone == "ok" for row, tone in members) else "busy"


def expected_end(
    environment: Environment, operation: Operation | None, planned_seconds: float
) -> tuple[datetime | None, ExpectedFrom]:
    """When the open operation should end: by the median of past runs of this blueprint and size,
    else by the plan.

    The plan's durations are those of AWS. They do not apply to a simulated account, which is
    faster.
    """
    if operation is None or operation.ended_at is not None:
        return None, ""
    past = (
        Operation.objects.filter(
            kind=operation.kind,
            state=OperationState.SUCCEEDED,
            environment__blueprint_version_id=environment.blueprint_version_id,
            environment__size=environment.size,
            environment__account_id=environment.account_id,
        )
        .order_by("-ended_at")
        .annotate(took=F("ended_at") - F("started_at"))
        .values_list("took", flat=True)[:RUNS_LEARNED_FROM]
    )
    took = [duration for duration in past if isinstance(duration, timedelta)]
    if took:
        return operation.started_at + sorted(took)[len(took) // 2], "past runs"
    if kind_of(operation.kind).has_timeline and planned_seconds and not environment.account.is_sandbox:
        return operation.started_at + timedelta(seconds=planned_seconds), "the plan"
    return None, ""
