"""The picture's parts with their places: what the layout fills in, the routes connect and the SVG is written from."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from provisioning.components.base import Box, Tier

LANES: tuple[Tier, ...] = ("internet", "public", "private", "data")
BOX_WIDTH, BOX_HEIGHT, BOX_GAP = 190, 52, 22
STACK_GAP = 8
LANE_PAD, LANE_HEAD = 14, 40
TRACK = 9
MARGIN = 12
GROUP_WIDTH, GROUP_HEAD, ROW_HEIGHT, GROUP_GAP = 214, 26, 40, 14


@dataclass(slots=True)
class Placed:
    """A box with its place, and the label of the arrows that arrive."""

    address: str
    box: Box
    x: float = 0
    y: float = 0
    width: float = BOX_WIDTH
    height: float = BOX_HEIGHT
    label: str = ""


@dataclass(slots=True)
class Group:
    title: str
    rows: list[Placed]
    x: float = 0
    y: float = 0
    height: float = 0


@dataclass(slots=True)
class Lane:
    tier: Tier
    columns: list[list[Placed]] = field(default_factory=list)
    y: float = 0
    height: float = 0


@dataclass(slots=True)
class Arrow:
    """From a box to a box or a group. `points` is the way it takes; `why` says it in words."""

    source: Placed
    target: Placed | Group
    label: str
    why: str
    points: list[tuple[float, float]] = field(default_factory=list)


@dataclass(slots=True)
class Layout:
    lanes: list[Lane]
    groups: list[Group]
    arrows: list[Arrow]
    width: float = 0
    height: float = 0
    network_right: float = 0

    def boxes(self) -> Iterator[Placed]:
        for lane in self.lanes:
            for column in lane.columns:
                yield from column
        for group in self.groups:
            yield from group.rows

    def lane_of(self, placed: Placed | Group) -> int | None:
        """The index of the lane that a box stands in; None beside the network."""
        if isinstance(placed, Group):
            return None
        return next((i for i, lane in enumerate(self.lanes) if any(placed in column for column in lane.columns)), None)
