"""Injected faults: resources (and one-off tasks) that fail, hang or take long, as requested through
the control API.
"""

from __future__ import annotations

import asyncio
import itertools
from dataclasses import dataclass, field, fields
from typing import Any

OPERATIONS = (
    "create",
    "update",
    "delete",
    "rollback",
    "change_set",
    "property_values",
    "drift",
    "event",
    "read",
    "run_task",
    "signal",
    "call",
)
MODES = ("fail", "hang", "slow", "repeat")
DEFAULT_REASON = 'Resource handler returned message: "The sandbox was asked to fail here." (HandlerErrorCode: GeneralServiceException)'


class FaultError(ValueError):
    """An invalid fault; the message describes the correct form."""


@dataclass
class Fault:
    id: str
    stack: str = "*"
    target: str = "*"
    op: str = "create"
    mode: str = "fail"
    reason: str = DEFAULT_REASON
    seconds: float = 0
    times: int | None = 1
    hits: int = 0
    _ended: asyncio.Event = field(default_factory=asyncio.Event, repr=False)

    def matches(self, stack: str, logical_id: str, resource_type: str, op: str) -> bool:
        return (
            self.op == op
            and self.stack in ("*", stack)
            and self.target in ("*", logical_id, resource_type)
            and (self.times is None or self.hits < self.times)
        )

    def end(self) -> None:
        self._ended.set()

    async def hang(self) -> None:
        """Waits until the fault is cleared, or for its number of (real) seconds."""
        try:
            await asyncio.wait_for(self._ended.wait(), self.seconds or None)
        except TimeoutError:
            return

    def as_json(self) -> dict[str, Any]:
        return {item.name: getattr(self, item.name) for item in fields(self) if item.name != "_ended"}


class FaultPlan:
    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._numbers = itertools.count(1)

    def order(self, wanted: dict[str, Any]) -> Fault:
        """Adds one fault; `times` is how many resources it affects (default 1, null for all)."""
        unknown = sorted(set(wanted) - {"stack", "target", "op", "mode", "reason", "seconds", "times"})
        if unknown:
            raise FaultError(
                f"A fault has no {', '.join(unknown)}; it has stack, target, op, mode, reason, seconds, times."
            )
        fault = Fault(id=f"fault-{next(self._numbers)}", **wanted)
        if fault.op not in OPERATIONS:
            raise FaultError(f"op is {fault.op!r}; it must be one of {', '.join(OPERATIONS)}.")
        if fault.mode not in MODES:
            raise FaultError(f"mode is {fault.mode!r}; it must be one of {', '.join(MODES)}.")
        if fault.mode == "repeat" and fault.op != "event":
            raise FaultError("mode is 'repeat', which only faults of op 'event' have.")
        self._faults.append(fault)
        return fault

    def take(self, stack: str, logical_id: str, resource_type: str, op: str) -> Fault | None:
        """The first active fault for this resource; it counts as one hit."""
        for fault in self._faults:
            if fault.matches(stack, logical_id, resource_type, op):
                fault.hits += 1
                return fault
        return None

    def any_of(self, op: str) -> bool:
        return any(fault.op == op for fault in self._faults)

    def clear(self) -> int:
        """Ends all faults, and hanging operations continue. Returns the number of faults."""
        ended, self._faults = self._faults, []
        for fault in ended:
            fault.end()
        return len(ended)

    def as_json(self) -> list[dict[str, Any]]:
        return [fault.as_json() for fault in self._faults]


FAULTS = FaultPlan()
