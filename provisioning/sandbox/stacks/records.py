"""The stack records that ministack's calls read and show, and their events."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from provisioning.sandbox.private import cfn, new_uuid, now_iso, stacks
from provisioning.sandbox.stacks import history

Stack = dict[str, Any]
STACK_TYPE = "AWS::CloudFormation::Stack"
GONE = ("DELETE_COMPLETE", "DELETE_SKIPPED")
"""Statuses of resources that the stack no longer has."""
_watchers: list[Callable[[Stack, dict[str, Any]], None]] = []
_ministacks_add_event = stacks.add_event
changes = 0
"""Grows with every event, so that the state's saver knows whether anything happened."""


def find(stack_id: str) -> Stack | None:
    """The stack with this id; several stacks may have had the same name."""
    for stack in cfn.stacks.values():
        if stack.get("StackId") == stack_id:
            found: Stack = stack
            return found
    return None


def changed() -> None:
    """Something other than an event has changed, and must be saved."""
    global changes  # noqa: PLW0603
    changes += 1


def watch(watcher: Callable[[Stack, dict[str, Any]], None]) -> None:
    """Calls `watcher(stack, event)` after each event."""
    _watchers.append(watcher)


def add_event(  # noqa: PLR0917 - ministack's own signature, called by its code as well
    stack_id: str,
    stack_name: str,
    logical_id: str,
    resource_type: str,
    status: str,
    reason: str = "",
    physical_id: str = "",
    detailed_status: str = "",
) -> None:
    global changes  # noqa: PLW0603
    changes += 1
    _ministacks_add_event(stack_id, stack_name, logical_id, resource_type, status, reason, physical_id, detailed_status)
    named = cfn.stacks.get(stack_name)
    stack = named if named and named["StackId"] == stack_id else find(stack_id)
    event = cfn.stack_events[stack_id][-1]
    event["EventId"] = f"{logical_id}-{status}-{new_uuid()}" if resource_type != STACK_TYPE else event["EventId"]
    if stack:
        event.update(history.note(stack))
    for watcher in _watchers if stack else ():
        watcher(stack or {}, event)


def set_status(stack: Stack, status: str, reason: str = "") -> None:
    """Sets a stack's status and records the event."""
    stack["StackStatus"] = status
    stack["StackStatusReason"] = reason
    if status == "DELETE_COMPLETE":
        stack["DeletionTime"] = now_iso()
    add_event(stack["StackId"], stack["StackName"], stack["StackName"], STACK_TYPE, status, reason, stack["StackId"])


def set_resource(stack: Stack, logical_id: str, status: str, reason: str = "", **fields: Any) -> dict[str, Any]:
    """Sets a resource's status and records the event; `fields` are added to its record."""
    record: dict[str, Any] = stack["_resources"].setdefault(
        logical_id,
        {
            "LogicalResourceId": logical_id,
            "PhysicalResourceId": "",
            "ResourceType": "",
            "Properties": {},
            "Attributes": {},
        },
    )
    record.update(fields)
    record.update(ResourceStatus=status, ResourceStatusReason=reason, Timestamp=now_iso())
    physical_id = record["PhysicalResourceId"]
    add_event(stack["StackId"], stack["StackName"], logical_id, record["ResourceType"], status, reason, physical_id)
    return record


def exists(record: dict[str, Any]) -> bool:
    """Whether the record belongs to a resource that was created, and neither deleted nor given up."""
    return bool(record.get("PhysicalResourceId")) and record.get("ResourceStatus") not in GONE
