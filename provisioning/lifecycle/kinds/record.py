"""The record that describes one kind of request.

Everything that differs between kinds is a field here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from provisioning.lifecycle.access import Permission
from provisioning.lifecycle.audit import AuditAction
from provisioning.lifecycle.decisions import Act, Column, Decision, Phase, decide
from provisioning.lifecycle.decisions.cancel import Cancels
from provisioning.lifecycle.states import ENVIRONMENT_GRAPH, EnvironmentState, OperationState

T = TypeVar("T")


class StackOrder(StrEnum):
    """The order in which an operation goes through the stacks of a plan, which lists them in the
    order of creation.
    """

    FORWARD = "forward"
    REVERSE = "reverse"  # so that no stack loses the stack inputs that it still uses


class ApprovalCheck(StrEnum):
    """A check of the approved plan against what is true when its operation begins."""

    ACCOUNT = "account"  # it is still the same AWS account and accepts the size and the regions


@dataclass(frozen=True, slots=True)
class ShownStep:
    """One step of an operation as pages show it, with the operation states during which it is the
    current one.

    In an environment with several stacks, the steps with `per_stack` are replaced by one step for
    each stack.
    """

    key: str
    title: str
    states: frozenset[OperationState]
    per_stack: bool = False


@dataclass(frozen=True, slots=True)
class Words:
    """How pages name a kind. `verb` is followed by the environment's name."""

    verb: str  # "Create", as on the button and in "Create orders"
    participle: str  # "created", as in "It can be created when …"
    noun: str  # "Creation"
    approve: str  # the label of the approver's button
    stack_step: str  # the title of the step for one of several stacks, with {stack} and {region}
    pending: str  # what a page says while the request is pending approval
    again: str  # what to do when a failed request can no longer be retried

    @property
    def expired(self) -> str:
        return f"Its approval has expired. {self.again}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of request. `key` is the member of `RequestKind` that the database stores."""

    key: str
    words: Words
    audit_action: AuditAction
    permission: Permission  # who may request it: members whose role has this permission

    # People request it. The operation kind "plan" is part of other kinds' requests.
    is_requested: bool = True
    # The environment's page offers it, with a form at the URL of its key.
    is_offered: bool = False
    # It is offered only where the last failure suggests it, or the environment needs it.
    only_if_suggested: bool = False

    # It changes stacks, so their fingerprints are taken again after it.
    changes_stacks: bool = False
    # It can be requested for an adopted stack, which is otherwise only watched.
    accepts_adopted: bool = False

    # The environment's states while and after an operation of this kind runs; None stands for the
    # state before the operation. A step's outcome may name another one.
    moving: EnvironmentState
    succeeded: EnvironmentState | None
    failed: EnvironmentState | None
    refused: EnvironmentState | None  # before anything was touched
    cancelled: EnvironmentState | None

    # The request begins the life of its environment. Other kinds need an environment that exists.
    # If such a request is rejected, withdrawn or expires, its environment is withdrawn with it.
    starts_environment: bool
    # The operation removes the environment: progress counts resources that are gone.
    removes_environment: bool
    # A successful operation repairs what an earlier one has left in an unknown state.
    repairs: bool = False

    # The `kind` of its plan documents, whose digest covers all their fields.
    plan_keys: frozenset[str]
    # The environment runs the plan of this kind once its operation has begun.
    provides_plan: bool
    # The plan has a timeline from which an end can be forecast.
    has_timeline: bool
    approval_checks: frozenset[ApprovalCheck]

    stack_order: StackOrder
    # The operation creates stacks under the planned names, so a foreign stack with such a name is
    # an obstacle. Other kinds work on stacks that the ledger knows by their id.
    creates_stacks: bool
    decisions: Column
    # The operation state that follows each act of the column's ARRIVE phase, except WAIT and FAIL.
    arrivals: Mapping[Act, OperationState]
    # The open states that its operations pass through.
    states: frozenset[OperationState]
    steps: tuple[ShownStep, ...]
    # What cancelling does in each of its states.
    cancels: Cancels

    @property
    def starts_from(self) -> frozenset[EnvironmentState]:
        """The environment states in which an operation of this kind can begin."""
        return frozenset(state for state in EnvironmentState if ENVIRONMENT_GRAPH.allows(state, self.moving))

    def environment_after(self, end: OperationState, *, before: str) -> EnvironmentState:
        """The environment's state after an operation that ended so; `before` is the one it had
        before.
        """
        match end:
            case OperationState.SUCCEEDED:
                after = self.succeeded
            case OperationState.REFUSED:
                after = self.refused
            case OperationState.CANCELLED:
                after = self.cancelled
            case _:
                after = self.failed
        if after is not None:
            return after
        if ENVIRONMENT_GRAPH.allows(self.moving, before):
            return EnvironmentState(before)
        return self.failed or EnvironmentState(before)

    def decide(self, phase: Phase, status: str) -> Decision:
        return decide(self.decisions, phase, status)

    def in_order(self, stacks: Sequence[T]) -> list[T]:
        """The stacks of a plan, or anything listed like them, in the order of this kind's
        operations.
        """
        return list(stacks) if self.stack_order is StackOrder.FORWARD else list(reversed(stacks))
