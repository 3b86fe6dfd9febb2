"""Draws a design as SVG: regions, tiers, components, and an arrow for each use.

The SVG has no style and no script of its own, because the pages' content security policy forbids
both. A stylesheet (`static/css/diagram.css`) colours these classes:

- `pic` is the diagram, with `is-small` where it needs little room; `pic-frame` is a region; `pic-vpc`, `pic-lane` and
  `pic-group` are areas in it, and `pic-area` their names
- `pic-box` is a component, also `is-planned`, `is-busy`, `is-ok`, `is-bad` or `is-gone`; it contains `pic-shape`,
  `pic-bar`, `pic-name`, `pic-kind`, `pic-fact` and `pic-mark`
- `pic-arrow` is an arrow and contains `pic-line` and `pic-head`; `pic-joint` is where arrows join; `pic-label` names the
  ports that an arrow reaches

A screen reader announces two lists, one of the boxes and one of the arrows. Their titles are the
names of the items.
"""

from __future__ import annotations

from collections.abc import Mapping

from provisioning.design.graph import Design
from provisioning.design.names import name_for_people
from provisioning.diagram.content import DiagramContent, content_of
from provisioning.diagram.geometry import GROUP_WIDTH, Placed, Point, Text, cut, text_width, written
from provisioning.diagram.layout import arrange

STATES = {
    # state: (mark in the box, word in its title)
    "planned": ("", "planned"),
    "busy": ("…", "in progress"),
    "ok": ("✓", "ready"),
    "bad": ("✕", "failed"),
    "gone": ("–", "removed"),
}
# Sizes of the stylesheet's letters.
_NAME, _FACT, _KIND = 13.0, 11.5, 11.5
_PAD, _MARK, _BETWEEN = 12, 26, 8
_HEAD, _BAR = 4, 3
_LEAST = 760  # pixels; the stylesheet scrolls a wider diagram instead of scaling it down


def draw(design: Design, *, states: Mapping[str, str] | None = None) -> str:
    """Draw a design that is at hand. `states` is as for `draw_content`."""
    return draw_content(content_of(design), states=states)


def draw_content(content: DiagramContent, *, states: Mapping[str, str] | None = None) -> str:
    """Draw the content of a diagram, as a plan stores it.

    `states` maps a component's address to a key of STATES; a component without an entry is planned.
    Without `states` the drawing shows no states. Raises ValueError for a state that is not in
    STATES.
    """
    for address, state in (states or {}).items():
        if state not in STATES:
            raise ValueError(
                f'{address} is in state "{state}", which the diagram does not know; known are {", ".join(STATES)}'
            )
    layout = arrange(content)
    boxes = list(layout.boxes())
    count = f"{len(boxes)} boxes and {len(layout.arrows) + len(layout.ways)} arrows, listed below"
    parts = [
        _opening(layout.width, layout.height),
        f"<title>{written(content.title)}</title>",
        f"<desc>{written(count)}</desc>",
        '<g aria-hidden="true">',
        *(_rect(area.kind, (area.x, area.y), (area.width, area.height), 12) for area in layout.areas),
        *(
            _rect("pic-frame" if lane.frame == "other" else "pic-lane", (lane.x, lane.y), (lane.width, lane.height), 8)
            for lane in layout.lanes
        ),
        *(_rect("pic-group", (group.x, group.y), (GROUP_WIDTH, group.height), 8) for group in layout.groups),
        '</g><g role="list"><title>What it is made of</title>',
        *(_box(placed, states) for placed in boxes),
        '</g><g role="list"><title>Who uses what</title>',
        *(_line(arrow.points, arrow.why) for arrow in layout.arrows),
        *(_line(points, why) for points, why in layout.ways),
        '</g><g aria-hidden="true">',
        *(f'<circle class="pic-joint" cx="{x:g}" cy="{y:g}" r="2.2"/>' for x, y in layout.joints),
        *(_beside(text) for text in layout.texts),
        "</g></svg>",
    ]
    return "".join(parts)


def _opening(width: float, height: float) -> str:
    size = f'viewBox="0 0 {width:g} {height:g}" width="{width:g}" height="{height:g}"'
    kind = "pic" if width > _LEAST else "pic is-small"
    return f'<svg class="{kind}" xmlns="http://www.w3.org/2000/svg" {size} role="group">'


def _rect(name: str, corner: Point, size: Point, radius: float) -> str:
    (x, y), (width, height) = corner, size
    return f'<rect class="{name}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}"/>'


def _label(name: str, x: float, y: float, text: str, *, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    return f'<text class="{name}" x="{x:g}" y="{y:g}"{anchor}>{written(text)}</text>' if text else ""


def _beside(text: Text) -> str:
    return _label(
        text.kind, round(text.x + (text.width if text.end else 0), 1), round(text.y, 1), text.text, end=text.end
    )


def _line(points: list[Point], why: str) -> str:
    """An arrow, whose head points along its last part."""
    (before_x, before_y), (x, y) = points[-2:]
    dx, dy = (x > before_x) - (x < before_x), (y > before_y) - (y < before_y)
    back_x, back_y = x - 1.8 * _HEAD * dx, y - 1.8 * _HEAD * dy
    side_x, side_y = _HEAD * dy, _HEAD * dx
    corners = f"{x:g},{y:g} {back_x + side_x:g},{back_y + side_y:g} {back_x - side_x:g},{back_y - side_y:g}"
    path = "M" + "L".join(f"{px:g} {py:g}" for px, py in points)
    return (
        f'<g class="pic-arrow" role="listitem"><title>{written(why)}</title><path class="pic-line" d="{path}"/>'
        f'<polygon class="pic-head" points="{corners}"/></g>'
    )


def _box(placed: Placed, states: Mapping[str, str] | None) -> str:
    box, x, y = placed.box, placed.x, placed.y
    state = (states or {}).get(placed.address, "planned")
    mark, word = STATES[state] if states is not None else ("", "")
    title = " · ".join(
        filter(None, [placed.address, box.name if box.name not in placed.address else "", placed.kind, box.fact, word])
    )
    first, second = (16, 31) if placed.in_group else (21, 40)
    name, kind, fact = _words(placed)
    return "".join(
        (
            f'<g class="pic-box is-{state}" role="listitem" data-address="{written(placed.address)}"><title>{written(title)}</title>',
            _rect("pic-shape", (x, y), (placed.width, placed.height), 8),
            _rect("pic-bar", (x, y + 6), (_BAR, placed.height - 12), 1.5),
            _label("pic-name", x + _PAD, y + first, name),
            _label("pic-fact", x + _PAD, y + second, fact),
            _label("pic-kind", x + placed.width - (24 if mark else 10), y + first, kind, end=True),
            _label("pic-mark", x + placed.width - 8, y + first, mark, end=True),
            "</g>",
        )
    )


def _words(placed: Placed) -> tuple[str, str, str]:
    """Name, kind and fact as they fit: a kind for which the first line has no room begins the
    second one.
    """
    box = placed.box
    title = box.kind if placed.in_group else placed.kind
    name, kind = name_for_people(box.name, title)
    if placed.in_group:
        kind = ""
    room = placed.width - _PAD - _MARK
    taken = text_width(name, _NAME, bold=True)
    fact = box.fact
    if kind and taken + _BETWEEN + text_width(kind, _KIND) > room:
        kind, fact = "", f"{kind} · {fact}" if fact else kind
    return cut(name, room, _NAME, bold=True), kind, cut(fact, placed.width - _PAD - 6, _FACT)
