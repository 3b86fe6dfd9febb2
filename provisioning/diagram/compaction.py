"""Compacts the diagram: groups without arrows move from the right-hand column to free space below
the network.
"""

from __future__ import annotations

from collections.abc import Sequence

from provisioning.diagram.geometry import (
    BOX_WIDTH,
    FRAME_PAD,
    GROUP_GAP,
    GROUP_WIDTH,
    GUTTER,
    LANE_PAD,
    ROW_HEIGHT,
    Cell,
    Group,
    Layout,
)

_WORTH = ROW_HEIGHT + GROUP_GAP  # pixels by which the diagram must become lower


def settle_below(layout: Layout, bottom: float) -> float:
    """Move quiet groups below the network, which ends at `bottom`; returns where everything in the
    region ends.

    No line crosses the place: those to the column run right of the network, and where one leads
    from the network into another region nothing is moved.
    """
    column = max((group.y + group.height for group in layout.groups), default=0.0)
    if column <= bottom or _leaves_region(layout):
        return max(column, bottom)
    quiet = [
        group
        for group in layout.groups
        if not any(arrow.target is group or arrow.source in group.rows for arrow in layout.arrows)
    ]
    loud = [group for group in layout.groups if group not in quiet]
    rows = _rows(layout, quiet)
    ends = bottom + sum(GROUP_GAP + max(group.height for group in row) for row in rows)
    whole = max(ends, sum(group.height + GROUP_GAP for group in loud) - GROUP_GAP + layout.groups[0].y)
    if not loud or not quiet or whole + _WORTH > column:
        return column
    top = layout.groups[0].y
    for group in loud:
        _move(group, top)
        top += group.height + GROUP_GAP
    y = bottom + GROUP_GAP
    for row in rows:
        for place, group in enumerate(row):
            _move(group, y)
            group.place = place
        y += max(group.height for group in row) + GROUP_GAP
    return whole


def _move(group: Group, y: float) -> None:
    for row in group.rows:
        row.y += y - group.y
    group.y = y


def _rows(layout: Layout, quiet: Sequence[Group]) -> list[Sequence[Group]]:
    """As many groups per row as the network has room for when it is narrowest, all of the same
    height.
    """
    width = layout.columns * (BOX_WIDTH + GUTTER) + LANE_PAD + 2 * FRAME_PAD * (len(layout.areas) - 1)
    fit = max(1, int((width + GROUP_GAP) / (GROUP_WIDTH + GROUP_GAP)))
    ordered = sorted(quiet, key=lambda group: -group.height)
    return [ordered[start : start + fit] for start in range(0, len(ordered), fit)]


def _leaves_region(layout: Layout) -> bool:
    """Whether an arrow joins the lanes of another region with any other lane."""
    beyond = {id(cell) for lane in layout.lanes if lane.frame == "other" for row in lane.rows for cell in row}
    owner = {id(box): id(cell) for cell in layout.cells() for box in cell.boxes}
    for arrow in layout.arrows:
        ends = {owner.get(id(arrow.source)), id(arrow.target) if isinstance(arrow.target, Cell) else None} - {None}
        if len(ends & beyond) not in {0, len(ends)}:
            return True
    return False
