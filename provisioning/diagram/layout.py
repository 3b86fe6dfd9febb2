"""Arranges the diagram: lanes, rows and columns, groups, arrows. Coordinates and paths are computed
later.

Tiers are lanes, one below the other, each with as many rows as it needs. Components that are in the
region but in no network form a column of groups at the right. Another region is a lane of its own
at the end.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from provisioning.components.kit.values import Box
from provisioning.diagram.content import DiagramContent
from provisioning.diagram.coordinates import place
from provisioning.diagram.geometry import COLUMNS, Arrow, Cell, Frame, Group, Lane, Layout, Placed

_LANES: tuple[tuple[str, str, Frame], ...] = (
    ("internet", "Internet", "outside"),
    ("edge", "Edge", "outside"),
    ("public", "Public", "vpc"),
    ("private", "Private", "vpc"),
    ("data", "Data · no internet", "vpc"),
    ("supporting", "", "other"),
)
_NETWORK = ("public", "private", "data")
_SWEEPS = 3


def arrange(content: DiagramContent) -> Layout:
    """Lay out what is to be drawn. The same content gives the same layout."""
    boxes = {
        address: [Placed(address, box, content.kinds[address] if box.tier == "supporting" else box.kind) for box in own]
        for address, own in content.boxes.items()
    }
    home = content.region
    everything = [box for own in boxes.values() for box in own]
    networked = any(_key(box.box, home) in _NETWORK for box in everything)
    groups = list(_groups(everything, home)) if networked else []
    stacks = list(_stacks(boxes, home, grouped=networked))
    ends: dict[int, Cell | Group] = {id(box): cell for _, cell in stacks for box in cell.boxes}
    ends |= {id(row): group for group in groups for row in group.rows}
    arrows = _arrows(content, boxes, ends)
    layout = Layout(_lanes(stacks, content, arrows), groups, arrows)
    place(layout, region=f"AWS {home}", vpc=content.network)
    return layout


def _key(box: Box, home: str) -> str:
    """The lane that a box belongs to."""
    return box.region if box.region and box.region != home else box.tier


def _groups(boxes: Iterable[Placed], home: str) -> Iterator[Group]:
    rows: dict[str, list[Placed]] = defaultdict(list)
    for placed in boxes:
        if _key(placed.box, home) == "supporting":
            placed.in_group = True
            rows[placed.box.kind].append(placed)
    for title, rows_of_kind in rows.items():
        yield Group(title, rows_of_kind)


def _stacks(boxes: Mapping[str, list[Placed]], home: str, *, grouped: bool) -> Iterator[tuple[str, Cell]]:
    """Stacks boxes of one component and lane; a box with egress is never stacked."""
    for component_boxes in boxes.values():
        stacks: dict[tuple[str, int], list[Placed]] = defaultdict(list)
        for number, placed in enumerate(component_boxes):
            key = _key(placed.box, home)
            if key != "supporting" or not grouped:
                alone = number + 1 if placed.box.label is not None or key == "supporting" else 0
                stacks[key, alone].append(placed)
        for (key, _), stack in stacks.items():
            yield key, Cell(stack)


def _arrows(
    content: DiagramContent, boxes: Mapping[str, list[Placed]], ends: Mapping[int, Cell | Group]
) -> list[Arrow]:
    """One arrow for each use; several uses of one group by one component are one arrow."""
    arrows: dict[tuple[int, int], Arrow] = {}

    def add(source: Placed, target: Placed, label: str, why: str) -> None:
        end = ends[id(target)]
        if label:
            end.labels[label] = None
        if known := arrows.get((id(source), id(end))):
            known.why += f"; {why}"
        else:
            arrows[id(source), id(end)] = Arrow(source, end, label, why)

    for user, used, label in content.uses:
        if boxes[user] and boxes[used]:
            add(boxes[user][0], boxes[used][0], label, f"{user} uses {used}{_brackets(label)}")
    for address, placed in boxes.items():
        for extra in placed[1:]:
            if (leads := extra.box.label) is not None:
                add(extra, placed[0], leads, f"{extra.box.name} reach {address}{_brackets(leads)}")
    return list(arrows.values())


def _brackets(label: str) -> str:
    return f" ({label})" if label else ""


def _lanes(stacks: list[tuple[str, Cell]], content: DiagramContent, arrows: list[Arrow]) -> list[Lane]:
    by_key: dict[str, list[Cell]] = defaultdict(list)
    for key, cell in stacks:
        by_key[key].append(cell)
    lanes = []
    for key, title, frame in _LANES:
        if cells := by_key.pop(key, []):
            # Only a network that a component made is known to keep its data tier from the internet.
            known = title if content.network or key != "data" else "Data"
            lanes.append(Lane(key, known or f"AWS {content.region}", frame, [cells]))
    lanes += [Lane(region, f"AWS {region}", "other", [cells]) for region, cells in sorted(by_key.items())]
    _into_rows(lanes, arrows)
    _into_columns(lanes, arrows)
    return lanes


def _into_rows(lanes: list[Lane], arrows: list[Arrow]) -> None:
    """Splits rows that are too wide; cells with arrows to lanes above move to the upper rows. Rows
    are numbered over the diagram.
    """
    level = {id(cell): number for number, lane in enumerate(lanes) for cell in lane.rows[0]}
    box_level = {id(box): level[id(cell)] for lane in lanes for cell in lane.rows[0] for box in cell.boxes}
    pull: dict[int, int] = defaultdict(int)
    owner = {id(box): cell for lane in lanes for cell in lane.rows[0] for box in cell.boxes}
    for arrow in arrows:
        if isinstance(arrow.target, Cell) and id(arrow.source) in owner:
            source = owner[id(arrow.source)]
            down = level[id(arrow.target)] - box_level[id(arrow.source)]
            pull[id(source)] += (down > 0) - (down < 0)
            pull[id(arrow.target)] -= (down > 0) - (down < 0)
    row = 0
    for lane in lanes:
        cells = lane.rows[0]
        if len(cells) > COLUMNS:
            count = -(-len(cells) // COLUMNS)
            width = -(-len(cells) // count)
            cells = sorted(cells, key=lambda cell: pull[id(cell)])
            lane.rows = [cells[start : start + width] for start in range(0, len(cells), width)]
        lane.row = row
        for number, line in enumerate(lane.rows, start=row):
            for cell in line:
                cell.row = number
        row += len(lane.rows)


def _into_columns(lanes: list[Lane], arrows: list[Arrow]) -> None:
    """Moves each cell to the column nearest to the mean of its neighbours; cells with egress remain
    at the left.
    """
    columns = max((len(row) for lane in lanes for row in lane.rows), default=1)
    owner = {id(box): cell for lane in lanes for row in lane.rows for cell in row for box in cell.boxes}
    near: dict[int, list[Cell]] = defaultdict(list)
    for arrow in arrows:
        source, target = owner.get(id(arrow.source)), arrow.target
        if source is not None and isinstance(target, Cell):
            near[id(source)].append(target)
            near[id(target)].append(source)
    beside = {id(owner[id(a.source)]) for a in arrows if isinstance(a.target, Group) and id(a.source) in owner}
    rows = [row for lane in lanes for row in lane.rows]
    for row in rows:
        for number, cell in enumerate(row):
            cell.column = round((number + 0.5) * columns / len(row) - 0.5)
    anchor = max(rows, key=len, default=[])
    for sweep in range(_SWEEPS):
        for row in rows if sweep % 2 else rows[::-1]:
            if row is not anchor or sweep:
                _settle(row, near, beside, columns)
    for lane in lanes:
        for cell in lane.rows[0]:
            cell.title = lane.title if cell.column == 0 else ""


def _settle(row: list[Cell], near: Mapping[int, list[Cell]], beside: set[int], columns: int) -> None:
    def wish(cell: Cell) -> float:
        if any(box.box.egress for box in cell.boxes):
            return -1.0
        if others := [other.column for other in near[id(cell)] if other not in row]:
            return sum(others) / len(others)
        return columns - 1.0 if id(cell) in beside and not near[id(cell)] else float(cell.column)

    wishes = {id(cell): wish(cell) for cell in row}
    ordered = sorted(row, key=lambda cell: (wishes[id(cell)], cell.column))
    free = list(range(columns))
    for number, cell in enumerate(ordered):
        left = len(ordered) - number - 1  # of those to the right, each needs a column
        offered = free[: len(free) - left]
        cell.column = min(offered, key=lambda column: (abs(column - wishes[id(cell)]), column))
        free = [column for column in free if column > cell.column]
