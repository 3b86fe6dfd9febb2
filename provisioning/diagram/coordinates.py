"""Coordinates: first every height, from the tracks in the channels, then every width, from those in
the gutters.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from provisioning.diagram.compaction import settle_below
from provisioning.diagram.edge_bundles import End, Net, nets
from provisioning.diagram.edge_paths import draw_ways
from provisioning.diagram.geometry import (
    BOX_WIDTH,
    FRAME_PAD,
    GROUP_GAP,
    GROUP_HEAD,
    GROUP_WIDTH,
    GUTTER,
    GUTTER_PAD,
    LABEL,
    LANE_PAD,
    MARGIN,
    ROW_HEIGHT,
    STACK_GAP,
    TITLE,
    TRACK,
    Area,
    Cell,
    Group,
    Layout,
)
from provisioning.diagram.tracks import Segment, pack, used

_ABOVE_TRACKS, _BELOW_TRACKS = 12, 6
_CLEAR = 4  # pixels between a line to a group and the tracks of the channels


def place(layout: Layout, *, region: str, vpc: str) -> None:
    """Give everything its place and every arrow its way. Without groups and networks there is no
    region to frame.
    """
    bundles = nets(layout)
    channels = _channels(bundles)
    heights = _rows(layout, {number: used(tracks) for number, tracks in channels.items()}, region=region, vpc=vpc)
    for net in bundles:
        for number, tracks in channels.items():
            if net.number in tracks:
                net.tracks[number] = heights[number] + tracks[net.number] * TRACK
    _arrivals(layout, bundles)
    gutters = _gutter_tracks(bundles)
    lefts = _columns(layout, {number: used(tracks) for number, tracks in gutters.items()})
    for net in bundles:
        for number, tracks in gutters.items():
            if net.number in tracks:
                net.gutters[number] = lefts[number] + GUTTER_PAD + tracks[net.number] * TRACK
    draw_ways(layout, bundles)


def _channels(found: list[Net]) -> dict[int, dict[int, int]]:
    """For each channel the track of each net that runs along it."""
    segments: dict[int, dict[int, Segment]] = defaultdict(dict)

    def stub(channel: int, net: Net, at: float, side: int) -> None:
        segments[channel].setdefault(net.number, Segment(net.number)).stubs.append((at, side))

    for net in found:
        straight = net.straight()
        joined = [end for end in net.ends if end is not straight]
        for end in joined:
            if end.cell and end.channel is not None:
                stub(end.channel, net, end.abstract, -1 if end.side == "bottom" else 1)
        if isinstance(net.target, Cell) and net.channel is not None:
            if joined:
                stub(
                    net.channel,
                    net,
                    2 * net.target.column + 0.5 + net.offset / BOX_WIDTH,
                    1 if net.side == "top" else -1,
                )
            away = [end for end in joined if end.channel != net.channel]
            by_gutter = {gutter_of(net, end): end for end in away}
            for gutter, end in by_gutter.items():
                below = end.channel is None or end.channel > net.channel
                stub(net.channel, net, 2 * gutter, 1 if below else -1)
        for end in joined:
            if end.channel is not None and end.channel != net.channel:
                below = net.channel is not None and net.channel > end.channel
                stub(end.channel, net, 2 * gutter_of(net, end), 1 if below or net.channel is None else -1)
    return {number: pack(list(lines.values())) for number, lines in segments.items()}


def gutter_of(net: Net, end: End) -> int:
    """The gutter that an arrow of this net takes: out of a group's row it is always the last."""
    last = net.last
    return last if end.cell is None or net.gutter is None else net.gutter


def _rows(layout: Layout, tracks: Mapping[int, int], *, region: str, vpc: str) -> dict[int, float]:
    """Set every height; returns where the tracks of each channel begin."""
    heights: dict[int, float] = {}
    y = float(MARGIN)
    outer, inner = Area("pic-frame", region), Area("pic-vpc", vpc)
    for lane in layout.lanes:
        if lane.frame == "other":
            y = _leave_region(layout, y, outer, inner)
        heights[lane.row] = y + _ABOVE_TRACKS
        if lane.row or tracks.get(0):
            y += _ABOVE_TRACKS + tracks.get(lane.row, 0) * TRACK + _BELOW_TRACKS
        if lane.frame == "vpc" and not outer.y:
            y = _enter_region(layout, y, outer, inner)
        lane.y = y
        y += TITLE
        for number, row in enumerate(lane.rows, start=lane.row):
            if number > lane.row:
                heights[number] = y + _ABOVE_TRACKS
                y += _ABOVE_TRACKS + tracks.get(number, 0) * TRACK
            y += LABEL if any(cell.label for cell in row) else 4
            for cell in row:
                _stack_boxes(cell, y)
            y += max((cell.height for cell in row), default=0)
        y += LANE_PAD
        lane.height = y - lane.y
    heights[layout.rows] = y + _ABOVE_TRACKS
    if below := tracks.get(layout.rows, 0):
        y += _ABOVE_TRACKS + below * TRACK
    y = _leave_region(layout, y, outer, inner)
    layout.height = y + MARGIN
    return heights


