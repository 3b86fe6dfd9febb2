"""What is known about how long AWS takes for a resource: `provisioning/data/durations.csv`, which names its sources."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

TABLE = Path(__file__).resolve().parent.parent / "data" / "durations.csv"

STACK = "CloudFormation stack"
SIGNALS = "CreationPolicy"
AFTER_STEP = "ECS task after creation"
EVERY_OTHER = "*"
# In EXPRESS mode a resource is done when its configuration is applied; a queue, and its dead letters after it, took 10 s.
# https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/cloudformation-express-mode.html
EXPRESS_SECONDS = 5.0
_LOW, _HIGH = 0.5, 2.0


@dataclass(frozen=True, slots=True)
class Figure:
    """Seconds for the creation of one resource, and where they come from.

    `late`: what others read of it with `Fn::GetAtt` is known only when it is ready.
    """

    type: str
    when: str
    seconds: float
    low: float
    high: float
    delete: float
    express: float
    late: bool
    source: str
    where: str

    @property
    def assumed(self) -> bool:
        return self.source == "A"


@cache
def figures() -> Mapping[str, tuple[Figure, ...]]:
    """All figures by type; what holds in one case only stands before what holds in every other."""
    found: dict[str, list[Figure]] = defaultdict(list)
    with TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            found[row["type"]].append(_figure(row))
    return {name: tuple(sorted(rows, key=lambda row: row.when, reverse=True)) for name, rows in found.items()}


def _figure(row: Mapping[str, str]) -> Figure:
    seconds = float(row["create_seconds"])
    return Figure(
        type=row["type"],
        when=row["when"],
        seconds=seconds,
        low=float(row["low_seconds"] or seconds * _LOW),
        high=float(row["high_seconds"] or seconds * _HIGH),
        delete=float(row["delete_seconds"]),
        express=float(row["express_seconds"] or min(seconds, EXPRESS_SECONDS)),
        late=row["attributes"] == "late",
        source=row["source"],
        where=row["from"],
    )


def figure(kind: str, properties: Mapping[str, Any] | None = None) -> Figure:
    """What is known about a resource of this type with these properties; for an unknown type, the figure of every other."""
    table = figures()
    for row in table.get(kind, ()):
        if _holds(row.when, properties or {}):
            return row
    return table[EVERY_OTHER][0]


def _holds(when: str, properties: Mapping[str, Any]) -> bool:
    name, _, value = when.partition("=")
    return not name or (name in properties and (not value or str(properties[name]).lower() == value.lower()))
