"""Computes every arrow's path as points, and positions for the labels next to boxes that no line
crosses.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import pairwise

from provisioning.diagram.edge_bundles import End, Net
from provisioning.diagram.geometry import (
    GROUP_HEAD,
    GROUP_WIDTH,
    LABEL,
    LANE_PAD,
    STACK_GAP,
    TITLE,
    TRACK,
    Cell,
    Group,
    Layout,
    Point,
    Text,
    beside_width,
    cut,
    text_width,
)

_GAP = 3.5  # pixels between a line and a text
_WAYS_OUT = 0.84, 0.94  # of a box's width


def draw_ways(layout: Layout, found: list[Net]) -> None:
    """Give every arrow its points, the ways out theirs, and every text its place."""
    for net in found:
        for end in net.ends:
            end.arrow.points = _way(net, end)
        layout.joints += _joints([end.arrow.points for end in net.ends])
    layout.ways = list(_ways_out(layout))
    lines = [
        list(pairwise(points)) for points in (*(a.points for a in layout.arrows), *(way for way, _ in layout.ways))
    ]
    layout.texts = list(_texts(layout, [segment for line in lines for segment in line]))


def _way(net: Net, end: End) -> list[Point]:
    """Out of a box, along its channel, through a gutter where need be, along the target's channel,
    and in.
    """
    target = net.target
    if end.cell is None:
        gutter = net.gutters[net.last]
        points = [(end.arrow.source.x, end.y), (gutter, end.y)]
    else:
        x = end.cell.x + end.offset
        points = [(x, end.cell.top if end.side == "top" else end.cell.bottom)]
        if end is net.straight():
            return [*points, (x, _meets(net))]
        assert end.channel is not None  # noqa: S101 - only a group's row has none
        points.append((x, net.tracks[end.channel]))
        gutter = net.gutters.get(net.last if net.gutter is None else net.gutter, x)
        if end.channel != net.channel:
            points.append((gutter, net.tracks[end.channel]))
    if isinstance(target, Group):
        return [*points, (gutter, net.y), (target.x, net.y)]
    assert net.channel is not None  # noqa: S101 - only a group has none
    if end.channel != net.channel:
        points.append((gutter, net.tracks[net.channel]))
    x = target.x + net.offset
    return [*points, (x, net.tracks[net.channel]), (x, _meets(net))]


def _joints(ways: list[list[Point]]) -> list[Point]:
    """Where lines of one net join: points from which they go on in three directions."""
    segments = {segment for way in ways for segment in pairwise(way)}
    joints = []
    for x, y in dict.fromkeys(point for way in ways for point in way):
        toward = set()
        for (ax, ay), (bx, by) in segments:
            if ax == bx == x and min(ay, by) <= y <= max(ay, by):
                toward |= {(0, -1)} if min(ay, by) < y else set()
                toward |= {(0, 1)} if max(ay, by) > y else set()
            elif ay == by == y and min(ax, bx) <= x <= max(ax, bx):
                toward |= {(-1, 0)} if min(ax, bx) < x else set()
                toward |= {(1, 0)} if max(ax, bx) > x else set()
        if len(toward) > 2:  # noqa: PLR2004 - a line has two directions
            joints.append((x, y))
    return joints


def _meets(net: Net) -> float:
    assert isinstance(net.target, Cell)  # noqa: S101 - groups are met from the left
    return net.target.top if net.side == "top" else net.target.bottom


def _ways_out(layout: Layout) -> Iterator[tuple[list[Point], str]]:
    """From the tier below through a box such as a NAT gateway to the internet."""
    lanes = {lane.key: lane for lane in layout.lanes}
    outside = lanes.get("internet")
    for number, lane in enumerate(layout.lanes):
        for cell in (cell for row in lane.rows for cell in row if any(box.box.egress for box in cell.boxes)):
            name = next(box.box.name for box in cell.boxes if box.box.egress)
            below = layout.lanes[number + 1 : number + 2]
            if below and below[0].frame == lane.frame and cell.row == lane.row + len(lane.rows) - 1:
                x = _clear(layout, cell, cell.bottom, below[0].y)
                yield [(x, below[0].y), (x, cell.bottom)], f"{below[0].key} goes out through the {name}"
            if outside:
                yield (
                    _way_to_the_internet(layout, cell, outside.y + outside.height),
                    f"the {name} connects to the internet",
                )


def _clear(layout: Layout, cell: Cell, top: float, bottom: float) -> float:
    """A place below or above a cell that is as far from all other lines as can be, up to a track's
    width.
    """
    lines = [
        a[0]
        for arrow in layout.arrows
        for a, b in pairwise(arrow.points)
        if a[0] == b[0] and min(a[1], b[1]) < bottom and max(a[1], b[1]) > top
    ]
    low, high = (round(cell.x + share * cell.boxes[0].width) for share in _WAYS_OUT)
    middle = (low + high) / 2
    return min(range(low, high), key=lambda x: (-min([TRACK, *(abs(x - line) for line in lines)]), abs(x - middle)))


def _way_to_the_internet(layout: Layout, cell: Cell, top: float) -> list[Point]:
    """Straight up where nothing stands between; else out at the left, above the row."""
    x = _clear(layout, cell, top, cell.top)
    between = [c for c in layout.cells() if c.column == cell.column and top < c.bottom and c.top < cell.top]
    if not between:
        return [(x, cell.top), (x, top)]
    left, above = cell.x - 5, cell.top - 5
    return [(x, cell.top), (x, above), (left, above), (left, top)]


def _texts(layout: Layout, lines: list[tuple[Point, Point]]) -> Iterator[Text]:
    for area in layout.areas:
        yield _free(
            "pic-area", area.title, (area.x + 12, area.x + area.width - 12), (area.y, area.y + TITLE - 4), lines
        )
    for lane in layout.lanes:
        span = lane.x + LANE_PAD, lane.x + lane.width - LANE_PAD
        yield _free("pic-area", lane.title, span, (lane.y + 1, lane.y + TITLE - 4), lines)
    for cell in layout.cells():
        if cell.label:
            span = cell.x + 2, cell.x + cell.boxes[0].width - 2
            yield _free("pic-label", cell.label, span, (cell.top - LABEL + 2, cell.top - 2), lines)
    for group in layout.groups:
        top = group.y + 2, group.y + GROUP_HEAD - 4
        title = _free("pic-area", group.title, (group.x + LANE_PAD, group.x + GROUP_WIDTH - STACK_GAP), top, lines)
        yield title
        if group.label:
            span = title.x + title.width + 8, group.x + GROUP_WIDTH - LANE_PAD
            yield _free("pic-label", group.label, span, top, lines, right=True)


def _free(
    kind: str, text: str, span: tuple[float, float], band: tuple[float, float], lines: Iterable[tuple[Point, Point]],
    *, right: bool = False,
) -> Text:  # fmt: skip
    """The first place in the span that no line crosses, or the last one; where none is wide enough,
    a part of the text.
    """
    width = beside_width(text, kind)
    gaps = _gaps(span, band, lines)
    fitting = [gap for gap in gaps if gap[1] - gap[0] >= width]
    low, high = (fitting[-1] if right else fitting[0]) if fitting else max(gaps, key=lambda gap: gap[1] - gap[0])
    if not fitting:
        text = cut(text, high - low, beside_width(text, kind) / max(text_width(text, 1), 1))
        width = beside_width(text, kind)
    return Text(kind, text, high - width if right else low, band[1] - 2, width, end=right)


def _gaps(
    span: tuple[float, float], band: tuple[float, float], lines: Iterable[tuple[Point, Point]]
) -> list[tuple[float, float]]:
    """The parts of a span that no line crosses, from the left."""
    crossing = sorted(
        (min(a[0], b[0]) - _GAP, max(a[0], b[0]) + _GAP)
        for a, b in lines
        if min(a[1], b[1]) < band[1] and max(a[1], b[1]) > band[0]
    )
    gaps, low = [], span[0]
    for start, end in crossing:
        if start > low:
            gaps.append((low, min(start, span[1])))
        low = max(low, end)
        if low >= span[1]:
            break
    return [*gaps, (min(low, span[1]), span[1])]
