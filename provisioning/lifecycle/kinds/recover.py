"""Recover: continue a rollback that is stuck, or roll back a change that failed half way."""

from typing import Final

from provisioning.lifecycle.access import Permission
from provisioning.lifecycle.audit import AuditAction
from provisioning.lifecycle.decisions import RECOVER_COLUMN, Act
from provisioning.lifecycle.decisions.cancel import CANCEL_RECOVERY
from provisioning.lifecycle.kinds.record import Kind, ShownStep, StackOrder, Words
from provisioning.lifecycle.states import EnvironmentState, OperationState
from provisioning.models import RequestKind

RECOVER: Final = Kind(
    key=RequestKind.RECOVER,
    words=Words(
        verb="Recover",
        participle="recovered",
        noun="Recovery",
        approve="Approve the recovery",
        stack_step="Roll back {stack} in {region}",
        pending="A recovery is pending approval.",
        again="Request the recovery again.",
    ),
    audit_action=AuditAction.REQUEST_RECOVER,
    permission=Permission.OPERATE,
    is_offered=True,
    only_if_suggested=True,
    moving=EnvironmentState.RECOVERING,
    succeeded=EnvironmentState.RUNNING,
    failed=EnvironmentState.NEEDS_REPAIR,
    refused=None,
    cancelled=None,
    starts_environment=False,
    removes_environment=False,
    plan_keys=frozenset({"recover"}),
    changes_stacks=True,
    provides_plan=False,
    has_timeline=False,
    approval_checks=frozenset(),
    stack_order=StackOrder.FORWARD,
    creates_stacks=False,
    decisions=RECOVER_COLUMN,
    arrivals={
        Act.CONTINUE: OperationState.RECOVERING,
        Act.ROLL_BACK: OperationState.RECOVERING,
        Act.ADOPT: OperationState.ROLLING_BACK,
        Act.FINISH: OperationState.ROLLING_BACK,
    },
    states=frozenset(
        {
            OperationState.QUEUED,
            OperationState.CONTINUING,
            OperationState.RECOVERING,
            OperationState.ROLLING_BACK,
            OperationState.CANCELLING,
        }
    ),
    cancels=CANCEL_RECOVERY,
    steps=(
        ShownStep("prove", "Check the approval", frozenset({OperationState.QUEUED})),
        ShownStep(
            "roll_back",
            "Roll the stack back",
            frozenset({OperationState.RECOVERING, OperationState.ROLLING_BACK}),
            per_stack=True,
        ),
    ),
)