def _stack_boxes(cell: Cell, y: float) -> None:
    for box in cell.boxes:
        box.y = y
        y += box.height + STACK_GAP


def _enter_region(layout: Layout, y: float, outer: Area, inner: Area) -> float:
    outer.y = y
    layout.areas.append(outer)
    y += TITLE
    top = y
    for group in layout.groups:
        group.y = top
        group.height = GROUP_HEAD + len(group.rows) * (ROW_HEIGHT + STACK_GAP)
        for number, row in enumerate(group.rows):
            row.y = top + GROUP_HEAD + number * (ROW_HEIGHT + STACK_GAP)
            row.width, row.height = GROUP_WIDTH - 2 * STACK_GAP, ROW_HEIGHT
        top += group.height + GROUP_GAP
    if inner.title:
        inner.y = y
        layout.areas.append(inner)
        y += TITLE
    return y


def _leave_region(layout: Layout, y: float, outer: Area, inner: Area) -> float:
    """End the frames below their last lane, once."""
    if not outer.y or outer.height:
        return y
    if inner.y:
        y += FRAME_PAD
        inner.height = y - inner.y
    y = settle_below(layout, y) + FRAME_PAD
    outer.height = y - outer.y
    return y


def _arrivals(layout: Layout, found: list[Net]) -> None:
    """Heights at which lines meet groups and leave their rows: not where a channel's track runs,
    nor two alike.
    """
    taken = {y for net in found for y in net.tracks.values()}

    def free(wanted: float, room: float) -> float:
        near = sorted((wanted + step for step in range(-int(room), int(room) + 1)), key=lambda y: (abs(y - wanted), y))
        y = next((y for y in near if all(abs(y - other) >= _CLEAR for other in taken)), wanted)
        taken.add(y)
        return y

    for net in found:
        if isinstance(net.target, Group):
            net.y = free(net.target.y + GROUP_HEAD / 2, GROUP_HEAD / 2 - 4)
    for group in layout.groups:
        for row in group.rows:
            leaving = [end for net in found for end in net.ends if end.arrow.source is row]
            for number, end in enumerate(leaving, start=1):
                end.y = free(row.y + row.height * number / (len(leaving) + 1), row.height / 2 - 4)


def _gutter_tracks(found: list[Net]) -> dict[int, dict[int, int]]:
    """For each gutter the track of each net that runs along it."""
    segments: dict[int, dict[int, Segment]] = defaultdict(dict)

    def stub(gutter: int, net: Net, at: float, side: int) -> None:
        segments[gutter].setdefault(net.number, Segment(net.number)).stubs.append((at, side))

    for net in found:
        straight = net.straight()
        for end in net.ends:
            if end is straight or (end.channel == net.channel and end.cell):
                continue
            gutter = gutter_of(net, end)
            if end.cell is None:
                stub(gutter, net, end.y, 1)
            elif end.channel is not None:
                stub(gutter, net, net.tracks[end.channel], -1 if end.cell.column < gutter else 1)
            if isinstance(net.target, Group):
                stub(gutter, net, net.y, 1)
            elif net.channel is not None:
                stub(gutter, net, net.tracks[net.channel], -1 if net.target.column < gutter else 1)
    return {number: pack(list(lines.values())) for number, lines in segments.items()}


def _columns(layout: Layout, tracks: Mapping[int, int]) -> dict[int, float]:
    """Set every width; returns where each gutter begins."""
    framed = sum(FRAME_PAD for _ in layout.areas)
    lefts: dict[int, float] = {}
    x = start = MARGIN / 2 + framed
    for column in range(layout.columns):
        lefts[column] = x
        x += _gutter_width(tracks.get(column, 0))
        for cell in layout.cells():
            if cell.column == column:
                for box in cell.boxes:
                    box.x = x
        x += BOX_WIDTH
    x += LANE_PAD
    for lane in layout.lanes:
        lane.x, lane.width = start, x - start
    inner = x + (FRAME_PAD if len(layout.areas) > 1 else 0)
    lefts[layout.columns] = inner
    x = inner + (_gutter_width(tracks.get(layout.columns, 0)) + 6 if layout.groups or tracks.get(layout.columns) else 0)
    left = start - FRAME_PAD * (len(layout.areas) - 1)
    for group in layout.groups:
        group.x = x if group.place is None else left + group.place * (GROUP_WIDTH + GROUP_GAP)
        for row in group.rows:
            row.x = group.x + STACK_GAP
    right = (x + GROUP_WIDTH if layout.groups else inner) + FRAME_PAD
    _frames(layout, start, inner, right)
    layout.width = (right if layout.areas else x) + MARGIN / 2
    return lefts


def _frames(layout: Layout, start: float, inner: float, right: float) -> None:
    for depth, area in enumerate(layout.areas):
        area.x = start - FRAME_PAD * (len(layout.areas) - depth)
        area.width = (inner if depth else right) - area.x
    for lane in layout.lanes:
        if lane.frame == "other" and layout.areas:
            lane.x, lane.width = layout.areas[0].x, layout.areas[0].width


def _gutter_width(tracks: int) -> float:
    return max(GUTTER, 2 * GUTTER_PAD + (tracks - 1) * TRACK) if tracks else GUTTER
