"""What pages show of an environment: how far it is, what each resource does, what failed and what now. Reads only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final, Literal

from django.db.models import F

from provisioning.aws import RESOURCE_STATUSES
from provisioning.lifecycle.ledger import PLANNED
from provisioning.lifecycle.states import OperationState, Tone
from provisioning.models import Environment, Operation, Plan, RequestKind, ResourceEnd, Stack, StackEvent, StackResource

EVENTS_SHOWN: Final = 50
RUNS_LEARNED_FROM: Final = 10
ComponentState = Literal["planned", "busy", "ok", "bad", "gone"]


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


@dataclass(frozen=True, slots=True)
class Progress:
    """`resources` in dependency order; `events` newest first."""

    total: int = 0
    done: int = 0
    in_progress: int = 0
    failed: int = 0
    resources: list[ResourceLine] = field(default_factory=list)
    component_states: dict[str, ComponentState] = field(default_factory=dict)
    events: list[StackEvent] = field(default_factory=list)
    outputs: dict[str, str] = field(default_factory=dict)
    expected_end_at: datetime | None = None
    polled_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Failure:
    """`cause` in plain words, `detail` AWS's own sentence, `next_action` the key of an action."""

    cause: str
    detail: str
    logical_id: str
    type: str
    next_action: str
    hint: str


@dataclass(frozen=True, slots=True)
class StepView:
    key: str
    title: str
    state: Literal["todo", "now", "done", "failed"]
    detail: str = ""


def last_operation(environment: Environment) -> Operation | None:
    return Operation.objects.filter(environment=environment).order_by("-started_at", "-id").first()


def progress(environment: Environment, *, operation: Operation | None = None) -> Progress:
    """Four queries: the stack, its resources, its events, the plan; and, while something moves, what past runs took.

    `operation` is the environment's last one, where the caller has it already.
    """
    stack = Stack.objects.filter(environment=environment).order_by("created_at", "id").last()
    content: Mapping[str, Any] = (
        Plan.objects.filter(environment=environment, content__kind=RequestKind.CREATE)
        .order_by("created_at")
        .values("content__resources", "content__waves")
        .first()
    ) or {}
    planned = content.get("content__resources") or []
    if stack is None:
        states: dict[str, ComponentState] = {resource["address"]: "planned" for resource in planned}
        return Progress(total=len(planned), component_states=states)
    rows = list(StackResource.objects.filter(stack=stack).order_by("id"))
    order = {name: wave for wave, names in enumerate(content.get("content__waves") or []) for name in names}
    rows.sort(key=lambda row: (order.get(row.logical_id, len(order)), row.logical_id, row.pk))
    titles = {resource["logical_id"]: resource["title"] for resource in planned}
    tearing_down = environment.state in ("tearing_down", "teardown_failed", "gone")
    tones = [_tone(row) for row in rows]
    return Progress(
        total=len(rows),
        done=sum(_is_done(row, tone, tearing_down=tearing_down) for row, tone in zip(rows, tones, strict=True)),
        in_progress=tones.count("busy"),
        failed=tones.count("bad"),
        resources=[_line(row, tone, titles) for row, tone in zip(rows, tones, strict=True)],
        component_states=_component_states(rows, tones),
        events=list(StackEvent.objects.filter(stack=stack).order_by("-at", "-id")[:EVENTS_SHOWN]),
        outputs=stack.outputs,
        expected_end_at=expected_end_at(environment, operation or last_operation(environment)),
        polled_at=stack.polled_at,
    )


def _tone(row: StackResource) -> Tone:
    status = RESOURCE_STATUSES.get(row.status)
    if row.status == PLANNED or (row.end and not (status is not None and status.failed)):
        return "idle"
    if status is None or status.in_progress:
        return "busy"
    return "ok" if status.good else "bad"


def _is_done(row: StackResource, tone: Tone, *, tearing_down: bool) -> bool:
    return bool(row.end) if tearing_down else tone == "ok"


