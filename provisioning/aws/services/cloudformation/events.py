"""Events of a stack, and of one operation on it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from provisioning.aws.change_sets import OperationEvent
from provisioning.aws.interface import StackEvent
from provisioning.aws.sessions import Clients

if TYPE_CHECKING:
    from mypy_boto3_cloudformation.type_defs import OperationEventTypeDef, StackEventTypeDef

MAX_EVENT_PAGES: Final = 50
"""The most pages of 100 events that one call reads: over ten events per resource of the largest
template.
"""


def stack_events(aws: Clients, stack_id: str, *, after_event_id: str | None) -> list[StackEvent]:
    """Returns the oldest event first. AWS returns the newest first, so a known event ends the
    reading. The oldest events beyond `MAX_EVENT_PAGES` are left out.
    """
    events: list[StackEvent] = []
    pages = aws.cloudformation.get_paginator("describe_stack_events").paginate(StackName=stack_id)
    for number, page in enumerate(pages, start=1):
        for event in page["StackEvents"]:
            if event["EventId"] == after_event_id:
                return events[::-1]
            events.append(_event(event))
        if number == MAX_EVENT_PAGES:
            break
    return events[::-1]


def operation_events(
    aws: Clients, *, stack_id: str, change_set_id: str, operation_id: str, failed_only: bool
) -> list[OperationEvent]:
    """DescribeEvents, oldest event first, as AWS returns the newest first. An operation's id
    alone names its events. The oldest events beyond `MAX_EVENT_PAGES` are left out.
    """
    request: dict[str, Any] = {"Filters": {"FailedEvents": True}} if failed_only else {}
    if operation_id:
        request["OperationId"] = operation_id
    else:
        request |= {"StackName": stack_id} if stack_id else {}
        request |= {"ChangeSetName": change_set_id} if change_set_id else {}
    events: list[OperationEvent] = []
    pages = aws.cloudformation.get_paginator("describe_events").paginate(**request)
    for number, page in enumerate(pages, start=1):
        events += map(_operation_event, page["OperationEvents"])
        if number == MAX_EVENT_PAGES:
            break
    return events[::-1]


def _event(event: StackEventTypeDef) -> StackEvent:
    return StackEvent(
        event_id=event["EventId"],
        at=event["Timestamp"],
        logical_id=event.get("LogicalResourceId", ""),
        physical_id=event.get("PhysicalResourceId", ""),
        type=event.get("ResourceType", ""),
        status=event.get("ResourceStatus", ""),
        reason=event.get("ResourceStatusReason", ""),
        token=event.get("ClientRequestToken", ""),
    )


def _operation_event(event: OperationEventTypeDef) -> OperationEvent:
    """An event without a time of its own, as a validation's, has that of its start or end."""
    validation = event.get("ValidationStatusReason", "")
    return OperationEvent(
        event_id=event["EventId"],
        at=event.get("Timestamp") or event.get("EndTime") or event["StartTime"],
        type=event["EventType"],
        operation_id=event.get("OperationId", ""),
        operation_type=event.get("OperationType", ""),
        logical_id=event.get("LogicalResourceId", ""),
        physical_id=event.get("PhysicalResourceId", ""),
        resource_type=event.get("ResourceType", ""),
        status=event.get("ResourceStatus") or event.get("ValidationStatus") or event.get("HookStatus", ""),
        reason=event.get("ResourceStatusReason") or validation or event.get("HookStatusReason", ""),
        token=event.get("ClientRequestToken", ""),
        validation_name=event.get("ValidationName", ""),
        validation_mode=event.get("ValidationFailureMode", ""),
        validation_path=event.get("ValidationPath", ""),
    )
