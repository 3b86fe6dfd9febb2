"""Change, put back as designed, and the planning of both: the change sets of an environment's stacks
are created and read, shown with the request, and executed after its approval.
"""

from dataclasses import replace
from typing import Final

from provisioning.lifecycle.access import Permission
from provisioning.lifecycle.audit import AuditAction
from provisioning.lifecycle.decisions import CHANGE_COLUMN, PLAN_COLUMN, Act
from provisioning.lifecycle.decisions.cancel import CANCEL_CHANGE, CANCEL_PLANNING
from provisioning.lifecycle.kinds.record import ApprovalCheck, Kind, ShownStep, StackOrder, Words
from provisioning.lifecycle.states import EnvironmentState, OperationState
from provisioning.models import OperationKind, RequestKind

CHANGE: Final = Kind(
    key=RequestKind.CHANGE,
    words=Words(
        verb="Change",
        participle="changed",
        noun="Change",
        approve="Approve the change",
        stack_step="Change {stack} in {region}",
        pending="A change is pending approval.",
        again="Plan the change again.",
    ),
    audit_action=AuditAction.REQUEST_CHANGE,
    permission=Permission.OPERATE,
    is_offered=True,
    moving=EnvironmentState.CHANGING,
    succeeded=EnvironmentState.RUNNING,
    failed=EnvironmentState.CHANGE_FAILED,
    refused=None,
    cancelled=None,
    starts_environment=False,
    removes_environment=False,
    changes_stacks=True,
    plan_keys=frozenset({"change"}),
    provides_plan=True,
    has_timeline=False,
    repairs=True,
    approval_checks=frozenset({ApprovalCheck.ACCOUNT}),
    stack_order=StackOrder.FORWARD,
    creates_stacks=False,
    decisions=CHANGE_COLUMN,
    arrivals={Act.COMPARE: OperationState.COMPARING, Act.ADOPT: OperationState.UPDATING},
    states=frozenset(
        {
            OperationState.QUEUED,
            OperationState.CONTINUING,
            OperationState.COMPARING,
            OperationState.RELAXING,
            OperationState.EXECUTING,
            OperationState.UPDATING,
            OperationState.ROLLING_BACK,
            OperationState.RESTORING,
            OperationState.FINISHING,
            OperationState.CANCELLING,
        }
    ),
    cancels=CANCEL_CHANGE,
    steps=(
        ShownStep("prove", "Check the approval", frozenset({OperationState.QUEUED})),
        ShownStep("compare", "Compare with the approved plan", frozenset({OperationState.COMPARING}), per_stack=True),
        # Most changes relax no stack policy, so that is no step of its own.
        ShownStep(
            "update",
            "Change the resources",
            frozenset(
                {
                    OperationState.RELAXING,
                    OperationState.EXECUTING,
                    OperationState.UPDATING,
                    OperationState.ROLLING_BACK,
                    OperationState.RESTORING,
                }
            ),
            per_stack=True,
        ),
    ),
)

PUT_BACK: Final = replace(
    CHANGE,
    is_offered=False,
    key=RequestKind.PUT_BACK,
    words=Words(
        verb="Put back as designed",
        participle="put back as designed",
        noun="Reversal of drift",
        approve="Approve and put back",
        stack_step="Put back {stack} in {region}",
        pending="A reversal of drift is pending approval.",
        again="Plan it again.",
    ),
    audit_action=AuditAction.REQUEST_PUT_BACK,
    plan_keys=frozenset({"put_back"}),
    provides_plan=False,
)

PLAN: Final = Kind(
    key=OperationKind.PLAN,
    is_requested=False,
    words=Words(
        verb="Plan a change of",
        participle="planned",
        noun="Planning",
        approve="Approve the plan",
        stack_step="Plan the change of {stack} in {region}",
        pending="A plan is being made.",
        again="Plan the change again.",
    ),
    audit_action=AuditAction.REQUEST_CHANGE,
    permission=Permission.OPERATE,
    moving=EnvironmentState.PLANNING,
    succeeded=None,
    failed=None,
    refused=None,
    cancelled=None,
    starts_environment=False,
    removes_environment=False,
    plan_keys=frozenset({"change", "put_back"}),
    provides_plan=False,
    has_timeline=False,
    approval_checks=frozenset(),
    stack_order=StackOrder.FORWARD,
    creates_stacks=False,
    decisions=PLAN_COLUMN,
    arrivals={Act.PLAN: OperationState.PLANNING},
    states=frozenset(
        {
            OperationState.QUEUED,
            OperationState.CONTINUING,
            OperationState.PLANNING,
            OperationState.CANCELLING,
        }
    ),
    cancels=CANCEL_PLANNING,
    steps=(
        ShownStep("prove", "Check the request", frozenset({OperationState.QUEUED})),
        ShownStep("plan", "Create and read change sets", frozenset({OperationState.PLANNING}), per_stack=True),
    ),
)
