"""Signals that creations wait for: CreationPolicy of instances and groups, and wait conditions of
instances.

A simulated instance runs no code, so the sandbox sends the signal of its user data: success, unless
a fault with op `signal` applies. A wait condition that no instance of its template refers to waits
for an external call, as on AWS.
"""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from provisioning.sandbox.faults import FAULTS, Fault
from provisioning.sandbox.pace import PACE
from provisioning.sandbox.private import autoscaling, engine, new_uuid, waits
from provisioning.sandbox.stacks.records import Stack, add_event

BOOT_SECONDS = 90.0  # assumed: the time from running until user data calls cfn-signal
POLL_SECONDS = 0.05
WAIT_CONDITION = "AWS::CloudFormation::WaitCondition"
GROUP = "AWS::AutoScaling::AutoScalingGroup"
HOSTS = ("AWS::EC2::Instance", "AWS::EC2::LaunchTemplate", "AWS::AutoScaling::LaunchConfiguration", GROUP)
SUCCESS, FAILURE = "SUCCESS", "FAILURE"
_open: dict[tuple[str, str], Slot] = {}


class SignalError(Exception):
    """AWS's reason why a resource that waited for signals failed."""


class Slot:
    """The signals of one waiting resource."""

    def __init__(self) -> None:
        self.statuses: dict[str, str] = {}
        self.changed = asyncio.Event()

    def receive(self, unique_id: str, status: str) -> bool:
        """False for a signal that was received before."""
        new = unique_id not in self.statuses
        self.statuses.setdefault(unique_id, status)
        self.changed.set()
        return new

    def count(self, status: str) -> int:
        return sum(item == status for item in self.statuses.values())


def signal(stack: Stack, logical_id: str, unique_id: str, status: str) -> bool:
    """SignalResource for an instance or a group; False if it does not wait."""
    slot = _open.get((stack["StackId"], logical_id))
    if slot is None:
        return False
    if slot.receive(unique_id, status):
        record = stack["_resources"][logical_id]
        reason = f"Received {status} signal with UniqueId {unique_id}"
        names = (stack["StackId"], stack["StackName"], logical_id, record["ResourceType"])
        add_event(*names, "CREATE_IN_PROGRESS", reason, record["PhysicalResourceId"])
    return True


def _senders(resource_type: str, physical_id: str, count: int) -> list[str]:
    if resource_type != GROUP:
        return [physical_id, *(f"{physical_id}-{number}" for number in range(2, count + 1))][:count]
    group = autoscaling.asgs.get(physical_id) or {}
    return [str(instance["InstanceId"]) for instance in group.get("Instances", [])][:count]


async def await_signals(stack: Stack, logical_id: str, policy: dict[str, Any]) -> None:
    """Returns when the creation policy is fulfilled; raises SignalError when that is no longer
    possible.
    """
    wanted = policy.get("ResourceSignal")
    if not wanted:
        return
    record = stack["_resources"][logical_id]
    resource_type, physical_id = record["ResourceType"], record["PhysicalResourceId"]
    count = int(wanted.get("Count", 1))
    percent = int((policy.get("AutoScalingCreationPolicy") or {}).get("MinSuccessfulInstancesPercent", 100))
    fault = FAULTS.take(stack["StackName"], logical_id, resource_type, "signal")
    with _open_slot(stack, logical_id) as slot:
        sender = asyncio.create_task(_send(stack, logical_id, _senders(resource_type, physical_id, count), fault))
        seconds = int(waits.validate_resource_signal_timeout(wanted.get("Timeout"), logical_id))
        clock = asyncio.create_task(_time_out(seconds))
        try:
            await _until_met(slot, count, percent, clock)
        finally:
            for task in (sender, clock):
                task.cancel()
            await asyncio.gather(sender, clock, return_exceptions=True)


@contextmanager
def _open_slot(stack: Stack, logical_id: str) -> Iterator[Slot]:
    slot = _open.setdefault((stack["StackId"], logical_id), Slot())
    try:
        yield slot
    finally:
        _open.pop((stack["StackId"], logical_id), None)


async def _time_out(seconds: float) -> None:
    """AWS's timeout, at the sandbox's pace; at speed 0, where nothing takes time, it never expires."""
    if not PACE.speed:
        await asyncio.Event().wait()
    await PACE.wait(seconds)


async def _until_met(slot: Slot, count: int, percent: int, clock: asyncio.Task[None]) -> None:
    allowed = count * (100 - percent) // 100
    while slot.count(SUCCESS) < count - allowed:
        failed = slot.count(FAILURE)
        if failed > allowed:
            raise SignalError(
                f"Received {failed} FAILURE signal(s) out of {count}. "
                f"Unable to satisfy {percent}% MinSuccessfulInstancesPercent requirement"
            )
        waiter = asyncio.create_task(slot.changed.wait())
        await asyncio.wait((waiter, clock), return_when=asyncio.FIRST_COMPLETED)
        waiter.cancel()
        slot.changed.clear()
        if clock.done() and slot.count(SUCCESS) < count - allowed:
            missing = count - slot.count(SUCCESS)
            raise SignalError(f"Failed to receive {missing} resource signal(s) within the specified duration")


async def _send(stack: Stack, logical_id: str, senders: list[str], fault: Fault | None) -> None:
    status = await _verdict(fault)
    for unique_id in senders:
        signal(stack, logical_id, unique_id, status)


async def _verdict(fault: Fault | None) -> str:
    """Sends the signal of an instance's user data when it is due."""
    await PACE.wait(BOOT_SECONDS)
    if fault is not None and fault.mode == "hang":
        await fault.hang()
    elif fault is not None:
        await asyncio.sleep(fault.seconds)
    return FAILURE if fault is not None and fault.mode == "fail" else SUCCESS


# Wait conditions --------------------------------------------------------------------------------------------------


def is_answered(template: dict[str, Any], logical_id: str) -> bool:
    """Whether an instance of the template refers to the wait condition: by its handle, or by
    cfn-signal with its name.
    """
    definition = template["Resources"][logical_id]
    handle = (definition.get("Properties") or {}).get("Handle")
    name = handle.get("Ref") if isinstance(handle, dict) else None
    hosts = [item for item in template["Resources"].values() if item.get("Type") in HOSTS]
    if name:
        return any(name in {reference for reference, _ in engine.intrinsic_references(host)} for host in hosts)
    return any(re.search(rf"\b{re.escape(logical_id)}\b", json.dumps(host, default=str)) for host in hosts)


async def answer_wait_condition(stack: Stack, logical_id: str, count: int) -> None:
    """Sends the signals of the instances once ministack's handler waits for them."""
    fault = FAULTS.take(stack["StackName"], logical_id, WAIT_CONDITION, "signal")
    status = await _verdict(fault)
    for _ in range(count):
        while not waits.signal_resource(stack["StackId"], logical_id, f"i-{new_uuid().replace('-', '')[:17]}", status):  # noqa: ASYNC110 - the waiting is a thread of ministack's
            await asyncio.sleep(POLL_SECONDS)


def _at_pace(*args: Any) -> Any:
    """Ministack's wait, converted from real seconds to the sandbox's time."""
    *plain, seconds = args
    return _wait_for(*plain, seconds / PACE.speed if PACE.speed else seconds)


_wait_for = waits.wait_for


def install() -> None:
    waits.put("wait_for", _at_pace)
