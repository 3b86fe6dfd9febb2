"""Adopt: take an existing CloudFormation stack into the portal without touching it."""

from typing import Final

from provisioning.lifecycle.access import Permission
from provisioning.lifecycle.audit import AuditAction
from provisioning.lifecycle.decisions import ADOPT_COLUMN, Act
from provisioning.lifecycle.decisions.cancel import CANCEL_ADOPTION
from provisioning.lifecycle.kinds.record import ApprovalCheck, Kind, ShownStep, StackOrder, Words
from provisioning.lifecycle.states import EnvironmentState, OperationState
from provisioning.models import RequestKind

ADOPT: Final = Kind(
    key=RequestKind.ADOPT,
    words=Words(
        verb="Adopt",
        participle="adopted",
        noun="Adoption",
        approve="Approve and adopt",
        stack_step="Read {stack} in {region}",
        pending="The adoption is pending approval. The stack is not watched before that.",
        again="Request the adoption again.",
    ),
    audit_action=AuditAction.REQUEST_ADOPT,
    permission=Permission.OPERATE,
    moving=EnvironmentState.ADOPTING,
    succeeded=EnvironmentState.RUNNING,
    failed=EnvironmentState.ADOPT_FAILED,
    refused=EnvironmentState.ADOPT_FAILED,
    cancelled=EnvironmentState.WITHDRAWN,
    starts_environment=True,
    removes_environment=False,
    accepts_adopted=True,
    plan_keys=frozenset({"adopt"}),
    provides_plan=True,
    has_timeline=False,
    approval_checks=frozenset({ApprovalCheck.ACCOUNT}),
    stack_order=StackOrder.FORWARD,
    creates_stacks=False,
    decisions=ADOPT_COLUMN,
    arrivals={Act.READ: OperationState.READING},
    states=frozenset(
        {
            OperationState.QUEUED,
            OperationState.CONTINUING,
            OperationState.READING,
            OperationState.CANCELLING,
        }
    ),
    cancels=CANCEL_ADOPTION,
    steps=(
        ShownStep("prove", "Check the approval", frozenset({OperationState.QUEUED})),
        ShownStep("read", "Read the stack", frozenset({OperationState.READING}), per_stack=True),
    ),
)
