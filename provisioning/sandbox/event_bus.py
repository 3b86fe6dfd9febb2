"""CloudFormation's events on the account's default event bus, where rules pick them up.

Their forms are those of EventBridge's events reference. A fault of op `event` loses, repeats or
delays single ones; a delayed event arrives after later ones.
"""

from __future__ import annotations

import asyncio
import contextvars
import json
from typing import Any

from provisioning.sandbox.faults import FAULTS
from provisioning.sandbox.private import eventbridge
from provisioning.sandbox.stacks.records import STACK_TYPE, Stack, watch

_loop: asyncio.AbstractEventLoop | None = None
_delayed: set[asyncio.Task[None]] = set()


def start() -> None:
    """Must run on the loop that serves requests, before the first stack."""
    global _loop  # noqa: PLW0603
    _loop = asyncio.get_running_loop()
    watch(_note)


def _note(stack: Stack, event: dict[str, Any]) -> None:
    of_stack = event["PhysicalResourceId"] == stack["StackId"]
    status = {"status": event["ResourceStatus"], "status-reason": event.get("ResourceStatusReason", "")}
    detail: dict[str, Any] = {"stack-id": stack["StackId"], "status-details": status}
    if not of_stack:
        detail |= {
            "logical-resource-id": event["LogicalResourceId"],
            "physical-resource-id": event.get("PhysicalResourceId", ""),
            "resource-type": event["ResourceType"],
        }
    detail["client-request-token"] = event.get("ClientRequestToken", "")
    kind = "Stack" if of_stack else "Resource"
    _send(stack, f"CloudFormation {kind} Status Change", detail, event["LogicalResourceId"], event["ResourceType"])


def drift_changed(stack: Stack, detection: dict[str, Any]) -> None:
    detail = {
        "stack-id": stack["StackId"],
        "stack-drift-detection-id": detection["StackDriftDetectionId"],
        "status-details": {
            "stack-drift-status": detection["StackDriftStatus"],
            "detection-status": detection["DetectionStatus"],
        },
        "drift-detection-details": {"drifted-stack-resource-count": detection.get("DriftedStackResourceCount", -1)},
    }
    _send(stack, "CloudFormation Drift Detection Status Change", detail, stack["StackName"], STACK_TYPE)


def _send(stack: Stack, detail_type: str, detail: dict[str, Any], logical_id: str, resource_type: str) -> None:
    if _loop is None:
        return
    entry = {
        "Source": "aws.cloudformation",
        "DetailType": detail_type,
        "Detail": json.dumps(detail),
        "Resources": [stack["StackId"]],
    }
    fault = FAULTS.take(stack["StackName"], logical_id, resource_type, "event")
    if fault is not None and fault.mode == "fail":
        return
    seconds = fault.seconds if fault is not None and fault.mode == "slow" else 0
    for _ in range(2 if fault is not None and fault.mode == "repeat" else 1):
        _loop.call_soon_threadsafe(_deliver, entry, seconds, context=contextvars.copy_context())


def _deliver(entry: dict[str, Any], seconds: float) -> None:
    if not seconds:
        eventbridge.put_events({"Entries": [entry]}, allow_aws_source=True)
        return

    async def later() -> None:
        await asyncio.sleep(seconds)
        eventbridge.put_events({"Entries": [entry]}, allow_aws_source=True)

    task = asyncio.create_task(later())
    _delayed.add(task)
    task.add_done_callback(_delayed.discard)
