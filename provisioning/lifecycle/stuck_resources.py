"""Finds the resources that a rollback is stuck at: the smallest list that may be skipped.

ContinueUpdateRollback accepts only resources that became UPDATE_FAILED because the rollback failed
(API reference of ContinueUpdateRollback, ResourcesToSkip). Those that were merely cancelled roll
back by themselves afterwards, so they are not part of the list.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from provisioning.aws import interface
from provisioning.aws.change_sets import OperationEvent
from provisioning.lifecycle.failure_explanations import CANCELLED
from provisioning.lifecycle.plan_document import StuckResource

STACK_TYPE: Final = "AWS::CloudFormation::Stack"
NESTED_DEEPEST: Final = 5


def stuck_resources(aws: interface.Aws, state: interface.StackState) -> tuple[StuckResource, ...]:
    """The resources that the newest rollback of this stack could not roll back, by logical id.

    A resource of a nested stack is named `NestedStackName.LogicalId`, as AWS expects it.
    """
    _, operation_id = state.last_operation
    events = aws.operation_events(stack_id=state.stack_id, operation_id=operation_id)
    return tuple(_stuck(aws, state.stack_id, events, prefix="", depth=0))


def _stuck(
    aws: interface.Aws, stack_id: str, events: Sequence[OperationEvent], *, prefix: str, depth: int
) -> list[StuckResource]:
    stuck: list[StuckResource] = []
    for event in failed_while_rolling_back(events, stack_id):
        if event.resource_type == STACK_TYPE and event.physical_id.startswith("arn:") and depth < NESTED_DEEPEST:
            name = event.physical_id.partition(":stack/")[2].partition("/")[0]
            nested = aws.operation_events(stack_id=event.physical_id)
            inner = _stuck(aws, event.physical_id, nested, prefix=f"{name}.", depth=depth + 1)
            if inner:
                stuck += inner
                continue
        stuck.append(StuckResource(f"{prefix}{event.logical_id}", event.resource_type, event.physical_id, event.reason))
    return stuck


def failed_while_rolling_back(events: Sequence[OperationEvent], stack_id: str) -> list[OperationEvent]:
    """The last events of the resources that failed by themselves after the rollback had begun."""
    begins = [
        number
        for number, event in enumerate(events)
        if event.physical_id == stack_id and event.status == "UPDATE_ROLLBACK_IN_PROGRESS"
    ]
    newest: dict[str, OperationEvent] = {}
    for event in events[begins[-1] if begins else 0 :]:
        if event.physical_id != stack_id and event.logical_id:
            newest[event.logical_id] = event
    return [
        newest[name]
        for name in sorted(newest)
        if newest[name].status == "UPDATE_FAILED" and not CANCELLED.match(newest[name].reason)
    ]
