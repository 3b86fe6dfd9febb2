"""Calls that change a stack, recover it, detect its drift or take messages about it, with every
permission that they need.

Sources: the service authorization reference of each service, and the pages that comments name.
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
from provisioning.aws.needs.record import REQUEST_TAGS, Call, ContextValue, Need, When
from provisioning.aws.onboarding import event_queue_arn

_NO_KEYS: Final[Mapping[str, ContextValue]] = MappingProxyType({})
_CHANGE_SET: Final = {"cloudformation:ChangeSetName": "portal-{environment_id}"}
_QUEUE: Final = event_queue_arn("{account_id}", "{region}", partition="{partition}")


def _on_stack(operation: str, when: When, *more: Need, context: Mapping[str, ContextValue] = _NO_KEYS) -> Call:
    """Returns a call whose permission is that of its own name, on a stack that has its tags."""
    need = Need(f"cloudformation:{operation}", STACK_ARN, tags_of=STACK, context=context)
    return Call(f"cloudformation:{operation}", when, (need, *more))


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
    ),
    _on_stack("ExecuteChangeSet", When.CHANGE, context=_CHANGE_SET),
    _on_stack("DeleteChangeSet", When.CHANGE, context=_CHANGE_SET),
    _on_stack("SetStackPolicy", When.CHANGE),
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
)

_EVENTS: Final = tuple(
    Call(f"sqs:{operation}", When.WATCHING, (Need(f"sqs:{permission}", _QUEUE),))
    for operation, permission in (
        ("ReceiveMessage", "ReceiveMessage"),
        ("DeleteMessageBatch", "DeleteMessage"),
    )
)

STACK_CHANGES: Final = (*_CHANGE_SETS, *_RECOVERY, *_DRIFT, *_EVENTS)
