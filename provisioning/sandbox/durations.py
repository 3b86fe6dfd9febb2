"""How long AWS takes for a resource of each type, in seconds, as far as somebody has published it.

The figures and their sources stand in `provisioning/data/durations.csv`, beside what the columns mean.
"""

from __future__ import annotations

import csv
from collections import defaultdict
from functools import cache
from pathlib import Path
from typing import NamedTuple

_TABLE = Path(__file__).resolve().parent.parent / "data" / "durations.csv"
_EVERY_OTHER = "*"
UPDATE_SHARE = 0.3  # assumed: an update in place, as a share of a creation


class Duration(NamedTuple):
    create: float
    delete: float


@cache
def _table() -> dict[str, list[tuple[str, Duration]]]:
    """Per type what its figures hold for (a property, or a property and its value) and the figures, the narrowest first."""
    found: dict[str, list[tuple[str, Duration]]] = defaultdict(list)
    with _TABLE.open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            figures = Duration(float(row["create_seconds"]), float(row["delete_seconds"]))
            found[row["type"]].append((row["when"], figures))
    return {name: sorted(rows, key=lambda row: row[0], reverse=True) for name, rows in found.items()}


def duration(resource_type: str, properties: dict[str, object]) -> Duration:
    """AWS's seconds to create and to delete one resource."""
    table = _table()
    return next(
        (figures for when, figures in table.get(resource_type, ()) if _holds(when, properties)),
        table[_EVERY_OTHER][0][1],
    )


def _holds(when: str, properties: dict[str, object]) -> bool:
    name, _, value = when.partition("=")
    if not name:
        return True
    return name in properties and (not value or str(properties[name]).lower() == value.lower())
