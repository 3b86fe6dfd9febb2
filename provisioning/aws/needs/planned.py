"""Calls that coming work makes, each with the number of its issue. Onboarding grants them already,
so that administrators update it once.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

from provisioning.aws.needs.changes import (
    PASS_STACK_ROLE,
    READ_TEMPLATE,
    ROLE_OF_STACK,
    STACK,
    STACK_ARN,
)
from provisioning.aws.needs.record import CHANGES_AND_DRIFT, COSTS, REQUEST_TAGS, Call, Caller, ContextValue, Need, When
from provisioning.aws.onboarding import event_queue_arn

_NO_KEYS: Final[Mapping[str, ContextValue]] = MappingProxyType({})
_CHANGE_SET: Final = {"cloudformation:ChangeSetName": "portal-{environment_id}"}
_QUEUE: Final = event_queue_arn("{account_id}", "{region}", partition="{partition}")


def _on_stack(operation: str, when: When, *more: Need, context: Mapping[str, ContextValue] = _NO_KEYS) -> Call:
    """Returns a call whose permission is that of its own name, on a stack that has its tags."""
    need = Need(f"cloudformation:{operation}", STACK_ARN, tags_of=STACK, context=context)
    return Call(f"cloudformation:{operation}", when, (need, *more), planned=CHANGES_AND_DRIFT)


_CHANGE_SETS: Final = (
    # A change set for a stack that exists; its request never has cloudformation:ImportResourceTypes.
    Call(
        "cloudformation:CreateChangeSet",
        When.CHANGE,
        (
            Need(
                "cloudformation:CreateChangeSet",
                STACK_ARN,
                tags_of=STACK,
                context={**_CHANGE_SET, **ROLE_OF_STACK, **REQUEST_TAGS},
            ),
            Need(
                "cloudformation:TagResource",
                STACK_ARN,
                tags_of=STACK,
                context={**REQUEST_TAGS, "cloudformation:CreateAction": "CreateChangeSet"},
            ),
            READ_TEMPLATE,
            PASS_STACK_ROLE,
            # Pre-deployment validation. AWS does not say whether it reads as the caller or as the stack role:
            # https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html
            Need("cloudwatch:GetMetricData"),
            Need("config:ListConfigurationRecorders"),
            Need("ec2:DescribeSecurityGroups"),
            Need(
                "ecr:ListImages",
                "arn:{partition}:ecr:{region}:{account_id}:repository/{team}/{environment}/api",
            ),
            Need("iam:GetAccountSummary"),
            Need("lambda:GetAccountSettings"),
            Need("s3:ListBucket", "arn:{partition}:s3:::pt-{team}--{generation}-media-{account_id}-{region}-an"),
            Need("servicequotas:GetServiceQuota", "arn:{partition}:servicequotas:{region}:{account_id}:vpc/L-F678F1CE"),
        ),
        planned=CHANGES_AND_DRIFT,
    ),
    _on_stack("DescribeChangeSet", When.CHANGE, context=_CHANGE_SET),
    _on_stack("ExecuteChangeSet", When.CHANGE, context=_CHANGE_SET),
    _on_stack("DeleteChangeSet", When.CHANGE, context=_CHANGE_SET),
    _on_stack("ListChangeSets", When.CHANGE),
    _on_stack("GetTemplate", When.CHANGE),
    _on_stack("GetStackPolicy", When.CHANGE),
    _on_stack("SetStackPolicy", When.CHANGE),
    _on_stack("DescribeEvents", When.CHANGE),
)

_RECOVERY: Final = (
    _on_stack("CancelUpdateStack", When.RECOVERY),
    _on_stack(
        "ContinueUpdateRollback",
        When.RECOVERY,
        PASS_STACK_ROLE,
        context=ROLE_OF_STACK,
    ),
    _on_stack(
        "RollbackStack",
        When.RECOVERY,
        PASS_STACK_ROLE,
        context=ROLE_OF_STACK,
    ),
)

# Drift is read with the caller's permissions, not with the stack role's: "a user must have … read permission for each
# resource that supports drift detection included in the stack", and both Detect permissions:
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-stack-drift.html
# `aws.handlers.drift_reads` lists these permissions.
_DRIFT: Final = (
    _on_stack(
        "DetectStackDrift",
        When.DRIFT,
        Need("cloudformation:DetectStackResourceDrift", STACK_ARN, tags_of=STACK),
    ),
    Call(
        "cloudformation:DescribeStackDriftDetectionStatus",
        When.DRIFT,
        (Need("cloudformation:DescribeStackDriftDetectionStatus"),),
        planned=CHANGES_AND_DRIFT,
    ),
    _on_stack("DescribeStackResourceDrifts", When.DRIFT),
)

_EVENTS: Final = tuple(
    Call(f"sqs:{operation}", When.WATCHING, (Need(f"sqs:{permission}", _QUEUE),), planned=CHANGES_AND_DRIFT)
    for operation, permission in (
        ("ReceiveMessage", "ReceiveMessage"),
        ("DeleteMessageBatch", "DeleteMessage"),
    )
)

# Cost Explorer answers for all accounts of a payer in the payer's account; activating tags is possible there only.
_COSTS: Final = (
    *(
        Call(f"ce:{operation}", When.COSTS, (Need(f"ce:{operation}"),), planned=COSTS)
        for operation in ("GetCostAndUsage", "GetTags", "ListCostAllocationTags", "UpdateCostAllocationTagsStatus")
    ),
    *(
        Call(
            f"pricing:{operation}",
            When.COSTS,
            (Need(f"pricing:{operation}"),),
            planned=COSTS,
            caller=Caller.ADMINISTRATOR,
        )
        for operation in ("DescribeServices", "GetAttributeValues", "GetProducts")
    ),
)

_LIMITS: Final = (
    Call(
        "cloudformation:DescribeAccountLimits",
        When.PREFLIGHT,
        (Need("cloudformation:DescribeAccountLimits"),),
        planned=CHANGES_AND_DRIFT,
    ),
)

PLANNED: Final = (*_CHANGE_SETS, *_RECOVERY, *_DRIFT, *_EVENTS, *_COSTS, *_LIMITS)
