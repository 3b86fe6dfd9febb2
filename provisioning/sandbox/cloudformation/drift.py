"""Drift detection takes time, and only one runs on a stack at once. It finds secrets by their ARN."""

from __future__ import annotations

import asyncio
import re
from typing import Any

from provisioning.sandbox.cloudformation.requests import MINISTACKS, OK, Params, find, refuse
from provisioning.sandbox.event_bus import drift_changed
from provisioning.sandbox.faults import FAULTS
from provisioning.sandbox.pace import PACE
from provisioning.sandbox.private import drift as ministacks_drift
from provisioning.sandbox.private import secrets
from provisioning.sandbox.stacks.records import STACK_TYPE, Stack

SECONDS = 60
"""DhananjayThomble/URL-Shortener-App#507 reports 75 seconds for one stack."""
_BY_ARN = "AWS::SecretsManager::Secret"
_tasks: set[asyncio.Task[None]] = set()


def install() -> None:
    """The physical id of a secret is its ARN, as on AWS, and ministack's reader wants the name."""
    read_by_name, compared = ministacks_drift.DRIFT_READERS[_BY_ARN]

    def read(physical_id: str, properties: dict[str, Any]) -> Any:
        names = (name for name, secret in secrets.secrets.items() if secret["ARN"] == physical_id)
        return read_by_name(next(names, physical_id), properties)

    ministacks_drift.DRIFT_READERS[_BY_ARN] = read, compared


def detect_stack_drift(params: Params) -> Any:
    stack = find(params)
    if stack is not None and any(one.get("_hidden") for one in (stack.get("_drift_detections") or {}).values()):
        return refuse("ValidationError", f"Drift detection is already in progress for stack [{stack['StackId']}]")
    result = MINISTACKS["DetectStackDrift"](params)
    found = re.search(rb"<StackDriftDetectionId>([^<]+)", result[2]) if result[0] == OK else None
    if stack is not None and found:
        detection = stack["_drift_detections"][found[1].decode()]
        detection["_hidden"] = {**detection}
        detection.update(DetectionStatus="DETECTION_IN_PROGRESS", StackDriftStatus="NOT_CHECKED")
        detection.pop("DriftedStackResourceCount", None)
        drift_changed(stack, detection)
        task = asyncio.create_task(_finish(stack, detection))
        _tasks.add(task)
        task.add_done_callback(_tasks.discard)
    return result


async def _finish(stack: Stack, detection: dict[str, Any]) -> None:
    fault = FAULTS.take(stack["StackName"], stack["StackName"], STACK_TYPE, "drift")
    if fault is not None and fault.mode == "hang":
        await fault.hang()
    elif fault is not None:
        await asyncio.sleep(fault.seconds)
    await PACE.wait(SECONDS)
    detection.update(detection.pop("_hidden"))
    if fault is not None and fault.mode == "fail":
        detection.update(
            DetectionStatus="DETECTION_FAILED", DetectionStatusReason=fault.reason, StackDriftStatus="UNKNOWN"
        )
        detection.pop("DriftedStackResourceCount", None)
    drift_changed(stack, detection)
