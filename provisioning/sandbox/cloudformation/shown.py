"""What CloudFormation shows of stacks, beyond what ministack shows."""

from __future__ import annotations

from typing import Any
from xml.sax.saxutils import escape

from provisioning.sandbox.cloudformation.requests import MINISTACKS, Params, find, members
from provisioning.sandbox.private import cfn
from provisioning.sandbox.stacks import history
from provisioning.sandbox.stacks.records import Stack

DESCRIBED_RESOURCES = 100


def describe_stacks(params: Params) -> Any:
    return _completed(MINISTACKS["DescribeStacks"](params), _in_full)


def list_stacks(params: Params) -> Any:
    return _completed(MINISTACKS["ListStacks"](params), _in_summary)


def _completed(answered: Any, more: Any) -> Any:
    """Ministack's response, with more members of each stack in it."""
    status, headers, body = answered
    shown = body.decode()
    for stack in cfn.stacks.values():
        marker = f"<StackId>{escape(stack['StackId'])}</StackId>"
        if marker in shown:
            shown = shown.replace(marker, marker + members(more(stack)), 1)
    return status, headers, shown.encode()


def _in_summary(stack: Stack) -> dict[str, Any]:
    return {"LastOperations": history.last_operations(stack) or None}


def _in_full(stack: Stack) -> dict[str, Any]:
    return {
        **_in_summary(stack),
        "NotificationARNs": stack.get("NotificationARNs") or [],
        "RoleARN": stack.get("RoleARN"),
        "TimeoutInMinutes": stack.get("TimeoutInMinutes"),
        "DeletionTime": stack.get("DeletionTime"),
        "ChangeSetId": stack.get("_change_set_id"),
        "DeploymentConfig": stack.get("_deployment"),
        "DetailedStatus": stack.get("_detailed_status"),
    }


def describe_stack_resources(params: Params) -> Any:
    """Returns only the first hundred, as AWS does; ListStackResources returns all, in pages."""
    status, headers, body = MINISTACKS["DescribeStackResources"](params)
    head, opened, rest = body.decode().partition("<StackResources>")
    if not opened:
        return status, headers, body
    inner, closed, tail = rest.partition("</StackResources>")
    kept = inner.split("</member>")[:-1][:DESCRIBED_RESOURCES]
    return status, headers, (head + opened + "".join(f"{item}</member>" for item in kept) + closed + tail).encode()


def describe_stack_events(params: Params) -> Any:
    """Adds the id of each event's operation."""
    status, headers, body = MINISTACKS["DescribeStackEvents"](params)
    shown = body.decode()
    for event_id, operation in _operations_by_event(params).items():
        marker = f"<EventId>{escape(event_id)}</EventId>"
        shown = shown.replace(marker, f"{marker}<OperationId>{operation}</OperationId>", 1)
    return status, headers, shown.encode()


def _operations_by_event(params: Params) -> dict[str, str]:
    stack = find(params)
    events = cfn.stack_events.get(stack["StackId"], []) if stack is not None else []
    return {event["EventId"]: event["OperationId"] for event in events if event.get("OperationId")}
