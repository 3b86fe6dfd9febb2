"""How long AWS takes for a resource of each type, in seconds: the simulated account takes as long.

The figures are in `durations.csv`, each with its source. The table belongs to the sandbox alone:
the forecast has figures of its own, because two checks that share a table find no error in it.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import NamedTuple

_TABLE = Path(__file__).resolve().parent / "durations.csv"
_EVERY_OTHER = "*"
UPDATE_SHARE = 0.3  # assumed: an update in place takes this share of a creation


class Duration(NamedTuple):
    create: float
    delete: float


@cache
def table() -> dict[str, list[tuple[str, Duration]]]:
    """Returns the durations of each type with their condition (a property, or a property and its
    value). The one without a condition comes last.
    """
    durations: dict[str, list[tuple[str, Duration]]] = defaultdict(list)
    with _TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            figures = Duration(float(row["create_seconds"]), float(row["delete_seconds"]))
            durations[row["type"]].append((row["when"], figures))
    return {name: sorted(rows, key=lambda row: row[0], reverse=True) for name, rows in durations.items()}


def duration(resource_type: str, properties: dict[str, object]) -> Duration:
    """Returns AWS's seconds to create and to delete one resource."""
    for when, figures in table().get(resource_type, ()):
        name, _, value = when.partition("=")
        if not name or (name in properties and (not value or str(properties[name]).lower() == value.lower())):
            return figures
    return table()[_EVERY_OTHER][0][1]
