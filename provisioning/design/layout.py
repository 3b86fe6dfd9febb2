"""Where everything stands in the picture: lanes, boxes, groups. `routes` draws the arrows in, `picture` writes the SVG.

Tiers are lanes, one below the other; what is beside the network is a column of groups at the right. Arrows run in
the channels between lanes and in the buses left and right of them, each on a track of its own, so that they cross
each other but never run over a box or its text.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from provisioning.components.base import Tier
from provisioning.components.build import Build
from provisioning.components.graph import Design, Node
from provisioning.components.registry import component
from provisioning.design.figure import (
    BOX_GAP,
    BOX_HEIGHT,
    BOX_WIDTH,
    GROUP_GAP,
    GROUP_HEAD,
    GROUP_WIDTH,
    LANE_HEAD,
    LANE_PAD,
    LANES,
    MARGIN,
    ROW_HEIGHT,
    STACK_GAP,
    TRACK,
    Arrow,
    Group,
    Lane,
    Layout,
    Placed,
)
from provisioning.design.routes import channels, route


def arrange(design: Design) -> Layout:
    """Lay out a design. The same design gives the same layout."""
    build = Build(design, component)
    boxes = {address: _boxes(node) for address, node in design.nodes.items()}
    layout = Layout(lanes=[], groups=_groups(boxes), arrows=[])
    firsts = {address: found[0] for address, found in boxes.items() if found}
    layout.arrows = _arrows(design, build, boxes, firsts, layout.groups)
    layout.lanes = _lanes(boxes, layout.arrows)
    _place(layout)
    route(layout)
    return layout


def _boxes(node: Node) -> list[Placed]:
    return [Placed(node.address, box) for box in component(node.kind).boxes(node)]


def _groups(boxes: Mapping[str, list[Placed]]) -> list[Group]:
    rows: dict[str, list[Placed]] = defaultdict(list)
    for found in boxes.values():
        for placed in found:
            if placed.box.tier == "beside":
                rows[placed.box.kind].append(placed)
    return [Group(title, found) for title, found in rows.items()]


def _arrows(
    design: Design,
    build: Build,
    boxes: Mapping[str, list[Placed]],
    firsts: Mapping[str, Placed],
    groups: list[Group],
) -> list[Arrow]:
    """One arrow for each use; several uses of one group beside the network are one arrow."""
    found: dict[tuple[int, int], Arrow] = {}
    group_of = {id(row): group for group in groups for row in group.rows}
    for address, node in design.nodes.items():
        for target in build.targets(node):
            if address not in firsts or target.address not in firsts:
                continue
            grant = build.component(target).grant(target, build)
            end: Placed | Group = group_of.get(id(firsts[target.address]), firsts[target.address])
            why = f"{address} uses {target.address}{grant.label and f' ({grant.label})'}"
            if known := found.get((id(firsts[address]), id(end))):
                known.why += f"; {why}"
            else:
                found[id(firsts[address]), id(end)] = Arrow(firsts[address], end, grant.label, why)
    for address, placed in boxes.items():
        for extra in placed:
            if extra.box.leads is not None:
                end = group_of.get(id(placed[0]), placed[0])
                found[id(extra), id(end)] = Arrow(extra, end, extra.box.leads, f"{extra.box.name} reach {address}")
    return list(found.values())


def _lanes(boxes: Mapping[str, list[Placed]], arrows: list[Arrow]) -> list[Lane]:
    """Boxes of one component and tier stand on each other; each stack is drawn to the middle of what it talks to."""
    stacks: dict[Tier, list[list[Placed]]] = {tier: [] for tier in LANES}
    for found in boxes.values():
        for tier in LANES:
            if stack := [placed for placed in found if placed.box.tier == tier]:
                stacks[tier].append(stack)
    columns = max(4, *(len(found) for found in stacks.values()))
    where: dict[int, float] = {id(stack[0]): index for index, stack in enumerate(stacks["private"])}
    for tier in ("data", "public", "internet"):
        for stack, column in _columns(stacks[tier], arrows, where, columns):
            where[id(stack[0])] = column
    lanes = []
    for tier in LANES:
        lane = Lane(tier, [[] for _ in range(columns)])
        for stack in stacks[tier]:
            lane.columns[round(where[id(stack[0])])] = stack
        if stacks[tier]:
            lanes.append(lane)
    return lanes


def _columns(
    stacks: list[list[Placed]], arrows: list[Arrow], where: Mapping[int, float], columns: int
) -> list[tuple[list[Placed], int]]:
    """A column for each stack: the mean of its neighbours', or the nearest one that is still free."""

    def wish(stack: list[Placed]) -> float:
        ids = {id(placed) for placed in stack}
        ends = [(id(a.source), id(a.target)) for a in arrows]
        near = [where[b] for a, b in ends if a in ids and b in where] + [
            where[a] for a, b in ends if b in ids and a in where
        ]
        if near:
            return sum(near) / len(near)
        beside = any(a in ids for a, _ in ends)
        return columns - 1 if beside else 0

    free = list(range(columns))
    result = []
    for stack in sorted(stacks, key=wish):
        column = min(free, key=lambda c: (abs(c - wish(stack)), c))
        free.remove(column)
        result.append((stack, column))
    return result


def _place(layout: Layout) -> None:
    """Give everything its coordinates, then every arrow its way."""
    above, right = channels(layout)
    count = len(layout.lanes[0].columns) if layout.lanes else 0
    left = MARGIN * 3 + TRACK
    y = float(MARGIN)
    for index, lane in enumerate(layout.lanes):
        y += above[index] * TRACK + (2 * MARGIN if index else 0)
        lane.y = y
        tallest = max(len(column) for column in lane.columns)
        lane.height = LANE_HEAD + tallest * (BOX_HEIGHT + STACK_GAP) - STACK_GAP + LANE_PAD
        for number, column in enumerate(lane.columns):
            for level, placed in enumerate(column):
                placed.x = left + LANE_PAD + number * (BOX_WIDTH + BOX_GAP)
                placed.y = lane.y + LANE_HEAD + level * (BOX_HEIGHT + STACK_GAP)
        y = lane.y + lane.height
    layout.network_right = left + 2 * LANE_PAD + count * (BOX_WIDTH + BOX_GAP) - BOX_GAP
    beside = layout.network_right + MARGIN * 3 + right * TRACK
    top = layout.lanes[1].y if len(layout.lanes) > 1 else float(MARGIN)
    for group in layout.groups:
        group.x, group.y = beside, top
        group.height = GROUP_HEAD + len(group.rows) * (ROW_HEIGHT + STACK_GAP) + STACK_GAP
        for number, row in enumerate(group.rows):
            row.x, row.y = beside + STACK_GAP, top + GROUP_HEAD + number * (ROW_HEIGHT + STACK_GAP)
            row.width, row.height = GROUP_WIDTH - 2 * STACK_GAP, ROW_HEIGHT
        top += group.height + GROUP_GAP
    layout.width = (beside + GROUP_WIDTH if layout.groups else layout.network_right) + MARGIN * 2
    layout.height = max(y, top - GROUP_GAP) + MARGIN * 2
