"""The manual tasks of a launch, from a blueprint's `work.csv`: what people must do, in which order,
before and after it.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from graphlib import CycleError, TopologicalSorter
from typing import Any

FILE = "work.csv"
COLUMNS = ("component", "hours", "waits_for", "complexity", "blocking")
_MAX_ROWS = 200
_MAX_HOURS = 10_000
_EVERYTHING = re.compile(r"all\b", re.IGNORECASE)
_NOTHING = ("", "none", "-")
_YES_NO = {"yes": True, "no": False, "true": True, "false": False}


class WorkProblem(ValueError):  # noqa: N818 - a mistake in a blueprint, reported to its author
    """The file is invalid. The message names the line, the problem and what to do."""


@dataclass(frozen=True, slots=True)
class WorkItem:
    """One task. `waits_for` are other tasks; `conditions` are prerequisites that no task of the
    file fulfils.

    `start` and `hours` are hours from the beginning, if every task starts as early as possible.
    """

    name: str
    hours: Decimal
    waits_for: tuple[str, ...]
    conditions: tuple[str, ...]
    complexity: str
    blocking: bool
    start: Decimal
    critical: bool = False

    @property
    def end(self) -> Decimal:
        return self.start + self.hours


@dataclass(frozen=True, slots=True)
class WorkPlan:
    """`blocking_hours` must be worked before launch; `other_hours` can follow it."""

    items: tuple[WorkItem, ...]
    path: tuple[WorkItem, ...]

    @property
    def blocking_hours(self) -> Decimal:
        return sum((item.hours for item in self.items if item.blocking), Decimal(0))

    @property
    def other_hours(self) -> Decimal:
        return sum((item.hours for item in self.items if not item.blocking), Decimal(0))

    @property
    def launch_hours(self) -> Decimal:
        """Hours until launch if each task starts as soon as the tasks that it waits for are done."""
        return max((item.end for item in self.items if item.blocking), default=Decimal(0))

    @property
    def hours(self) -> Decimal:
        return max((item.end for item in self.items), default=Decimal(0))

    def as_json(self) -> dict[str, Any]:
        """Plain JSON."""
        return {
            "version": 1,
            "blocking_hours": float(self.blocking_hours),
            "other_hours": float(self.other_hours),
            "launch_hours": float(self.launch_hours),
            "hours": float(self.hours),
            "path": [item.name for item in self.path],
            "items": [
                {
                    "name": item.name,
                    "hours": float(item.hours),
                    "waits_for": list(item.waits_for),
                    "conditions": list(item.conditions),
                    "complexity": item.complexity,
                    "blocking": item.blocking,
                    "start": float(item.start),
                    "critical": item.critical,
                }
                for item in self.items
            ],
        }


@dataclass(frozen=True, slots=True)
class _Row:
    line: int
    name: str
    hours: Decimal
    waits: tuple[str, ...]
    complexity: str
    blocking: bool


def work_plan(text: str) -> WorkPlan:
    """Reads a plan of tasks. Raises WorkProblem.

    `waits_for` names other rows, separated by commas or semicolons: by their name, or by words that
    occur in one name only. Words that occur in no name are conditions; words that begin with "all"
    mean every other row.
    """
    rows = _rows(text)
    names = [row.name for row in rows]
    waits = {row.name: _waits(row, names) for row in rows}
    try:
        order = list(TopologicalSorter({name: needs for name, (needs, _) in waits.items()}).static_order())
    except CycleError as error:
        raise WorkProblem(f"{FILE}: these tasks have a circular dependency: {', '.join(error.args[1])}") from error
    by_name = {row.name: row for row in rows}
    ends: dict[str, Decimal] = {}
    for name in order:
        ends[name] = max((ends[need] for need in waits[name][0]), default=Decimal(0)) + by_name[name].hours
    chain = _critical_chain(ends, {name: needs for name, (needs, _) in waits.items()})
    items = {
        row.name: WorkItem(
            name=row.name,
            hours=row.hours,
            waits_for=waits[row.name][0],
            conditions=waits[row.name][1],
            complexity=row.complexity,
            blocking=row.blocking,
            start=ends[row.name] - row.hours,
            critical=row.name in chain,
        )
        for row in rows
    }
    return WorkPlan(tuple(items.values()), tuple(items[name] for name in chain))


def _critical_chain(ends: dict[str, Decimal], waits: dict[str, tuple[str, ...]]) -> list[str]:
    chain = [max(ends, key=lambda name: ends[name])]
    while waits[chain[-1]]:
        chain.append(max(waits[chain[-1]], key=lambda name: ends[name]))
    return chain[::-1]


def _rows(text: str) -> list[_Row]:
    reader = csv.reader(text.lstrip("\ufeff").splitlines())
    if tuple(word.strip() for word in next(reader, ())) != COLUMNS:
        raise WorkProblem(f"{FILE}, line 1: the columns must be {','.join(COLUMNS)}")
    rows: list[_Row] = []
    for cells in reader:
        if any(cell.strip() for cell in cells):
            rows.append(_row(reader.line_num, [cell.strip() for cell in cells], {row.name for row in rows}))
    if not rows:
        raise WorkProblem(f"{FILE}: it has no tasks; add a row, or remove the file")
    if len(rows) > _MAX_ROWS:
        raise WorkProblem(f"{FILE}: {len(rows)} rows are too many; at most {_MAX_ROWS} are allowed")
    return rows


def _row(line: int, cells: list[str], taken: Iterable[str]) -> _Row:
    where = f"{FILE}, line {line}"
    if len(cells) != len(COLUMNS):
        raise WorkProblem(f"{where}: {len(cells)} columns instead of {len(COLUMNS)}; put quotes around a list")
    name, hours, waits, complexity, blocking = cells
    if not name or name in taken:
        raise WorkProblem(f"{where}: a unique name is required, and this one is {'missing' if not name else 'taken'}")
    try:
        number = Decimal(hours)
    except InvalidOperation:
        number = Decimal("NaN")
    if not number.is_finite() or not 0 < number <= _MAX_HOURS:
        raise WorkProblem(f'{where}: hours is "{hours}"; write a number above 0, such as 0.5')
    if blocking.lower() not in _YES_NO:
        raise WorkProblem(f'{where}: blocking is "{blocking}"; write yes or no')
    words = tuple(word for part in re.split("[,;]", waits) if (word := part.strip()).lower() not in _NOTHING)
    return _Row(line, name, number, words, complexity, _YES_NO[blocking.lower()])


def _waits(row: _Row, names: list[str]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The rows that a row waits for, and the conditions that no row fulfils."""
    needs: dict[str, None] = {}
    conditions = []
    for words in row.waits:
        if words in names:
            matches = [words]
        elif _EVERYTHING.match(words):
            matches = [name for name in names if name != row.name]
        else:
            whole = re.compile(rf"(?<!\w){re.escape(words)}(?!\w)", re.IGNORECASE)
            matches = [name for name in names if whole.search(name) and name != row.name]
            if len(matches) > 1:
                raise WorkProblem(
                    f'{FILE}, line {row.line}: "{words}" could be {" or ".join(matches)}; write the whole name'
                )
        needs.update(dict.fromkeys(matches))
        if not matches:
            conditions.append(words)
    return tuple(needs), tuple(conditions)
