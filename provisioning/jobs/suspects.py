"""Operations that have cost several workers run one at a time, in a process of their own.

If one of them crashes that process, no other operation is affected. After a step that came to its
end, an operation is no longer suspected.
"""

from __future__ import annotations

import logging
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from provisioning.lifecycle import clock
from provisioning.lifecycle.claims import ANY_DEATHS, lanes_with_due_work
from provisioning.lifecycle.engine import Engine
from provisioning.lifecycle.steps.interruptions import QUARANTINE_AT

log = logging.getLogger(__name__)

SUSPECTS: Final = (QUARANTINE_AT, ANY_DEATHS[1])
LOOK_EVERY_SECONDS: Final = 5.0


def run_suspects(engine: Engine) -> int:
    """Run the steps of suspected operations that are due. Returns how many."""
    steps = 0
    while claimed := engine.claim(limit=1, deaths=SUSPECTS):
        log.warning(
            "Operation %s has cost %s workers and runs in a process of its own", claimed[0].pk, claimed[0].deaths
        )
        engine.step(claimed[0])
        steps += 1
    return steps


@dataclass(slots=True)
class SuspectsProcess:
    """Starts `command`, which calls `run_suspects`, when there are any; never two at once."""

    command: Sequence[str]
    _process: subprocess.Popen[bytes] | None = None
    _looked_at: float = float("-inf")

    def start_if_needed(self) -> None:
        if clock.uptime() - self._looked_at < LOOK_EVERY_SECONDS:
            return
        self._looked_at = clock.uptime()
        if self._process is not None and self._process.poll() is None:
            return
        if lanes_with_due_work(fewest_deaths=QUARANTINE_AT, limit=1):
            self._process = subprocess.Popen(self.command)
