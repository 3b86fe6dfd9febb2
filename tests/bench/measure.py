"""Timing, and the yardsticks."""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Figure:
    """`yardstick` is what the seconds are divided by, `aim` what we want, in words."""

    name: str
    seconds: float
    yardstick: str
    yardstick_seconds: float
    aim: str = ""

    def line(self) -> str:
        ratio = self.seconds / self.yardstick_seconds
        aim = f"  (aim: {self.aim})" if self.aim else ""
        return f"{self.name:<58} {_readable(self.seconds):>10}   {ratio:7.2f} × {self.yardstick}{aim}"


def median_seconds(work: Callable[[], object], *, times: int) -> float:
    """The median, so that one pause of the machine does not count."""
    taken = []
    for _ in range(times):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


def once(work: Callable[[], object]) -> float:
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


def json_round_trip(body: str) -> Callable[[], object]:
    """Reading and writing the same template as JSON: what any tool would have to do at the least."""
    return lambda: json.dumps(json.loads(body))


def _readable(seconds: float) -> str:
    if seconds < 0.001:
        return f"{seconds * 1e6:.0f} µs"
    return f"{seconds * 1000:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