def _line(row: StackResource, tone: Tone, titles: Mapping[str, str]) -> ResourceLine:
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
    )


def _component_states(rows: Sequence[StackResource], tones: Sequence[Tone]) -> dict[str, ComponentState]:
    """A component is as its worst resource is: bad before busy; ok only when all are."""
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
    # Some resources are there and others still wait for their turn, or have gone already.
    return "ok" if tones == {"ok"} or all(row.end or tone == "ok" for row, tone in members) else "busy"


def expected_end_at(environment: Environment, operation: Operation | None) -> datetime | None:
    """When the operation under way should end, from what the same blueprint in the same size took before."""
    if operation is None or operation.ended_at is not None:
        return None
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
    return operation.started_at + sorted(took)[len(took) // 2] if took else None


def failure(environment: Environment, *, operation: Operation | None = None) -> Failure | None:
    """What went wrong with the last attempt; None when it did not, or when another is under way."""
    operation = operation or last_operation(environment)
    if operation is None or operation.ended_at is None or operation.state == OperationState.SUCCEEDED:
        return None
    failed = operation.memory.get("failure", {})
    return Failure(
        cause=operation.cause,
        detail=operation.cause_detail,
        logical_id=failed.get("logical_id", ""),
        type=failed.get("type", ""),
        next_action=operation.next_action,
        hint=failed.get("hint", ""),
    )


_CREATE_STEPS: Final = (
    ("prove", "Prove the approval", (OperationState.QUEUED,)),
    ("submit", "Hand over to CloudFormation", (OperationState.CLEARING, OperationState.SUBMITTING)),
    ("build", "Create the resources", (OperationState.BUILDING, OperationState.ROLLING_BACK)),
)
_TEARDOWN_STEPS: Final = (
    ("prove", "Prove the approval", (OperationState.QUEUED,)),
    ("prepare", "Stop services and lift protection", (OperationState.PREPARING,)),
    ("empty", "Empty the buckets", (OperationState.EMPTYING,)),
    ("delete", "Delete the stack", (OperationState.DELETING,)),
    ("sweep", "Prove that nothing is left", (OperationState.SWEEPING,)),
)


def steps(operation: Operation) -> list[StepView]:
    """The operation as a list of steps, from what it remembers; no query."""
    plan = [(key, title) for key, title, _ in _TEARDOWN_STEPS]
    if operation.kind == RequestKind.CREATE:
        plan = [(key, title) for key, title, _ in _CREATE_STEPS]
        plan += [(f"after-{number}", title) for number, title in enumerate(operation.memory.get("after", []))]
    ended = operation.ended_at is not None
    if operation.state == OperationState.SUCCEEDED:
        return [StepView(key, title, "done") for key, title in plan]
    at = _position(operation, [key for key, _ in plan])
    trouble = operation.cause if ended else operation.memory.get("trouble", "")
    return [
        StepView(
            key,
            title,
            "done" if number < at else "todo" if number > at else "failed" if ended else "now",
            (trouble or _detail(operation)) if number == at else "",
        )
        for number, (key, title) in enumerate(plan)
    ]


def _position(operation: Operation, keys: Sequence[str]) -> int:
    state = OperationState(operation.memory.get("ended_in", operation.state))
    table = _CREATE_STEPS if operation.kind == RequestKind.CREATE else _TEARDOWN_STEPS
    if state == OperationState.FINISHING:
        return min(len(_CREATE_STEPS) + int(operation.memory.get("done_after", 0)), len(keys) - 1)
    return next(number for number, (_, _, states) in enumerate(table) if state in states)


def _detail(operation: Operation) -> str:
    state = OperationState(operation.state)
    if state in (OperationState.CLEARING, OperationState.ROLLING_BACK):
        return f"{state.label}."
    if (number := operation.memory.get("round", 0)) and state == OperationState.DELETING:
        return f"Round {number + 1}: something kept the stack from going."
    if state == OperationState.SWEEPING and (left := operation.memory.get("left")):
        return f"{len(left)} still there; looking again."
    return ""
