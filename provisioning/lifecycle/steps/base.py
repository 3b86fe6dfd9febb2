"""What a step receives and returns. Only the engine writes, in one fenced transaction."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final, TypeAlias

from django.utils.functional import cached_property

from provisioning.aws import interface
from provisioning.lifecycle.change_plan.freeze import FrozenPlan
from provisioning.lifecycle.decisions import Button
from provisioning.lifecycle.failure_explanations import Explained
from provisioning.lifecycle.intentions import Allowed, NotApproved
from provisioning.lifecycle.kinds.record import Kind
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.ownership import has_tags_of, is_in_ledger, was_created_by
from provisioning.lifecycle.plan_document import (
    PlanDocument,
    PlannedResource,
    PlannedStack,
    StackedPlan,
    TeardownPlan,
    UnreadablePlan,
    digest_of,
    from_json,
)
from provisioning.lifecycle.plan_queries import plan_in_effect
from provisioning.lifecycle.poller.in_flight import IN_FLIGHT
from provisioning.lifecycle.poller.sights import NO_VISIT, WATCH_SECONDS, LastVisit, known_state, record_description
from provisioning.lifecycle.receipt_document import ReceiptDocument
from provisioning.lifecycle.states import EnvironmentState, OperationState, RequestState
from provisioning.lifecycle.step_data import StepData
from provisioning.models import Operation, ResourceEnd, Stack, StackResource

# Seconds between two looks at a stack, by how long it has been in progress: somebody watches a new
# one.
POLL_EVERY: Final[tuple[tuple[float, float], ...]] = ((120, 3), (600, 8), (1800, 20), (float("inf"), 45))
SANDBOX_POLL_SECONDS: Final = 1.0


@dataclass
class Context:
    """One operation, as it was when it was claimed. "The stack" is always the one that it is at."""

    operation: Operation
    aws_in: Callable[[str], interface.Aws]
    now: datetime
    last_visit: LastVisit = NO_VISIT
    """Of the poller in the operation's region, read when the step began. Without one, AWS is asked."""
    allowed: list[Allowed] = field(default_factory=list)

    def allow(self, operation: str = "", *, digest: str = "", target: str = "", until: float = float("inf")) -> None:
        """Allow this step to make a call that changes something. The permit refuses all others.

        `operation` is botocore's name. `digest` is that of the arguments, as the approved document
        has them (`aws.arguments.digest_of`); `target` is the stack, the change set or the physical
        id that the call acts on. Without an operation, every call of another service than
        CloudFormation on that target is allowed. `until` is the uptime (`clock.uptime`) by which the
        call has to leave, if it rests on what AWS has answered before.
        """
        if not (operation or target):
            raise ValueError("Allow a call by its operation, by its target, or by both.")
        self.allowed.append(Allowed(operation, digest, target, until))

    @property
    def kind(self) -> Kind:
        return kind_of(self.operation.kind)

    @cached_property
    def aws(self) -> interface.Aws:
        """The client for the account in the stack's region."""
        return self.aws_in(self.operation.region)

    def look(self, stack_id: str) -> interface.StackState | None:
        """What the poller saw last, or a description by AWS if that is too old; see `poller.sights`.
        None if CloudFormation does not know the stack.

        What it returns is recorded already.
        """
        row = next((stack for stack in reversed(self.stacks) if stack.stack_id == stack_id), None)
        state = known_state(self.operation, row, self.last_visit, now=self.now) if row is not None else None
        if state is None and (state := self.aws.describe_stack(stack_id)) is not None:
            record_description(state, at=self.now)
        return state

    @cached_property
    def document(self) -> PlanDocument:
        """The plan of the operation's request, as this step has read it. The digest of what is
        approved is computed from it again at each call that changes something.

        Raises NotApproved if it is not the plan that was approved.
        """
        try:
            document = from_json(self.operation.request.plan.content)
        except UnreadablePlan as error:
            raise NotApproved(error.sentence) from error
        if self.kind.is_requested and digest_of(document) != self.operation.approved_digest:
            raise NotApproved("The plan differs from the one that was approved.")
        return document

    @cached_property
    def teardown(self) -> TeardownPlan:
        """The operation's own plan, in the steps of a teardown.

        Raises TypeError in other operations.
        """
        if not isinstance(self.document, TeardownPlan):
            raise TypeError(f"Operation {self.operation.pk} is {self.operation.state} and has no teardown plan.")
        return self.document

    @property
    def teardown_account_id(self) -> str:
        """The account in which the approved teardown acts. Plans of earlier formats do not name it."""
        return self.teardown.account_id or self.plan.account_id

    @cached_property
    def plan(self) -> StackedPlan:
        """The plan whose stacks the operation works on; a teardown works on those of the current
        plan.
        """
        return self.document if isinstance(self.document, StackedPlan) else plan_in_effect(self.operation)

    @property
    def planned(self) -> PlannedStack:
        """The stack that the operation is at, as it was planned."""
        return self.plan.stack(self.operation.stack)

    @property
    def following(self) -> PlannedStack | None:
        """The next stack of this operation; None at the last one."""
        stored = [stack.key for stack in self.step_data.stacks]
        keys = self.kind.in_order(stored or [stack.key for stack in self.plan.stacks])
        later = keys[keys.index(self.operation.stack) + 1 :]
        return self.plan.stack(later[0]) if later else None

    @cached_property
    def stacks(self) -> list[Stack]:
        """All stack rows of the environment, oldest first."""
        return list(Stack.objects.filter(environment=self.operation.environment_id).order_by("created_at", "id"))

    @property
    def stack(self) -> Stack | None:
        """The newest row of the stack."""
        return self.newest(self.operation.stack)

    def newest(self, key: str) -> Stack | None:
        return next((stack for stack in reversed(self.stacks) if stack.role == key), None)

    @property
    def the_stack(self) -> Stack:
        """The newest row of the stack, after an earlier step has created one.

        Raises LookupError if there is none.
        """
        if (stack := self.stack) is None:
            raise LookupError(f"Operation {self.operation.pk} is {self.operation.state} and has no stack.")
        return stack

    def aws_of(self, row: StackResource) -> interface.Aws:
        """The client for the account in the region of a resource of the ledger."""
        return self.aws_in(next(stack.region for stack in self.stacks if stack.pk == row.stack_id))

    @cached_property
    def step_data(self) -> StepData:
        """What earlier steps of this operation stored."""
        return StepData.from_json(self.operation.step_data)

    def token(self, step: str) -> str:
        """The client token of a step.

        It is the same for each repetition, so that AWS acts once, and differs by stack.

        Operations that started before the token format changed keep their stored tokens.
        """
        if (stored := self.step_data.tokens.get(step)) is not None:
            return stored
        key = self.operation.stack.replace("_", "-")
        return f"{self.operation.token}-{key}-{step}"

    def is_ours(self, state: interface.StackState) -> bool:
        """Whether the ledger has the stack, or an operation of this environment created it.

        Other stacks are never touched.
        """
        environment = self.operation.environment
        if is_in_ledger(environment, state.stack_id):
            return True
        return has_tags_of(environment, state) and was_created_by(
            environment, self.aws.stack_events(state.stack_id, after_event_id=None)
        )

    def poll_seconds(self) -> float:
        """The pause before the step runs again. The poller ends that of a step that waits for a
        stack.
        """
        if self.operation.state in IN_FLIGHT:
            return WATCH_SECONDS
        if self.operation.environment.account.is_sandbox:
            return SANDBOX_POLL_SECONDS
        age = (self.now - self.operation.state_changed_at).total_seconds()
        return next(seconds for limit, seconds in POLL_EVERY if age < limit)


