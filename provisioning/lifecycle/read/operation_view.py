"""One operation as a list of steps for pages. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from provisioning.components.kit.values import MAIN
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.step_data import StepData
from provisioning.models import Environment, Operation, RequestKind


@dataclass(frozen=True, slots=True)
class StepView:
    key: str
    title: str
    state: Literal["todo", "now", "done", "failed"]
    detail: str = ""


def last_operation(environment: Environment) -> Operation | None:
    return Operation.objects.filter(environment=environment).order_by("-started_at", "-id").first()


_CREATE_STEPS: Final = {
    "prove": ("Prove the approval", (OperationState.QUEUED,)),
    "submit": (
        "Hand over to CloudFormation",
        (OperationState.CLEARING, OperationState.SUBMITTING),
    ),
    "build": ("Create the resources", (OperationState.BUILDING, OperationState.ROLLING_BACK)),
}
_TEARDOWN_STEPS: Final = {
    "prove": ("Prove the approval", (OperationState.QUEUED,)),
    "prepare": ("Stop services and lift protection", (OperationState.PREPARING,)),
    "empty": ("Empty the buckets", (OperationState.EMPTYING,)),
    "delete": ("Delete the stack", (OperationState.DELETING,)),
    "sweep": ("Prove that nothing is left", (OperationState.SWEEPING,)),
}
# Where there are several stacks, each takes the place of these.
_OF_ONE_STACK: Final = ("submit", "build", "empty", "delete")


def steps(operation: Operation) -> list[StepView]:
    """The operation as a list of steps, from what it remembers; no query."""
    data = StepData.from_json(operation.step_data)
    plan = _plan(operation, data)
    if operation.state == OperationState.SUCCEEDED:
        return [StepView(key, title, "done") for key, title in plan]
    ended = operation.ended_at is not None
    at = _position(operation, data, [key for key, _ in plan])
    trouble = operation.cause if ended else data.trouble
    return [
        StepView(
            key,
            title,
            "done" if number < at else "todo" if number > at else "failed" if ended else "now",
            (trouble or _detail(operation, data)) if number == at else "",
        )
        for number, (key, title) in enumerate(plan)
    ]


def _plan(operation: Operation, data: StepData) -> list[tuple[str, str]]:
    """Key and title of each step; with several stacks one step for each, in the order in which they come."""
    creates = operation.kind == RequestKind.CREATE
    table = _CREATE_STEPS if creates else _TEARDOWN_STEPS
    plan = [(key, title) for key, (title, _) in table.items()]
    if len(data.stacks) > 1:
        verb, ordered = ("Create", data.stacks) if creates else ("Delete", data.stacks[::-1])
        each = [(_step_of(stack.key), f"{verb} {_called(stack.key)} in {stack.region}") for stack in ordered]
        first = next(number for number, (key, _) in enumerate(plan) if key in _OF_ONE_STACK)
        rest = [step for step in plan if step[0] not in _OF_ONE_STACK]
        plan = rest[:first] + each + rest[first:]
    if creates:
        plan += [(f"after-{number}", title) for number, title in enumerate(data.task_titles)]
    return plan


def _step_of(stack: str) -> str:
    return f"stack-{stack}"


def _called(stack: str) -> str:
    return "the main stack" if stack == MAIN else f"“{stack}”"


def _position(operation: Operation, data: StepData, keys: Sequence[str]) -> int:
    state = OperationState(data.ended_in or operation.state)
    if state == OperationState.FINISHING:
        before = [key for key in keys if not key.startswith("after-")]
        return min(len(before) + data.tasks_done, len(keys) - 1)
    table = _CREATE_STEPS if operation.kind == RequestKind.CREATE else _TEARDOWN_STEPS
    key = next((key for key, (_, states) in table.items() if state in states), "")
    mine = _step_of(operation.stack)
    if mine not in keys:
        return keys.index(key)
    # Between two stacks, and in what is done again for each, it is at its own stack.
    again = key == "prepare" and operation.stack != data.stacks[-1].key
    return keys.index(mine) if key in ("", *_OF_ONE_STACK) or again else keys.index(key)


def _detail(operation: Operation, data: StepData) -> str:
    state = OperationState(operation.state)
    if state in (OperationState.CLEARING, OperationState.ROLLING_BACK):
        return f"{state.label}."
    if data.delete_round and state == OperationState.DELETING:
        return f"Round {data.delete_round + 1}: something kept the stack from going."
    if state == OperationState.SWEEPING and data.left:
        return f"{len(data.left)} still there; looking again."
    return ""
