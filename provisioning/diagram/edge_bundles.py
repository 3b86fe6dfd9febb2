"""Routes each arrow before anything has coordinates: sides, channels and gutters.

Channels lie above each row of boxes (number 0 above the first) and below the last. Gutters lie left
of each column, and one more right of the last, from which arrows continue to the groups. Boxes are
in neither, so no line crosses one. All arrows that reach a target on one side form one net: they
may join, because they have the same target.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from math import floor
from typing import TypeAlias

from provisioning.diagram.geometry import BOX_WIDTH, GRID, LANE_PAD, Arrow, Cell, Group, Layout, Side, beside_width

Target: TypeAlias = Cell | Group
_BUSY = 0.25  # a line already in a gutter counts as this much of a column
_RANGE = 0.08, 0.92  # of a box's width
_TEXT_GAP = 8
_FAR_RIGHT = 99


@dataclass(slots=True)
class End:
    """Where an arrow leaves: a cell's side at `offset` pixels from its left, or a group's row
    (`side` None) at `y`.
    """

    arrow: Arrow
    cell: Cell | None
    side: Side | None
    channel: int | None
    offset: float = 0
    y: float = 0

    @property
    def abstract(self) -> float:
        return across(self.cell, self.offset) if self.cell else 0.0


@dataclass(slots=True)
class Net:
    """The arrows that meet `target` on one side; `gutter` is what those take that leave in another
    channel.
    """

    number: int
    target: Target
    side: Side | None
    channel: int | None
    ends: list[End]
    last: int  # the gutter right of all columns
    gutter: int | None = None
    offset: float = 0
    y: float = 0
    tracks: dict[int, float] = field(default_factory=dict)
    gutters: dict[int, float] = field(default_factory=dict)

    def straight(self) -> End | None:
        """The arrow from the cell just above or below, in the same column, which needs no track."""
        if isinstance(self.target, Group):
            return None
        step = 1 if self.side == "top" else -1
        for end in self.ends:
            beside = end.cell and end.cell.column == self.target.column and end.cell.row + step == self.target.row
            if beside and end.channel == self.channel:
                return end
        return None

    def far(self) -> list[End]:
        """Those that leave in another channel than the target's own."""
        return [end for end in self.ends if end.channel != self.channel]


def across(cell: Cell, offset: float) -> float:
    """A place along a row as a number: column c begins at 2c + 0.5 and ends at 2c + 1.5, gutter g
    is 2g.
    """
    return 2 * cell.column + 0.5 + offset / BOX_WIDTH


def nets(layout: Layout) -> list[Net]:
    """All nets with their channels and gutters, and the offsets at which lines leave and meet
    boxes.
    """
    bundles = _gather(layout)
    _gutters(layout, bundles)
    _offsets(bundles)
    return bundles


def _gather(layout: Layout) -> list[Net]:
    owner = {id(box): cell for cell in layout.cells() for box in cell.boxes}
    grouped: dict[tuple[int, Side | None], list[End]] = defaultdict(list)
    targets: dict[tuple[int, Side | None], Target] = {}
    for arrow in layout.arrows:
        source, target = owner.get(id(arrow.source)), arrow.target
        end = _leave(layout, arrow, source, target)
        side: Side | None = None
        if isinstance(target, Cell):
            side = "bottom" if source is not None and source.row > target.row and target.single else "top"
        grouped[id(target), side].append(end)
        targets[id(target), side] = target
    result = []
    for number, (key, ends) in enumerate(grouped.items()):
        target, side = targets[key], key[1]
        channel = None if isinstance(target, Group) else target.row + (side == "bottom")
        result.append(Net(number, target, side, channel, ends, last=layout.columns))
    return result


def _leave(layout: Layout, arrow: Arrow, source: Cell | None, target: Target) -> End:
    if source is None:
        return End(arrow, None, None, None)
    if isinstance(target, Group):
        # From outside the region one comes in from above, from inside one leaves upwards.
        outside = any(
            lane.frame == "outside" and lane.row <= source.row < lane.row + len(lane.rows) for lane in layout.lanes
        )
        side: Side = "bottom" if outside and source.single else "top"
    else:
        side = "bottom" if target.row > source.row and source.single else "top"
    return End(arrow, source, side, source.row + (side == "bottom"))


def _gutters(layout: Layout, found: list[Net]) -> None:
    last = layout.columns
    busy: dict[int, int] = defaultdict(int)
    for net in sorted(found, key=lambda net: (isinstance(net.target, Cell), net.number)):
        if isinstance(net.target, Group):
            net.gutter = last
            continue
        far = [end.cell.column for end in net.far() if end.cell]
        if far:
            column = net.target.column
            net.gutter = min(
                range(last),
                key=lambda g: (sum(abs(c + 0.5 - g) for c in far) + abs(column + 0.5 - g) + _BUSY * busy[g], g),
            )
            busy[net.gutter] += 1


def _offsets(found: list[Net]) -> None:
    """Spreads the lines along each side of each cell, in the order of their targets.

    Lines on upper sides are on a grid, those on lower sides are half a step off it, so that lines
    of two boxes in one column never overlap in the channel between them. Only a straight arrow has
    the same position on both.
    """
    sides: dict[tuple[int, Side], list[tuple[float, int, Net | End]]] = defaultdict(list)
    cells: dict[int, Cell] = {}
    for net in found:
        straight = net.straight()
        if isinstance(net.target, Cell) and net.side:
            cells[id(net.target)] = net.target
            columns = [end.cell.column if end.cell else _FAR_RIGHT for end in net.ends]
            sides[id(net.target), net.side].append((sum(columns) / len(columns), net.number, net))
        to = net.target.column if isinstance(net.target, Cell) else _FAR_RIGHT
        for end in net.ends:
            if end.cell and end.side and end is not straight:
                cells[id(end.cell)] = end.cell
                sides[id(end.cell), end.side].append((to, net.number, end))
    for (key, side), entries in sides.items():
        entries.sort(key=lambda entry: entry[:2])
        for (_, _, line), offset in zip(entries, _spread(cells[key], side, len(entries)), strict=True):
            line.offset = offset
    for net in found:
        if straight := net.straight():
            straight.offset = net.offset


def _spread(cell: Cell, side: Side, count: int) -> list[float]:
    """Places for so many lines on a side; on an upper one the left part is left to the label and
    the lane's name.
    """
    low, high = (share * BOX_WIDTH for share in _RANGE)
    shift = GRID / 2
    if side == "top":
        shift = 0.0
        texts = beside_width(cell.label, "pic-label"), beside_width(cell.title, "pic-area") - LANE_PAD
        if cell.label or cell.title:
            low = max(low, min(max(texts) + _TEXT_GAP, high - GRID * count))
    step = (high - low) / count
    exact = [low + step * (number + 0.5) for number in range(count)]
    if step < GRID:
        return exact
    return [floor((offset - shift) / GRID + 0.5) * GRID + shift for offset in exact]
