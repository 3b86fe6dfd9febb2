"""Create: from a request to a running environment."""

from typing import Final

from provisioning.lifecycle.access import Permission
from provisioning.lifecycle.audit import AuditAction
from provisioning.lifecycle.decisions import CREATE_COLUMN, Act
from provisioning.lifecycle.decisions.cancel import CANCEL_CREATION
from provisioning.lifecycle.kinds.record import ApprovalCheck, Kind, ShownStep, StackOrder, Words
from provisioning.lifecycle.states import EnvironmentState, OperationState
from provisioning.models import RequestKind

CREATE: Final = Kind(
    key=RequestKind.CREATE,
    words=Words(
        verb="Create",
        participle="created",
        noun="Creation",
        approve="Approve and create",
        stack_step="Create {stack} in {region}",
        pending="The creation is pending approval. Nothing is created before that.",
        again="Tear the environment down and request it again.",
    ),
    audit_action=AuditAction.REQUEST_CREATE,
    permission=Permission.OPERATE,
    moving=EnvironmentState.CREATING,
    succeeded=EnvironmentState.RUNNING,
    failed=EnvironmentState.CREATE_FAILED,
    refused=EnvironmentState.CREATE_FAILED,
    cancelled=EnvironmentState.CREATE_FAILED,
    starts_environment=True,
    removes_environment=False,
    plan_keys=frozenset({"create"}),
    provides_plan=True,
    has_timeline=True,
    approval_checks=frozenset({ApprovalCheck.ACCOUNT}),
    stack_order=StackOrder.FORWARD,
    creates_stacks=True,
    decisions=CREATE_COLUMN,
    arrivals={
        Act.SUBMIT: OperationState.SUBMITTING,
        Act.ADOPT: OperationState.BUILDING,
        Act.FINISH: OperationState.BUILDING,
        Act.CLEAR: OperationState.CLEARING,
    },
    states=frozenset(
        {
            OperationState.QUEUED,
            OperationState.CONTINUING,
            OperationState.CLEARING,
            OperationState.SUBMITTING,
            OperationState.BUILDING,
            OperationState.ROLLING_BACK,
            OperationState.FINISHING,
            OperationState.CANCELLING,
        }
    ),
    cancels=CANCEL_CREATION,
    steps=(
        ShownStep("prove", "Check the approval", frozenset({OperationState.QUEUED})),
        ShownStep(
            "submit",
            "Start in CloudFormation",
            frozenset({OperationState.CLEARING, OperationState.SUBMITTING}),
            per_stack=True,
        ),
        ShownStep(
            "build",
            "Create the resources",
            frozenset({OperationState.BUILDING, OperationState.ROLLING_BACK}),
            per_stack=True,
        ),
    ),
)
