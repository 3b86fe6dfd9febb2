"""AWS's request rates for CloudFormation: one token bucket per account, region and API.

AWS publishes no figures; these were measured by users (aws/aws-sam-cli#2671: five DescribeStacks a
second; Sceptre/sceptre#910: five CreateStack in one second are throttled). Off at speed 0 unless it
is turned on.
"""

from __future__ import annotations

import time
from typing import Any, NamedTuple

from provisioning.sandbox.pace import PACE


class Rate(NamedTuple):
    per_second: float
    burst: float


DEFAULT = Rate(10, 20)
RATES: dict[str, Rate] = {
    "CreateStack": Rate(1, 4),
    "UpdateStack": Rate(1, 4),
    "DeleteStack": Rate(1, 10),
    "CreateChangeSet": Rate(1, 5),
    "ExecuteChangeSet": Rate(1, 5),
    "DescribeStacks": Rate(5, 10),
    "DescribeStackEvents": Rate(5, 15),
    "DescribeStackResources": Rate(5, 10),
    "DescribeChangeSet": Rate(5, 10),
    "ListStacks": Rate(5, 10),
    "ListStackResources": Rate(5, 10),
}


class Throttle:
    def __init__(self) -> None:
        self._on: bool | None = None
        self._rates = dict(RATES)
        self._buckets: dict[tuple[str, str, str], tuple[float, float]] = {}

    @property
    def enabled(self) -> bool:
        return PACE.speed > 0 if self._on is None else self._on

    def configure(self, *, on: bool | None, rates: dict[str, list[float]] | None) -> None:
        """Turns it on or off (None: depending on the speed), and sets rates as {"CreateStack": [per
        second, burst]}.
        """
        self._on = on
        self._rates = dict(RATES)
        for name, pair in (rates or {}).items():
            self._rates[name] = Rate(*map(float, pair))
        self._buckets.clear()

    def allow(self, account: str, region: str, action: str, now: float | None = None) -> bool:
        """Takes one token; False if there is none, and the call must be rejected with Throttling."""
        if not self.enabled:
            return True
        rate = self._rates.get(action, DEFAULT)
        now = time.monotonic() if now is None else now
        tokens, last = self._buckets.get((account, region, action), (rate.burst, now))
        tokens = min(rate.burst, tokens + (now - last) * rate.per_second)
        allowed = tokens >= 1
        self._buckets[account, region, action] = (tokens - allowed, now)
        return allowed

    def as_json(self) -> dict[str, Any]:
        return {
            "on": self.enabled,
            "rates": {name: list(rate) for name, rate in self._rates.items()},
            "default": list(DEFAULT),
        }


THROTTLE = Throttle()
