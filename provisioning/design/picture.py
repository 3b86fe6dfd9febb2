"""Draws a design as SVG: tiers, components, and an arrow for everything that is used.

The SVG has no style and no script of its own (the pages' content security policy forbids both). A stylesheet colours
these classes; `static/css/picture.css` does:

- `pic` the picture; `pic-frame`, `pic-lane`, `pic-group` areas and `pic-area` their names
- `pic-box` a component, also `is-planned`, `is-busy`, `is-ok`, `is-bad` or `is-gone`; in it `pic-shape`, `pic-bar`,
  `pic-name`, `pic-kind`, `pic-fact`, `pic-mark`
- `pic-arrow` an arrow; in it `pic-line`, `pic-head`; `pic-label` the ports that arrows lead to
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from provisioning.components.graph import Design
from provisioning.design.figure import GROUP_HEAD, GROUP_WIDTH, LANE_PAD, MARGIN, Arrow, Group, Lane, Layout, Placed
from provisioning.design.layout import arrange

STATES = {"planned": "", "busy": "…", "ok": "✓", "bad": "✕", "gone": "–"}
_STATE_WORDS = {"planned": "planned", "busy": "in progress", "ok": "ready", "bad": "failed", "gone": "removed"}
_TIERS = {"internet": "Internet", "public": "Public", "private": "Private", "data": "Data · no internet"}
# Characters that fit on a line of a box, at the stylesheet's sizes.
_NAME_FITS, _FACT_FITS = 17, 29
_HEAD = 4
_BAR = 3


def draw(design: Design, *, states: Mapping[str, str] | None = None) -> str:
    """Draw the design. `states` maps a component's address to a key of STATES; without it nothing shows a state."""
    for address, state in (states or {}).items():
        if state not in STATES:
            raise ValueError(
                f'{address} is in state "{state}", which the picture does not know; known are {", ".join(STATES)}'
            )
    layout = arrange(design)
    parts = [
        f'<svg class="pic" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {layout.width:g} {layout.height:g}" role="img">',
        f"<title>{_text(f'{design.blueprint}, size {design.size}, in {design.environment.region}')}</title>",
        f"<desc>{_text(_words(layout, states))}</desc>",
        *_frames(design, layout),
        *(_lane(lane, layout) for lane in layout.lanes),
        *(_group(group, layout) for group in layout.groups),
        *(_arrow(arrow) for arrow in layout.arrows if arrow.points),
        *_ways_out(layout),
        *(_box(placed, states) for placed in layout.boxes()),
        "</svg>",
    ]
    return "".join(parts)


def _text(text: str) -> str:
    return escape(text, quote=True)


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def _words(layout: Layout, states: Mapping[str, str] | None) -> str:
    """The picture for those who cannot see it."""
    boxes = [
        " ".join(
            filter(None, [p.box.name, p.box.kind and f"({p.box.kind}):", p.box.fact, _in_words(p.address, states)])
        )
        for p in layout.boxes()
    ]
    return ". ".join([*boxes, *(arrow.why for arrow in layout.arrows)]) + "."


def _in_words(address: str, states: Mapping[str, str] | None) -> str:
    return "" if states is None else f"– {_STATE_WORDS[states.get(address, 'planned')]}"


def _rect(name: str, corner: tuple[float, float], size: tuple[float, float], radius: float) -> str:
    (x, y), (width, height) = corner, size
    return f'<rect class="{name}" x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" rx="{radius:g}"/>'


def _label(name: str, x: float, y: float, text: str, *, end: bool = False) -> str:
    anchor = ' text-anchor="end"' if end else ""
    return f'<text class="{name}" x="{x:g}" y="{y:g}"{anchor}>{_text(text)}</text>'


def _left(layout: Layout) -> float:
    return min((c[0].x for lane in layout.lanes for c in lane.columns if c), default=MARGIN * 4) - LANE_PAD


def _frames(design: Design, layout: Layout) -> list[str]:
    """The region around everything that is not the internet."""
    inside = [lane for lane in layout.lanes if lane.tier != "internet"]
    top = min([lane.y for lane in inside] + [group.y for group in layout.groups], default=MARGIN) - 2
    bottom = layout.height - MARGIN / 2
    where = f"AWS {design.environment.region}"
    return [
        _rect("pic-frame", (MARGIN / 2, top - MARGIN / 2), (layout.width - MARGIN, bottom - top + MARGIN / 2), 12),
        _label("pic-area", MARGIN * 1.5, bottom - 10, where),
    ]


