"""DescribeEvents: the events of operations on a stack, and of the creation of change sets."""

from __future__ import annotations

from typing import Any

from provisioning.sandbox.cloudformation.change_sets import lookup
from provisioning.sandbox.cloudformation.requests import Params, answer, find, refuse, text
from provisioning.sandbox.private import cfn, helpers
from provisioning.sandbox.stacks import records
from provisioning.sandbox.stacks.records import STACK_TYPE

Event = dict[str, Any]
FAILURES = ("VALIDATION_ERROR", "PROVISIONING_ERROR", "HOOK_INVOCATION_ERROR")
_OF_STACK_EVENT = (
    "EventId",
    "StackId",
    "OperationId",
    "OperationType",
    "LogicalResourceId",
    "PhysicalResourceId",
    "ResourceType",
    "Timestamp",
    "ResourceStatus",
    "ResourceStatusReason",
    "ClientRequestToken",
    "DetailedStatus",
)


def describe_events(params: Params) -> Any:
    operation_id = text(params, "OperationId")
    if text(params, "ChangeSetName"):
        change_set = lookup(params)
        if change_set is None:
            return helpers.error(
                "ChangeSetNotFound", f"ChangeSet [{text(params, 'ChangeSetName')}] does not exist", 404
            )
        events = _of_change_set(change_set)
    elif text(params, "StackName"):
        stack = find(params)
        if stack is None:
            return refuse("ValidationError", f"Stack [{text(params, 'StackName')}] does not exist")
        events = _of_stack(stack["StackId"])
    elif operation_id:
        events = [event for stack_id in list(cfn.stack_events) for event in _of_stack(stack_id)]
        events += [event for one in cfn.change_sets.values() for event in _of_change_set(one)]
    else:
        return refuse("ValidationError", "One of ChangeSetName, OperationId or StackName must be specified")
    if operation_id:
        events = [event for event in events if event.get("OperationId") == operation_id]
    if text(params, "Filters.FailedEvents") == "true":
        events = [event for event in events if event["EventType"] in FAILURES]
    newest_first = sorted(events, key=lambda event: event["Timestamp"])[::-1]
    page, more, refused = helpers.page(newest_first, params, "DescribeEvents")
    token = more.removeprefix("<NextToken>").removesuffix("</NextToken>") or None
    return refused or answer("DescribeEvents", {"OperationEvents": page, "NextToken": token})


def _of_stack(stack_id: str) -> list[Event]:
    events = cfn.stack_events.get(stack_id) or []
    statuses = _operation_statuses(events)
    stack = records.find(stack_id) or {}
    checked = [
        {"EventId": f"{event['OperationId']}-validation-{number}", **event}
        for number, event in enumerate(stack.get("_validation_events", []))
    ]
    return checked + [
        {
            **{name: event[name] for name in _OF_STACK_EVENT if event.get(name)},
            "EventType": _type_of(event),
            "OperationStatus": statuses.get(event.get("OperationId", "")),
        }
        for event in events
    ]


def _type_of(event: Event) -> str:
    if event["ResourceStatus"].endswith("_FAILED"):
        return "PROVISIONING_ERROR"
    return "STACK_EVENT" if event["ResourceType"] == STACK_TYPE else "PROGRESS_EVENT"


def _operation_statuses(events: list[Event]) -> dict[str, str]:
    """By operation: an operation that another one takes back has failed."""
    last: dict[str, str] = {}
    for event in events:
        if event["PhysicalResourceId"] == event["StackId"] and event.get("OperationId"):
            last[event["OperationId"]] = event["ResourceStatus"]
    newest = next(reversed(last), "")
    return {
        operation: "SUCCEEDED"
        if status.endswith("_COMPLETE")
        else "IN_PROGRESS"
        if operation == newest and status.endswith("_IN_PROGRESS")
        else "FAILED"
        for operation, status in last.items()
    }


def _of_change_set(change_set: dict[str, Any]) -> list[Event]:
    status = {"CREATE_COMPLETE": "SUCCEEDED", "FAILED": "FAILED"}.get(change_set["Status"], "IN_PROGRESS")
    common = {
        "StackId": change_set["StackId"],
        "OperationId": change_set["_operation"],
        "OperationType": "CREATE_CHANGESET",
        "OperationStatus": status,
    }
    begin = {"EventId": change_set["_operation"], "EventType": "STACK_EVENT", "Timestamp": change_set["CreationTime"]}
    events = [begin, *change_set.get("_events", [])]
    return [
        {"EventId": f"{change_set['_operation']}-{number}", **event, **common} for number, event in enumerate(events)
    ]
