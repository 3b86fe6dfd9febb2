"""How long a creation takes, as people read it: the whole, what decides it step by step, and how sure that is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.safestring import SafeString

from portal.panels.diagram import safe
from portal.panels.plan_summary import called
from provisioning.timeline.gantt import draw_timeline
from provisioning.timeline.timeline import Timeline, minutes, said_seconds

# A step of the deciding chain that takes less is left out of the list; the drawing has it.
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
    """`assumed_share` in percent of the deciding chain's time; `unknown` are types without any figure."""

    minutes: int
    said: str
    path: list[PathLine]
    shorter: int
    drawing: SafeString
    express: bool
    assumed_share: int
    unknown: tuple[str, ...]


def timeline_panel(data: Mapping[str, Any]) -> TimelinePanel | None:
    """From the timeline's JSON, as a plan stores it; None for a plan without one, or of a form that is no longer read."""
    if not data:
        return None
    try:
        timeline = Timeline.from_json(data)
    except ValueError:
        return None
    lines = [step for step in timeline.path if step.seconds >= WORTH_A_LINE_SECONDS]
    return TimelinePanel(
        minutes=timeline.minutes,
        said=timeline.said,
        path=[
            PathLine(
                title=step.title,
                component=called(step.address)[0] if step.address else "",
                at=f"{minutes(step.start)} min" if step.start else "at once",
                takes=said_seconds(step.seconds),
                assumed=step.assumed,
            )
            for step in lines
        ],
        shorter=len(timeline.path) - len(lines),
        drawing=safe(draw_timeline(timeline)),
        express=timeline.express,
        assumed_share=round(100 * timeline.assumed_share),
        unknown=timeline.unknown,
    )
