"""The parts of the diagram with their positions: filled in by the layout, connected by the paths,
drawn as SVG.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from html import escape
from typing import Literal, TypeAlias

from provisioning.components.kit.values import Box

COLUMNS = 4
BOX_WIDTH, BOX_HEIGHT, STACK_GAP = 196, 52, 8
TRACK, GRID = 8, 6
AREA_SIZE, LABEL_SIZE = 11.0, 10.5
GUTTER, GUTTER_PAD = 24, 11
LANE_PAD, TITLE, LABEL = 12, 22, 17
FRAME_PAD, MARGIN = 10, 12
GROUP_WIDTH, GROUP_HEAD, ROW_HEIGHT, GROUP_GAP = 220, 28, 40, 14

Side = Literal["top", "bottom"]
Frame = Literal["outside", "vpc", "other"]
Point: TypeAlias = tuple[float, float]

_NARROW, _WIDE = frozenset("fijlrtI.,:;'|!()[]- ·"), frozenset("mwMWOQG@%&—…")


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Pixels that a text takes at most, by the widest of the fonts that a browser may fall back to."""
    em = sum(0.4 if letter in _NARROW else 0.95 if letter in _WIDE else 0.66 for letter in text)
    return em * size * (1.08 if bold else 1)


def beside_width(text: str, kind: str) -> float:
    """Width in pixels of a label next to boxes; the name of an area is letter-spaced."""
    apart = 0.04 * AREA_SIZE * len(text) if kind == "pic-area" else 0.0
    return text_width(text, AREA_SIZE if kind == "pic-area" else LABEL_SIZE, bold=True) + apart


def cut(text: str, room: float, size: float, *, bold: bool = False) -> str:
    """As much of a text as there is room for."""
    if text_width(text, size, bold=bold) <= room:
        return text
    while text and text_width(text + "…", size, bold=bold) > room:
        text = text[:-1].rstrip()
    return text + "…" if text else ""


def written(text: str) -> str:
    """A text for XML. What that cannot hold at all would make the whole drawing unreadable."""
    return escape("".join(c if c.isprintable() else " " for c in text), quote=True)


@dataclass(slots=True)
class Placed:
    """A box with its position. `kind` is its label if it is not in a group of its kind."""

    address: str
    box: Box
    kind: str
    x: float = 0
    y: float = 0
    width: float = BOX_WIDTH
    height: float = BOX_HEIGHT
    in_group: bool = False


@dataclass(slots=True)
class Cell:
    """Stacked boxes of one component, in one column of one row of the whole diagram.

    Arrows belong to the first box, so a cell with several boxes has its arrows at the top.
    """

    boxes: list[Placed]
    row: int = 0
    column: int = 0
    labels: dict[str, None] = field(default_factory=dict)
    title: str = ""  # of its lane, where that stands above this cell

    @property
    def label(self) -> str:
        return ", ".join(self.labels)

    @property
    def single(self) -> bool:
        return len(self.boxes) == 1

    @property
    def x(self) -> float:
        return self.boxes[0].x

    @property
    def top(self) -> float:
        return self.boxes[0].y

    @property
    def bottom(self) -> float:
        return self.boxes[-1].y + self.boxes[-1].height

    @property
    def height(self) -> float:
        return sum(box.height for box in self.boxes) + STACK_GAP * (len(self.boxes) - 1)


@dataclass(slots=True)
class Group:
    """Components of one kind that are in the region but in no network, as rows.

    `place` is its number in a row below the network; without one it is in the right-hand column.
    """

    title: str
    rows: list[Placed]
    labels: dict[str, None] = field(default_factory=dict)
    place: int | None = None
    x: float = 0
    y: float = 0
    height: float = 0

    @property
    def label(self) -> str:
        return ", ".join(self.labels)


@dataclass(slots=True)
class Lane:
    """A tier, or another region. `rows` are lines of cells; `row` is the number of the first one in
    the whole diagram.
    """

    key: str
    title: str
    frame: Frame
    rows: list[list[Cell]]
    row: int = 0
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0


@dataclass(slots=True)
class Area:
    """A frame around lanes: the region, the VPC."""

    kind: str
    title: str
    x: float = 0
    y: float = 0
    width: float = 0
    height: float = 0


@dataclass(slots=True)
class Arrow:
    """From a box to a box or a group. `points` is the way it takes; `why` says it in words."""

    source: Placed
    target: Cell | Group
    label: str
    why: str
    points: list[Point] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Text:
    """A text outside boxes, with the room it takes; `x` is its left end."""

    kind: str
    text: str
    x: float
    y: float
    width: float
    end: bool = False  # whether it is written from its right end


@dataclass(slots=True)
class Layout:
    """`ways` are lines that belong to no use: out through a NAT gateway, with why. At `joints`
    lines join, elsewhere they cross.
    """

    lanes: list[Lane]
    groups: list[Group]
    arrows: list[Arrow]
    areas: list[Area] = field(default_factory=list)
    ways: list[tuple[list[Point], str]] = field(default_factory=list)
    joints: list[Point] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    width: float = 0
    height: float = 0

    def cells(self) -> Iterator[Cell]:
        for lane in self.lanes:
            for row in lane.rows:
                yield from row

    def boxes(self) -> Iterator[Placed]:
        for cell in self.cells():
            yield from cell.boxes
        for group in self.groups:
            yield from group.rows

    @property
    def columns(self) -> int:
        return max((cell.column + 1 for cell in self.cells()), default=1)

    @property
    def rows(self) -> int:
        return sum(len(lane.rows) for lane in self.lanes)
