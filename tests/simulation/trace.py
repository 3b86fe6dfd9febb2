"""What happened, to explain a failure."""

from __future__ import annotations

import hashlib
from collections import deque
from dataclasses import dataclass, field

from tests.simulation.clock import START, SimulatedClock

KEPT = 400


@dataclass
class Trace:
    clock: SimulatedClock
    lines: deque[str] = field(default_factory=lambda: deque(maxlen=KEPT))
    _digest: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, what: str, who: str = "") -> None:
        seconds = (self.clock.at - START).total_seconds()
        line = f"{seconds:9.1f} s  {who:12} {what}"
        self.lines.append(line)
        self._digest.update(line.encode())

    @property
    def digest(self) -> str:
        """Equal for two runs in which the same happened."""
        return self._digest.hexdigest()
