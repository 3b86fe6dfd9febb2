"""The ways that arrows take: out of a box, along a track of their own in a channel, and into a box or a group."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Literal

from provisioning.design.figure import BOX_WIDTH, GROUP_HEAD, MARGIN, TRACK, Arrow, Group, Layout, Placed

Side = Literal["top", "bottom"]
# Arrows meet the right part of a box's upper side; the left part is the label's.
_PORTS: dict[Side, tuple[float, float]] = {"top": (0.45, 0.95), "bottom": (0.12, 0.88)}


@dataclass(slots=True)
class Way:
    """How an arrow runs: the sides that it leaves and meets, the channels (by the lane below) and the bus between."""

    arrow: Arrow
    leaves: Side
    meets: Side | None
    channels: list[int]
    bus: Literal["left", "right"] | None
    tracks: list[float] = field(default_factory=list)


def ways(layout: Layout) -> list[Way]:
    found = []
    for arrow in layout.arrows:
        source, target = layout.lane_of(arrow.source), layout.lane_of(arrow.target)
        if source is None:
            continue
        if target is None:
            down = source == 0 and len(layout.lanes) > 1
            found.append(Way(arrow, "bottom" if down else "top", None, [1 if down else source], "right"))
        elif target == source:
            found.append(Way(arrow, "top", "top", [source], None))
        elif target > source:
            near = target == source + 1
            found.append(
                Way(arrow, "bottom", "top", [target] if near else [source + 1, target], None if near else "left")
            )
        else:
            near = target == source - 1
            found.append(
                Way(arrow, "top", "bottom", [source] if near else [source, target + 1], None if near else "left")
            )
    return found


def channels(layout: Layout) -> tuple[list[int], int]:
    """How many tracks the channel above each lane needs, and the bus at the right."""
    above = [0] * (len(layout.lanes) + 1)
    right = 0
    for way in ways(layout):
        for channel in way.channels:
            above[channel] += 1
        right += way.bus == "right"
    return above, right


def route(layout: Layout) -> None:
    """Give every arrow its points, and every box the label of what arrives."""
    found = ways(layout)
    for arrow in layout.arrows:
        if isinstance(arrow.target, Placed) and arrow.label and arrow.label not in arrow.target.label.split(", "):
            arrow.target.label = ", ".join(filter(None, [arrow.target.label, arrow.label]))
    ports = _ports(found)
    _tracks(layout, found, ports)
    arrivals = _arrivals(found)
    right = sorted((w for w in found if w.bus == "right"), key=lambda w: (arrivals[id(w)], w.tracks[0]))
    lanes_right = {id(way): number for number, way in enumerate(right)}
    left = 0
    for way in found:
        leave = ports[id(way), "leaves"]
        points = [(leave, _edge(layout, way.arrow.source, way.leaves)), (leave, way.tracks[0])]
        if way.bus == "right" and isinstance(way.arrow.target, Group):
            bus = layout.network_right + MARGIN * 2 + lanes_right[id(way)] * TRACK
            points += [(bus, way.tracks[0]), (bus, arrivals[id(way)]), (way.arrow.target.x, arrivals[id(way)])]
        else:
            if way.bus == "left":
                bus = MARGIN * 2 + left * TRACK
                left += 1
                points += [(bus, way.tracks[0]), (bus, way.tracks[1])]
            meet = ports[id(way), "meets"]
            if isinstance(way.arrow.target, Placed) and way.meets:
                points += [(meet, way.tracks[-1]), (meet, _edge(layout, way.arrow.target, way.meets))]
        way.arrow.points = points


def _middle(end: Placed | Group) -> float:
    return end.x + (end.width / 2 if isinstance(end, Placed) else 0)


def _ports(found: list[Way]) -> dict[tuple[int, str], float]:
    """Where each arrow leaves and meets its boxes: spread along a side, in the order of where they lead."""
    ends: dict[tuple[int, Side], list[tuple[float, Way, str, Placed]]] = defaultdict(list)
    for way in found:
        arrow = way.arrow
        ends[id(arrow.source), way.leaves].append((_middle(arrow.target), way, "leaves", arrow.source))
        if way.meets and isinstance(arrow.target, Placed):
            ends[id(arrow.target), way.meets].append((_middle(arrow.source), way, "meets", arrow.target))
    ports = {}
    for (_, side), entries in ends.items():
        entries.sort(key=lambda entry: entry[0])
        first, last = _PORTS[side]
        for number, (_, way, end, placed) in enumerate(entries):
            share = first + (last - first) * (number + 0.5) / len(entries)
            # Half a track between the sides keeps arrows of two boxes in one column apart.
            ports[id(way), end] = placed.x + share * BOX_WIDTH + (TRACK / 2 if side == "bottom" else 0)
    return ports


def _tracks(layout: Layout, found: list[Way], ports: dict[tuple[int, str], float]) -> None:
    """A height in its channel for each arrow: those that run farthest lie nearest to where they came from."""
    used: dict[int, list[tuple[float, Way]]] = defaultdict(list)
    for way in found:
        leave = ports[id(way), "leaves"]
        meet = ports.get((id(way), "meets"), layout.width)
        for channel in way.channels:
            used[channel].append((abs(meet - leave), way))
    heights: dict[tuple[int, int], float] = {}
    for channel, entries in used.items():
        bottom = layout.lanes[channel].y - MARGIN
        entries.sort(key=lambda entry: entry[0])
        for number, (_, way) in enumerate(entries):
            heights[id(way), channel] = bottom - number * TRACK
    for way in found:
        way.tracks = [heights[id(way), channel] for channel in way.channels]


def _arrivals(found: list[Way]) -> dict[int, float]:
    """Where arrows meet their group's left side, one below the other."""
    count: dict[int, int] = defaultdict(int)
    heights = {}
    for way in sorted((w for w in found if isinstance(w.arrow.target, Group)), key=lambda w: w.tracks[0]):
        target = way.arrow.target
        heights[id(way)] = target.y + GROUP_HEAD / 2 + count[id(target)] * TRACK
        count[id(target)] += 1
    return heights


def _edge(layout: Layout, placed: Placed, side: Side) -> float:
    """The height of a box's side; below a stack of boxes it is the lowest one's."""
    if side == "top":
        return placed.y
    for lane in layout.lanes:
        for column in lane.columns:
            if placed in column:
                return column[-1].y + column[-1].height
    return placed.y + placed.height
