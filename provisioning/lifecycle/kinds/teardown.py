"""Tear down: delete an environment's stacks, verify that nothing is left, and write the receipt."""

from typing import Final

from provisioning.lifecycle.access import Permission
from provisioning.lifecycle.audit import AuditAction
from provisioning.lifecycle.decisions import TEARDOWN_COLUMN, Act
from provisioning.lifecycle.decisions.cancel import CANCEL_TEARDOWN
from provisioning.lifecycle.kinds.record import Kind, ShownStep, StackOrder, Words
from provisioning.lifecycle.states import EnvironmentState, OperationState
from provisioning.models import RequestKind

TEARDOWN: Final = Kind(
    key=RequestKind.TEARDOWN,
    words=Words(
        verb="Tear down",
        participle="torn down",
        noun="Teardown",
        approve="Approve the teardown",
        stack_step="Delete {stack} in {region}",
        pending="A teardown is pending approval.",
        again="Request the teardown again.",
    ),
    audit_action=AuditAction.REQUEST_TEARDOWN,
    permission=Permission.OPERATE,
    is_offered=True,
    accepts_adopted=True,
    moving=EnvironmentState.TEARING_DOWN,
    succeeded=EnvironmentState.GONE,
    failed=EnvironmentState.TEARDOWN_FAILED,
    refused=None,
    cancelled=None,
    starts_environment=False,
    removes_environment=True,
    plan_keys=frozenset({"teardown"}),
    provides_plan=False,
    has_timeline=False,
    approval_checks=frozenset(),
    stack_order=StackOrder.REVERSE,
    creates_stacks=False,
    decisions=TEARDOWN_COLUMN,
    arrivals={
        Act.DELETE: OperationState.PREPARING,
        Act.DELETE_DRAFT: OperationState.DELETING,
        Act.ADOPT: OperationState.DELETING,
        Act.SWEEP: OperationState.SWEEPING,
    },
    states=frozenset(
        {
            OperationState.QUEUED,
            OperationState.CONTINUING,
            OperationState.LISTING,
            OperationState.PREPARING,
            OperationState.EMPTYING,
            OperationState.DELETING,
            OperationState.SWEEPING,
            OperationState.SETTLING,
            OperationState.CANCELLING,
        }
    ),
    cancels=CANCEL_TEARDOWN,
    steps=(
        ShownStep("prove", "Check the approval", frozenset({OperationState.QUEUED})),
        ShownStep("list", "List what exists", frozenset({OperationState.LISTING})),
        ShownStep("prepare", "Stop services and lift protection", frozenset({OperationState.PREPARING})),
        ShownStep("empty", "Empty the buckets", frozenset({OperationState.EMPTYING}), per_stack=True),
        ShownStep("delete", "Delete the stack", frozenset({OperationState.DELETING}), per_stack=True),
        ShownStep("sweep", "Check for leftovers", frozenset({OperationState.SWEEPING})),
        ShownStep("settle", "Wait for late calls", frozenset({OperationState.SETTLING})),
    ),
)
