"""The timeline of a creation as data: when each step happens, the critical path, and how certain
the figures are.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

VERSION = 1  # of the stored form


@dataclass(frozen=True, slots=True)
class Step:
    """One resource, or one task after them, in seconds from the start of the first stack.

    `address` is empty for CloudFormation's own time and for a post-deployment task. `source` is the
    letter of the figure's source.
    """

    logical_id: str
    type: str
    title: str
    address: str
    stack: str
    start: float
    seconds: float
    source: str
    critical: bool = False

    @property
    def end(self) -> float:
        return self.start + self.seconds

    @property
    def assumed(self) -> bool:
        return self.source == "A"


@dataclass(frozen=True, slots=True)
class StackSpan:
    """One stack. `levels` are its logical ids in the order in which they may be created."""

    stack: str
    region: str
    start: float
    seconds: float
    express: bool
    levels: tuple[tuple[str, ...], ...]

    @property
    def end(self) -> float:
        return self.start + self.seconds


@dataclass(frozen=True, slots=True)
class Group:
    """The resources of one component in one stack."""

    address: str
    name: str
    kind: str
    stack: str
    steps: tuple[Step, ...]

    @property
    def start(self) -> float:
        return min(step.start for step in self.steps)

    @property
    def end(self) -> float:
        return max(step.end for step in self.steps)


@dataclass(frozen=True)
class Timeline:
    """`groups` contain all resources; `path` is the critical path, without a gap. `unknown` are
    types without a figure.
    """

    title: str
    stacks: tuple[StackSpan, ...]
    groups: tuple[Group, ...]
    path: tuple[Step, ...]
    tasks: tuple[Step, ...]
    seconds: float
    low_seconds: float
    high_seconds: float
    express: bool
    unknown: tuple[str, ...]

    @cached_property
    def steps(self) -> tuple[Step, ...]:
        """All resources, sorted by start."""
        steps = (step for group in self.groups for step in group.steps)
        return tuple(sorted(steps, key=lambda step: (step.start, step.logical_id)))

    @property
    def assumed_share(self) -> float:
        """The share of the critical path's time for which no figure is published, 0 to 1."""
        return sum(step.seconds for step in self.path if step.assumed) / self.seconds if self.seconds else 0.0

    @property
    def minutes(self) -> int:
        return minutes(self.seconds)

    @property
    def summary(self) -> str:
        """`about 21 minutes (13 to 46)`."""
        low, high = minutes(self.low_seconds), minutes(self.high_seconds)
        unit = "minute" if self.minutes == 1 else "minutes"
        return f"about {self.minutes} {unit}" + (f" ({low} to {high})" if low != high else "")

    def as_json(self) -> dict[str, Any]:
        """Plain JSON for storage; `from_json` restores the timeline."""
        level = {
            (span.stack, name): number
            for span in self.stacks
            for number, names in enumerate(span.levels)
            for name in names
        }
        return {
            "version": VERSION,
            "title": self.title,
            "seconds": self.seconds,
            "low_seconds": self.low_seconds,
            "high_seconds": self.high_seconds,
            "assumed_share": round(self.assumed_share, 3),
            "express": self.express,
            "unknown_types": list(self.unknown),
            "stacks": [
                {"stack": s.stack, "region": s.region, "start": s.start, "seconds": s.seconds, "express": s.express}
                for s in self.stacks
            ],
            "groups": [
                {"address": g.address, "name": g.name, "kind": g.kind, "stack": g.stack}
                | {"steps": [_inner(step) | {"wave": level[g.stack, step.logical_id]} for step in g.steps]}
                for g in self.groups
            ],
            "path": [_inner(step) | {"address": step.address, "stack": step.stack} for step in self.path],
            "after": [_inner(step) | {"address": step.address, "stack": step.stack} for step in self.tasks],
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Timeline:
        """Restores a stored timeline. Raises ValueError for one of another version."""
        if data.get("version") != VERSION:
            raise ValueError(
                f"This timeline was stored in version {data.get('version')}, and only version {VERSION} can be read; "
                "create it again from the design."
            )
        levels: dict[str, list[list[str]]] = defaultdict(list)
        for group in data["groups"]:
            for step in group["steps"]:
                own = levels[group["stack"]]
                own.extend([] for _ in range(step["wave"] + 1 - len(own)))
                own[step["wave"]].append(step["logical_id"])
        return cls(
            title=data["title"],
            stacks=tuple(
                StackSpan(**span, levels=tuple(tuple(sorted(level)) for level in levels[span["stack"]]))
                for span in data["stacks"]
            ),
            groups=tuple(
                Group(
                    group["address"], group["name"], group["kind"], group["stack"],
                    tuple(_step(step, group["address"], group["stack"]) for step in group["steps"]),
                )
                for group in data["groups"]
            ),
            path=tuple(_step(step, step["address"], step["stack"]) for step in data["path"]),
            tasks=tuple(_step(step, step["address"], step["stack"]) for step in data["after"]),
            seconds=data["seconds"],
            low_seconds=data["low_seconds"],
            high_seconds=data["high_seconds"],
            express=data["express"],
            unknown=tuple(data["unknown_types"]),
        )  # fmt: skip


_INNER = ("logical_id", "type", "title", "start", "seconds", "source", "critical")


def _inner(step: Step) -> dict[str, Any]:
    return {name: getattr(step, name) for name in _INNER}


def _step(data: Mapping[str, Any], address: str, stack: str) -> Step:
    return Step(**{name: data[name] for name in _INNER}, address=address, stack=stack)


def minutes(seconds: float) -> int:
    """Whole minutes; any positive time counts as at least one."""
    return max(1, round(seconds / 60)) if seconds else 0


def duration_text(seconds: float) -> str:
    """`45 s`, `2 min`, `16 min 40 s`."""
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004 - a minute
        return f"{whole} s"
    rest = f" {whole % 60} s" if whole % 60 else ""
    return f"{whole // 60} min{rest}"
