"""Measures a diagram's layout: every overlap, as a sentence."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, pairwise

from provisioning.diagram.geometry import GROUP_WIDTH, Group, Layout, Point, Text

Rectangle = tuple[float, float, float, float]
_HAIR = 0.1


def faults(layout: Layout) -> list[str]:
    return [*_boxes(layout), *_through_boxes(layout), *_over_each_other(layout), *_texts(layout), *_outside(layout)]


def _rectangles(layout: Layout) -> list[tuple[str, Rectangle]]:
    return [(f"{b.address} {b.box.name}", (b.x, b.y, b.x + b.width, b.y + b.height)) for b in layout.boxes()]


def _groups(layout: Layout) -> list[tuple[Group, Rectangle]]:
    return [(group, (group.x, group.y, group.x + GROUP_WIDTH, group.y + group.height)) for group in layout.groups]


def _meet(one: Rectangle, other: Rectangle) -> bool:
    return (
        one[0] < other[2] - _HAIR
        and other[0] < one[2] - _HAIR
        and one[1] < other[3] - _HAIR
        and other[1] < one[3] - _HAIR
    )


def lines(layout: Layout) -> list[tuple[str, int, Point, Point]]:
    """Every straight piece of every arrow: its words, its target, its ends."""
    found = [(a.why, id(a.target), p, q) for a in layout.arrows for p, q in pairwise(a.points)]
    internet = -1  # several ways out end in one place
    ends = [
        internet if why.endswith("the internet") else number  # the words of `edge_paths`
        for number, (_, why) in enumerate(layout.ways)
    ]
    return found + [
        (why, end, p, q) for end, (way, why) in zip(ends, layout.ways, strict=True) for p, q in pairwise(way)
    ]


def _span(first: Point, second: Point) -> Rectangle:
    (ax, ay), (bx, by) = first, second
    return min(ax, bx), min(ay, by), max(ax, bx), max(ay, by)


def _crosses(line: Rectangle, area: Rectangle) -> bool:
    """Whether a line of no width runs through the inside of an area."""
    return (
        line[0] < area[2] - _HAIR
        and line[2] > area[0] + _HAIR
        and line[1] < area[3] - _HAIR
        and line[3] > area[1] + _HAIR
    )


def _boxes(layout: Layout) -> Iterator[str]:
    for (one, a), (other, b) in combinations(_rectangles(layout), 2):
        if _meet(a, b):
            yield f"{one} lies over {other}"
    # A group's frame lies over nothing but its rows; of the areas, the last one is the network's when there are two.
    parts = [(f"the lane {lane.title}", _lane(lane)) for lane in layout.lanes]
    groups = [(f"the group {group.title}", area) for group, area in _groups(layout)]
    for (one, a), (other, b) in combinations([*parts, *groups], 2):
        if _meet(a, b):
            yield f"{one} lies over {other}"
    for one, a in groups:
        for network in layout.areas[1:]:
            if _meet(a, _lane(network)):
                yield f"{one} lies over {network.title}"


def _lane(lane: object) -> Rectangle:
    x, y, width, height = (getattr(lane, name) for name in ("x", "y", "width", "height"))
    return x, y, x + width, y + height


def _through_boxes(layout: Layout) -> Iterator[str]:
    sources = {arrow.why: arrow.source for arrow in layout.arrows}
    for why, target, p, q in lines(layout):
        if p[0] != q[0] and p[1] != q[1]:
            yield f'"{why}" runs aslant'
        for name, area in _rectangles(layout):
            if _crosses(_span(p, q), area):
                yield f'"{why}" runs through {name}'
        for group, area in _groups(layout):
            if id(group) != target and sources.get(why) not in group.rows and _crosses(_span(p, q), area):
                yield f'"{why}" runs through the group {group.title}'


def _over_each_other(layout: Layout) -> Iterator[str]:
    """Arrows with the same target may join; others may only cross."""
    for (one, first, a, b), (other, second, c, d) in combinations(lines(layout), 2):
        if first == second:
            continue
        for axis in (0, 1):
            if a[axis] == b[axis] == c[axis] == d[axis]:
                low, high = max(min(a[1 - axis], b[1 - axis]), min(c[1 - axis], d[1 - axis])), 0.0
                high = min(max(a[1 - axis], b[1 - axis]), max(c[1 - axis], d[1 - axis]))
                if low < high:
                    yield f'"{one}" and "{other}" run over each other at {a[axis]:g}, {low:g} to {high:g}'


def room(text: Text) -> Rectangle:
    return text.x, text.y - 9, text.x + text.width, text.y + 2


def _texts(layout: Layout) -> Iterator[str]:
    for one, other in combinations(layout.texts, 2):
        if _meet(room(one), room(other)):
            yield f'the text "{one.text}" lies over "{other.text}"'
    for text in layout.texts:
        for name, area in _rectangles(layout):
            if _meet(room(text), area):
                yield f'the text "{text.text}" lies over {name}'
        for why, _, p, q in lines(layout):
            if _crosses(_span(p, q), room(text)):
                yield f'"{why}" runs through the text "{text.text}"'


def _outside(layout: Layout) -> Iterator[str]:
    page = (0.0, 0.0, layout.width, layout.height)
    everything = [(f'"{why}"', _span(p, q)) for why, _, p, q in lines(layout)]
    everything += _rectangles(layout) + [(text.text, room(text)) for text in layout.texts]
    everything += [(group.title, area) for group, area in _groups(layout)]
    everything += [(lane.title, _lane(lane)) for lane in layout.lanes] + [
        (area.title, _lane(area)) for area in layout.areas
    ]
    for name, (left, top, right, bottom) in everything:
        if left < page[0] or top < page[1] or right > page[2] or bottom > page[3]:
            yield f"{name} leaves the diagram"
