"""What a step is given and what it gives back. The engine alone writes, in one fenced transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any, Final, TypeAlias

from provisioning.aws import port
from provisioning.lifecycle.causes import Explained
from provisioning.lifecycle.planning import ENVIRONMENT_TAG, OPERATION_TAG
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.table import Button
from provisioning.lifecycle.teardown import create_content
from provisioning.models import Operation, ResourceEnd, Stack

# How often a stack at work is looked at, by its age in seconds: a person watches a young one.
POLL_EVERY: Final[tuple[tuple[float, float], ...]] = ((120, 3), (600, 8), (1800, 20), (float("inf"), 45))
SANDBOX_POLL_SECONDS: Final = 1.0


@dataclass
class Context:
    """One operation, as it was when it was claimed. `look` answers from the sweep of its account and region."""

    operation: Operation
    aws: port.Aws
    now: datetime
    look: Callable[[str], port.StackState | None]

    @cached_property
    def content(self) -> Mapping[str, Any]:
        """The plan of this operation's own request."""
        content: Mapping[str, Any] = self.operation.request.plan.content
        return content

    @cached_property
    def made_from(self) -> Mapping[str, Any]:
        """The plan that the environment was made from, whatever this operation does."""
        return create_content(self.operation.environment)

    @cached_property
    def stacks(self) -> list[Stack]:
        return list(Stack.objects.filter(environment=self.operation.environment_id).order_by("created_at", "id"))

    @property
    def stack(self) -> Stack | None:
        """The one that counts: the newest."""
        return self.stacks[-1] if self.stacks else None

    @property
    def the_stack(self) -> Stack:
        """The newest, where an earlier step has made sure that there is one."""
        if not self.stacks:
            raise LookupError(f"Operation {self.operation.pk} is {self.operation.state} and has no stack.")
        return self.stacks[-1]

    @property
    def memory(self) -> dict[str, Any]:
        memory: dict[str, Any] = self.operation.memory
        return memory

    def token(self, step: str) -> str:
        """The same step of the same attempt has the same token, so that AWS does it once."""
        return f"{self.operation.token}-{step}"

    def is_ours(self, state: port.StackState) -> bool:
        """Only a stack that an operation of this environment has made is ever touched."""
        if state.tags.get(ENVIRONMENT_TAG) != str(self.operation.environment_id):
            return False
        token = state.tags.get(OPERATION_TAG, "")
        return Operation.objects.filter(environment=self.operation.environment_id, token=token).exists()

    def poll_seconds(self) -> float:
        if self.operation.environment.account.is_sandbox:
            return SANDBOX_POLL_SECONDS
        age = (self.now - self.operation.state_changed_at).total_seconds()
        return next(seconds for limit, seconds in POLL_EVERY if age < limit)


@dataclass
class Outcome:
    """What is to be written. Nothing set means: look again after `wait` seconds."""

    to: OperationState | None = None
    reason: str = ""
    wait: float = 0.0
    memory: dict[str, Any] = field(default_factory=dict)
    found_stack: bool = False  # a stack of ours that has no row yet: what else is in here is about it
    next_stack: bool = False  # a row for the stack that comes next; what else is in here is about the one before
    stack_id: str = ""
    seen: port.StackState | None = None
    events: Sequence[port.StackEvent] = ()
    resources: Sequence[port.StackResource] = ()
    ends: Mapping[int, ResourceEnd] = field(default_factory=dict)
    explained: Explained | None = None
    expired: bool = False
    receipt: dict[str, Any] | None = None


Step: TypeAlias = Callable[[Context], Outcome]


def stop(
    to: OperationState,
    sentence: str,
    *,
    hint: str = "",
    detail: str = "",
    button: str = Button.TRY_AGAIN,
) -> Outcome:
    """End the operation, and say why and what now."""
    return Outcome(to=to, reason=sentence, explained=Explained(sentence, hint, detail, button=button))


def new_events(context: Context, stack: Stack) -> list[port.StackEvent]:
    return context.aws.stack_events(stack.stack_id, after_event_id=stack.last_event_id or None)
