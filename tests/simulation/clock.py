"""The time of a simulation: the database's clock, which may be set, and the time since the machines
started, which may not.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from tests.scripted_aws.cloud import ManualClock

START = datetime(2026, 11, 27, 9, 0, tzinfo=UTC)


@dataclass
class SimulatedClock(ManualClock):
    """`at` is the true time, by which AWS and the scheduler go. `jumped` is by how much the
    database's clock is wrong.
    """

    at: datetime = START

    def move_to(self, at: datetime) -> None:
        self.at = max(self.at, at)


@dataclass
class DatabaseTime:
    """What `provisioning.lifecycle.clock` uses."""

    true: SimulatedClock
    jumped: timedelta = timedelta()

    def now(self) -> datetime:
        return self.true.at + self.jumped

    def uptime(self) -> float:
        return (self.true.at - START).total_seconds()
