"""One operation as a list of steps for pages. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from provisioning.components.kit.values import MAIN
from provisioning.lifecycle.kinds.record import Kind
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.step_data import StepData
from provisioning.models import Environment, Operation

# A stack that has a name already is inspected once more when it is submitted.
_INSPECTING: Final = (OperationState.QUEUED, OperationState.CONTINUING, OperationState.SUBMITTING)


@dataclass(frozen=True, slots=True)
class StepView:
    key: str
    title: str
    state: Literal["todo", "now", "done", "failed", "cancelled"]
    detail: str = ""


def last_operation(environment: Environment) -> Operation | None:
    return Operation.objects.filter(environment=environment).order_by("-started_at", "-id").first()


def steps(operation: Operation) -> list[StepView]:
    """The steps of an operation, from its step data; no query.

    In an environment with several stacks, one step for each stack stands for those that its kind
    marks `per_stack`.
    """
    kind, data = kind_of(operation.kind), StepData.from_json(operation.step_data)
    plan = [(step.key, step.title) for step in kind.steps]
    if len(data.stacks) > 1:
        first = next(number for number, step in enumerate(kind.steps) if step.per_stack)
        shared = [(step.key, step.title) for step in kind.steps if not step.per_stack]
        stack_steps = []
        for stack in kind.in_order(data.stacks):
            name = "the main stack" if stack.key == MAIN else f"“{stack.key}”"
            stack_steps.append((f"stack-{stack.key}", kind.words.stack_step.format(stack=name, region=stack.region)))
        plan = [*shared[:first], *stack_steps, *shared[first:]]
    begun = _position(operation, kind, data, [key for key, _ in plan])
    plan += [(f"task-{number}", title) for number, title in enumerate(data.task_titles)]
    if operation.state == OperationState.SUCCEEDED:
        return [StepView(key, title, "done") for key, title in plan]
    position = min(begun, len(plan) - 1)
    ended = operation.ended_at is not None
    detail = (operation.cause if ended else data.trouble) or _detail(operation, data)
    views = [StepView(key, title, "done" if number < position else "todo") for number, (key, title) in enumerate(plan)]
    end: Literal["failed", "cancelled"] = "cancelled" if operation.state == OperationState.CANCELLED else "failed"
    views[position] = replace(views[position], state=end if ended else "now", detail=detail)
    for number, view in enumerate(views):
        if (reason := data.given_up.get(view.key.removeprefix("stack-"))) and view.key.startswith("stack-"):
            views[number] = replace(view, state="failed", detail=reason)
    return views


def _position(operation: Operation, kind: Kind, data: StepData, keys: Sequence[str]) -> int:
    """The number of the current step; `keys` are all steps before the post-deployment tasks."""
    state = OperationState(data.ended_in or operation.state)
    if state == OperationState.CANCELLING and data.cancelled_in:
        state = OperationState(data.cancelled_in)
    if state == OperationState.FINISHING:
        return len(keys) + data.tasks_done
    current = next((step for step in kind.steps if state in step.states), None)
    own = f"stack-{operation.stack}"
    if own not in keys:
        return keys.index(current.key) if current else 0
    # Between two stacks it is at its own, and so it is when a step that comes before all stacks is
    # repeated for one.
    repeated = current is not None and operation.stack != kind.in_order(data.stacks)[0].key
    if current is None or current.per_stack or (repeated and keys.index(current.key) < keys.index(own)):
        return keys.index(own)
    return keys.index(current.key)


def _detail(operation: Operation, data: StepData) -> str:
    state = OperationState(operation.state)
    if operation.cancel_requested_at is not None:
        refused = f"It could not be cancelled: {data.cancel_refused}"
        return refused if data.cancel_refused else "Cancelling: AWS is asked how far it is."
    if data.waits_for and state in _INSPECTING:
        return data.waits_for
    if state in (OperationState.CLEARING, OperationState.ROLLING_BACK):
        return f"{state.label}."
    if data.delete_round and state == OperationState.DELETING:
        return f"Round {data.delete_round + 1}: a resource prevented the deletion of the stack."
    return f"{len(data.left)} still exist; checking again." if state == OperationState.SWEEPING and data.left else ""