@dataclass
class Outcome:
    """What the engine writes. Without any other field, the step runs again after `wait` seconds."""

    to: OperationState | None = None
    reason: str = ""
    wait: float = 0.0
    step_data: StepData | None = None  # replaces the stored data; None: no change
    adopts_stack: bool = False  # a stack of ours has no row yet: open one, and write the rest of this outcome to it
    new_attempt: bool = False  # open a row for another attempt; the rest of this outcome is about the row before
    next_stack: PlannedStack | None = None  # the operation moves to this stack
    stack_inputs: Mapping[str, str] = field(default_factory=dict)  # values of earlier stacks for this one
    stack_id: str = ""
    stack_state: interface.StackState | None = None  # as this step has described it; what `look` returns is recorded
    seen_at: datetime | None = None  # when the step began, so that `stack_state` is at least as new; set by the engine
    events: Sequence[interface.StackEvent] = ()
    failures: Sequence[interface.StackEvent] = ()  # what has failed, without the events before and between
    resources: Sequence[interface.StackResource] = ()
    policies: Mapping[str, str] | None = None
    """With `resources`: the deletion policies of the stack's template, so the ledger is complete."""
    ends: Mapping[int, ResourceEnd] = field(default_factory=dict)
    explained: Explained | None = None
    request: RequestState | None = None  # the request's next state, if not the one that follows from the end
    frozen: FrozenPlan | None = None  # the plan of a change, as AWS has planned it
    policy_to_restore: str | None = None  # of the stack; empty: it is restored; None: no change
    new_resources: Sequence[PlannedResource] = ()  # that the stack is about to get: open their ledger rows
    left_over: tuple[str, ...] = ()  # physical ids that left the stack without being deleted
    expired: bool = False
    environment: EnvironmentState | None = None
    """The environment's state after the end of the operation, if it is not that of the kind."""
    needs_repair: str | None = None  # why the environment accepts no change until it is repaired
    receipt: ReceiptDocument | None = None


Step: TypeAlias = Callable[[Context], Outcome]


def stop(
    to: OperationState,
    sentence: str,
    *,
    hint: str = "",
    detail: str = "",
    button: str = Button.RETRY,
) -> Outcome:
    """End the operation, with its cause and the next action."""
    return Outcome(to=to, reason=sentence, explained=Explained(sentence, hint, detail, button=button))


def continue_with(context: Context, following: PlannedStack, reason: str) -> Outcome:
    """Move to the next stack. Step data about the deletion of this one starts over."""
    data = replace(
        context.step_data,
        delete_round=0,
        asked_in_round=None,
        asked_at=None,
        wait_until=None,
        requests=0,
        retaining=(),
        forcing=False,
        prepared=(),
        emptied=(),
        idle_rounds=0,
    )
    reason = f"{reason} Next is {following.name} in {following.region}."
    return Outcome(to=OperationState.CONTINUING, reason=reason, next_stack=following, step_data=data)


def new_events(context: Context, stack: Stack) -> list[interface.StackEvent]:
    return context.aws.stack_events(stack.stack_id, after_event_id=stack.last_event_id or None)
