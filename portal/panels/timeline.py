"""How long a creation takes: the total, its critical path, and how certain the figures are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.utils.safestring import SafeString

from portal.panels.diagram import trusted_svg
from portal.panels.registry import Place, PlanView
from portal.web.components import name_and_kind
from provisioning.timeline.gantt import draw_timeline
from provisioning.timeline.timeline import duration_text, minutes

# A shorter step of the critical path is left out of the list; the drawing has it.
WORTH_A_LINE_SECONDS = 20


@dataclass(frozen=True, slots=True)
class PathLine:
    title: str
    component: str
    at: str
    takes: str
    assumed: bool


@dataclass(frozen=True, slots=True)
class TimelinePanel:
    """`assumed_share` is in percent of the critical path's time; `unknown` are types without any
    figure.
    """

    template: ClassVar[str] = "panels/timeline.html"
    place: ClassVar[Place] = Place.COLUMN
    order: ClassVar[int] = 40

    minutes: int
    summary: str
    path: list[PathLine]
    shorter: int
    drawing: SafeString
    express: bool
    assumed_share: int
    unknown: tuple[str, ...]


def panel(view: PlanView) -> TimelinePanel | None:
    timeline = view.timeline
    if timeline is None:
        return None
    lines = [step for step in timeline.path if step.seconds >= WORTH_A_LINE_SECONDS]
    return TimelinePanel(
        minutes=timeline.minutes,
        summary=timeline.summary,
        path=[
            PathLine(
                title=step.title,
                component=name_and_kind(step.address)[0] if step.address else "",
                at=f"{minutes(step.start)} min" if step.start else "start",
                takes=duration_text(step.seconds),
                assumed=step.assumed,
            )
            for step in lines
        ],
        shorter=len(timeline.path) - len(lines),
        drawing=trusted_svg(draw_timeline(timeline)),
        express=timeline.express,
        assumed_share=round(100 * timeline.assumed_share),
        unknown=timeline.unknown,
    )