def _lane(lane: Lane, layout: Layout) -> str:
    left = _left(layout)
    return _rect("pic-lane", (left, lane.y), (layout.network_right - left, lane.height), 8) + _label(
        "pic-area", left + LANE_PAD, lane.y + 17, _TIERS[lane.tier]
    )


def _group(group: Group, layout: Layout) -> str:
    labels = sorted({a.label for a in layout.arrows if a.target is group and a.label})
    parts = [
        _rect("pic-group", (group.x, group.y), (GROUP_WIDTH, group.height), 8),
        _label("pic-area", group.x + LANE_PAD, group.y + GROUP_HEAD - 8, group.title),
    ]
    if labels:
        parts.append(
            _label("pic-label", group.x + GROUP_WIDTH - LANE_PAD, group.y + GROUP_HEAD - 8, ", ".join(labels), end=True)
        )
    return "".join(parts)


def _head(x: float, y: float, dx: int, dy: int) -> str:
    """An arrow head that points along (dx, dy)."""
    back_x, back_y = x - 1.8 * _HEAD * dx, y - 1.8 * _HEAD * dy
    side_x, side_y = _HEAD * dy, _HEAD * dx
    points = f"{x:g},{y:g} {back_x + side_x:g},{back_y + side_y:g} {back_x - side_x:g},{back_y - side_y:g}"
    return f'<polygon class="pic-head" points="{points}"/>'


def _line(points: list[tuple[float, float]], why: str) -> str:
    (before_x, before_y), (x, y) = points[-2:]
    sign = (x > before_x) - (x < before_x), (y > before_y) - (y < before_y)
    path = "M" + "L".join(f"{px:g} {py:g}" for px, py in points)
    title = f"<title>{_text(why)}</title>"
    return f'<g class="pic-arrow">{title}<path class="pic-line" d="{path}"/>{_head(x, y, *sign)}</g>'


def _arrow(arrow: Arrow) -> str:
    return _line(arrow.points, arrow.why)


def _ways_out(layout: Layout) -> list[str]:
    """From the tier below through a box such as a NAT gateway to the internet."""
    result = []
    for index, lane in enumerate(layout.lanes[:-1]):
        for column in lane.columns:
            for placed in column:
                if placed.box.way_out and index:
                    x, above, below = placed.x + 0.36 * placed.width, layout.lanes[index - 1], layout.lanes[index + 1]
                    result.append(
                        _line([(x, below.y), (x, placed.y + placed.height)], f"out through the {placed.box.name}")
                    )
                    result.append(_line([(x, placed.y), (x, above.y + above.height)], "out to the internet"))
    return result


def _box(placed: Placed, states: Mapping[str, str] | None) -> str:
    box, x, y = placed.box, placed.x, placed.y
    state = (states or {}).get(placed.address, "planned")
    # "main" says nothing: the kind is the better name.
    name, kind = (box.kind, "") if box.name == "main" and box.kind else (box.name, box.kind)
    row = box.tier == "beside"
    first, second = (16, 31) if row else (21, 40)
    told = "" if states is None else _STATE_WORDS[state]
    title = " · ".join(filter(None, [placed.address, box.kind, box.fact, told]))
    parts = [
        f'<g class="pic-box is-{state}" data-address="{_text(placed.address)}"><title>{_text(title)}</title>',
        _rect("pic-shape", (x, y), (placed.width, placed.height), 8),
        _rect("pic-bar", (x, y + 6), (_BAR, placed.height - 12), 1.5),
        _label("pic-name", x + 12, y + first, _short(name, _NAME_FITS)),
        _label("pic-fact", x + 12, y + second, _short(box.fact, _FACT_FITS)),
    ]
    mark = STATES[state] if states is not None else ""
    if kind and not row:
        parts.append(_label("pic-kind", x + placed.width - (24 if mark else 10), y + first, kind, end=True))
    if mark:
        parts.append(_label("pic-mark", x + placed.width - 8, y + first, mark, end=True))
    if placed.label:
        parts.append(_label("pic-label", x + 2, y - 7, placed.label))
    return "".join([*parts, "</g>"])
