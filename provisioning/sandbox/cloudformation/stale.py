"""Reads that are older than the last write, as AWS's eventually consistent answers may be.

A fault of op `read` with some `seconds` shows a stack's status, its place in ListStacks and its
events as they were that long ago. `target` is the call, such as ListStacks.
"""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

from provisioning.sandbox.cloudformation.requests import Action, Params
from provisioning.sandbox.faults import FAULTS
from provisioning.sandbox.private import cfn
from provisioning.sandbox.stacks.records import Stack, watch

KEPT = 200
_past: defaultdict[str, list[tuple[float, str, str]]] = defaultdict(list)


def remember() -> None:
    """Must run before the first stack: keeps each status with its time, for as long as the process lives."""
    watch(_note)


def _note(stack: Stack, event: dict[str, Any]) -> None:
    if event["PhysicalResourceId"] == stack["StackId"]:
        statuses = _past[stack["StackId"]]
        statuses.append((time.monotonic(), event["ResourceStatus"], event.get("ResourceStatusReason", "")))
        del statuses[:-KEPT]


def may_be_stale(action: str, answer: Action) -> Callable[[Params], Any]:
    """The handler of a call that only reads, with the stacks as the faults want them to be seen."""

    def read(params: Params) -> Any:
        with _as_seen(action):
            return answer(params)

    return read


@contextmanager
def _as_seen(action: str) -> Iterator[None]:
    if not FAULTS.any_of("read"):
        yield
        return
    restored: list[Callable[[], None]] = []
    for key, stack in list(cfn.stacks.items()):
        fault = FAULTS.take(stack["StackName"], action, "", "read")
        if fault is not None:
            restored.append(_set_back(key, stack, fault.seconds))
    try:
        yield
    finally:
        for restore in restored:
            restore()


def _set_back(key: str, stack: Stack, seconds: float) -> Callable[[], None]:
    """Shows a stack as it was; returns what undoes that. Nothing else runs meanwhile."""
    stack_id, now = stack["StackId"], {name: stack.get(name) for name in ("StackStatus", "StackStatusReason")}
    events = list(cfn.stack_events.get(stack_id) or [])
    before = datetime.now(UTC) - timedelta(seconds=seconds)
    then = [one for one in _past[stack_id] if one[0] <= time.monotonic() - seconds]
    if _past[stack_id] and not then:
        cfn.stacks.pop(key)
    elif then:
        stack.update(StackStatus=then[-1][1], StackStatusReason=then[-1][2])
    cfn.stack_events[stack_id] = [one for one in events if datetime.fromisoformat(one["Timestamp"]) <= before]

    def restore() -> None:
        stack.update(now)
        cfn.stacks[key] = stack
        cfn.stack_events[stack_id] = events

    return restore
