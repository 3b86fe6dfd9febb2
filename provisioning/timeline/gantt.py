"""Draws a timeline as SVG: first the critical path, step by step, then a row for each component
that is ready in parallel.

Like the diagram it has no style of its own; `static/css` colours these classes: `time` the drawing,
`time-area` a heading, `time-name` and `time-kind` a row's label, `time-grid` and `time-tick` the
scale, `time-bar` (also `is-critical`) a bar and `time-in` its text, `time-link` the line from one
critical bar to the next, `time-label` the text next to bars.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from provisioning.diagram.geometry import cut, text_width, written
from provisioning.timeline.handover_tasks import WorkItem, WorkPlan
from provisioning.timeline.timeline import Group, Step, Timeline, duration_text

WIDTH, LABELS, RIGHT = 1080, 256, 140  # room for the label of the last bar, at its right
ROW, HEAD, AREA, BAR = 26, 34, 30, 16
_NAME, _KIND, _LABEL = 12.5, 11.0, 11.5  # font sizes of the stylesheet
_EDGE, _BETWEEN = 8, 12
_MOST_TICKS = 9
_WORTH_SAYING = 0.025  # of the whole; shorter steps are bars without text
_SECONDS = (15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400)
_HOURS = (1, 2, 4, 8, 16, 40, 80, 200, 400, 1000, 4000)


@dataclass(frozen=True, slots=True)
class Bar:
    start: float
    end: float
    words: str
    critical: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    name: str
    kind: str
    bars: tuple[Bar, ...]
    label: str = ""
    at: float | None = None  # the end of the one bar that the label belongs to


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    rows: tuple[Row, ...]


@dataclass(slots=True)
class _Drawing:
    scale: float
    parts: list[str] = field(default_factory=list)
    y: float = HEAD

    def x(self, moment: float) -> float:
        return LABELS + moment * self.scale


def draw_timeline(timeline: Timeline | Mapping[str, Any]) -> str:
    """Draws the creation of an environment, also from its stored form. Raises ValueError for a form
    of another version.
    """
    if not isinstance(timeline, Timeline):
        timeline = Timeline.from_json(timeline)
    step = _tick(timeline.seconds, _SECONDS)
    unit = (lambda t: f"{t:g} s") if step < 60 else (lambda t: f"{t / 60:g} min")  # noqa: PLR2004 - a minute
    words = [f"{timeline.summary} in total"]
    words.append("Critical path: " + ", ".join(f"{s.title} {duration_text(s.seconds)}" for s in timeline.path))
    return _draw(timeline.title, words, _sections(timeline), timeline.seconds, step, unit)


def draw_work(plan: WorkPlan) -> str:
    """Draws the manual work of a launch."""
    step = _tick(float(plan.hours), _HOURS)
    words = [
        f"{_hours(plan.blocking_hours)} of work before launch and {_hours(plan.other_hours)} that can follow it",
        "Critical path: " + ", ".join(f"{item.name} {_hours(item.hours)}" for item in plan.path),
    ]
    items = sorted(plan.items, key=lambda item: (not item.critical, item.start))
    before = [_work_row(item) for item in items if item.blocking]
    later = [_work_row(item) for item in items if not item.blocking]
    sections = [Section("Before launch", tuple(before)), Section("Can follow the launch", tuple(later))]
    return _draw("Manual work", words, sections, float(plan.hours), step, lambda t: f"{t:g} h")


def _hours(hours: object) -> str:
    return f"{hours} hour{'' if str(hours) == '1' else 's'}"


def _work_row(item: WorkItem) -> Row:
    needs = [*item.waits_for, *item.conditions]
    waits = f"; waits for {', '.join(needs)}" if needs else ""
    bar = Bar(float(item.start), float(item.end), f"{item.name}, {_hours(item.hours)}{waits}", item.critical)
    return Row(item.name, "", (bar,), _hours(item.hours))


def _sections(timeline: Timeline) -> list[Section]:
    several = len(timeline.stacks) > 1
    sections = []
    for span in timeline.stacks:
        where = f" · stack {span.stack} in {span.region}" if several else ""
        own = [s for s in timeline.path if s.stack == span.stack and not s.address and s not in timeline.tasks]
        groups = [group for group in timeline.groups if group.stack == span.stack]
        order = [s.address for s in timeline.path if s.stack == span.stack and s.address]
        deciding = [next(g for g in groups if g.address == address) for address in dict.fromkeys(order)]
        rows = [Row("CloudFormation", "", _bars(own))] + [_row(group, timeline) for group in deciding]
        if span is timeline.stacks[-1]:
            rows += [Row("Post-deployment", "", _bars([s]), _said(s)) for s in timeline.tasks]
        sections.append(Section(f"Critical path{where}", tuple(rows)))
        others = sorted((g for g in groups if g not in deciding), key=lambda g: (g.end, g.start))
        if others:
            sections.append(Section(f"In parallel{where}", tuple(_row(group, timeline) for group in others)))
    return sections


def _row(group: Group, timeline: Timeline) -> Row:
    own = sorted((s for s in group.steps if s.critical), key=lambda s: s.start)
    room = (WIDTH - LABELS - RIGHT) / timeline.seconds
    beside = [s for s in own if s.seconds >= _WORTH_SAYING * timeline.seconds and not _fits(_said(s), s.seconds * room)]
    label = ", ".join(_said(s) for s in beside) if own else f"ready after {duration_text(group.end)}"
    return Row(group.name, group.kind, _bars(group.steps), label, at=beside[0].end if len(beside) == 1 else None)


def _said(step: Step) -> str:
    return f"{step.title} {duration_text(step.seconds)}"


def _fits(words: str, width: float) -> bool:
    return text_width(words, _KIND, bold=True) + _BETWEEN <= width


def _bars(steps: Iterable[Step]) -> tuple[Bar, ...]:
    """Steps off the critical path are merged if they overlap; critical steps are separate bars on
    top.
    """
    joined: list[Bar] = []
    ordered = sorted(steps, key=lambda step: step.start)
    for step in ordered:
        words = _said(step)
        if joined and step.start <= joined[-1].end:
            last = joined[-1]
            joined[-1] = Bar(last.start, max(last.end, step.end), f"{last.words}; {words}")
        else:
            joined.append(Bar(step.start, step.end, words))
    alone = [Bar(s.start, s.end, _said(s), critical=True) for s in ordered if s.critical]
    return (*joined, *alone)


def _tick(whole: float, steps: Sequence[int]) -> int:
    return next((step for step in steps if whole / step <= _MOST_TICKS), steps[-1])


def _draw(  # noqa: PLR0917 - one caller for each kind of plan
    title: str, words: list[str], sections: list[Section], whole: float, step: int, unit: Callable[[float], str]
) -> str:
    drawing = _Drawing((WIDTH - LABELS - RIGHT) / max(whole, 1))
    sections = [section for section in sections if section.rows]
    height = HEAD + sum(AREA + ROW * len(section.rows) for section in sections) + 8
    for moment in range(0, int(whole) + 1, step):
        x = drawing.x(moment)
        drawing.parts.append(f'<line class="time-grid" x1="{x:.1f}" x2="{x:.1f}" y1="{HEAD - 6}" y2="{height - 4:g}"/>')
        drawing.parts.append(_text("time-tick", x, HEAD - 12, unit(moment) if moment else "0", anchor="middle"))
    for section in sections:
        drawing.parts.append(_text("time-area", 8, drawing.y + 20, section.title))
        drawing.y += AREA
        drawing.parts += _links(drawing, section.rows)
        for row in section.rows:
            drawing.parts += _drawn(drawing, row)
            drawing.y += ROW
    return (
        f'<svg class="time" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:g}" width="{WIDTH}" '
        f'height="{height:g}" role="img"><title>{written(title)}</title><desc>{written(". ".join(words))}.</desc>'
        f"{''.join(drawing.parts)}</svg>"
    )


def _links(drawing: _Drawing, rows: Sequence[Row]) -> list[str]:
    """Lines from the end of each critical bar to the start of the next one, if that is in another
    row.
    """
    bars = sorted(((bar.start, bar.end, number) for number, row in enumerate(rows) for bar in row.bars if bar.critical))
    parts = []
    for (_, end, row), (_, _, following) in pairwise(bars):
        if row != following:
            x, first, last = drawing.x(end), min(row, following), max(row, following)
            top, bottom = (drawing.y + (number + 0.5) * ROW for number in (first, last))
            parts.append(f'<line class="time-link" x1="{x:.1f}" x2="{x:.1f}" y1="{top:g}" y2="{bottom:g}"/>')
    return parts


def _drawn(drawing: _Drawing, row: Row) -> list[str]:
    y = drawing.y + ROW / 2
    room = LABELS - _BETWEEN - _EDGE
    name = cut(row.name, room, _NAME, bold=True)
    parts = [_text("time-name", _EDGE, y + 4, name)]
    if text_width(name, _NAME, bold=True) + _BETWEEN + text_width(row.kind, _KIND) <= room:
        parts.append(_text("time-kind", LABELS - _BETWEEN, y + 4, row.kind, anchor="end"))
    for bar in row.bars:
        x, width = drawing.x(bar.start), max((bar.end - bar.start) * drawing.scale, 1.5)
        kind = " is-critical" if bar.critical else ""
        parts.append(
            f'<rect class="time-bar{kind}" x="{x:.1f}" y="{y - BAR / 2:g}" width="{width:.1f}" height="{BAR}" rx="3">'
            f"<title>{written(bar.words)}</title></rect>"
        )
        if bar.critical and _fits(bar.words, width):
            parts.append(_text("time-in", x + width / 2, y + 4, bar.words, anchor="middle"))
    return [*parts, *_beside(drawing, row, y + 4)]


def _beside(drawing: _Drawing, row: Row, y: float) -> list[str]:
    """Places the row's label: after the bar it belongs to, after all bars, in the gap before the
    last bar, or shortened to fit.
    """
    if not row.label or not row.bars:
        return []
    end, start = max((bar.end, bar.start) for bar in row.bars)
    gap = max((bar.end for bar in row.bars if bar.end < start), default=0.0)
    if any(bar.start < start < bar.end for bar in row.bars):
        start = gap = min(bar.start for bar in row.bars)
    if row.at is not None:
        room = min((bar.start for bar in row.bars if bar.start >= row.at), default=0.0) - row.at
        if text_width(row.label, _LABEL) + _BETWEEN <= room * drawing.scale:
            return [_text("time-label", drawing.x(row.at) + 6, y, row.label)]
    behind, before = WIDTH - drawing.x(end) - 8, drawing.x(start) - drawing.x(gap) - 12
    if text_width(row.label, _LABEL) > behind and before > behind:
        return [_text("time-label", drawing.x(start) - 6, y, cut(row.label, before, _LABEL), anchor="end")]
    return [_text("time-label", drawing.x(end) + 6, y, cut(row.label, behind, _LABEL))]


def _text(kind: str, x: float, y: float, text: str, *, anchor: str = "") -> str:
    anchored = f' text-anchor="{anchor}"' if anchor else ""
    return f'<text class="{kind}" x="{x:.1f}" y="{y:g}"{anchored}>{written(text)}</text>' if text else ""
