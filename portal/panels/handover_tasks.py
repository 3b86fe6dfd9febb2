"""The manual work of a blueprint, where its folder has a breakdown of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from django.utils.safestring import SafeString

from portal.panels.diagram import NO_DRAWING, trusted_svg
from portal.panels.registry import Place, PlanView
from provisioning.timeline.gantt import draw_work
from provisioning.timeline.handover_tasks import FILE, WorkPlan, work_plan


@dataclass(frozen=True, slots=True)
class HandoverTasksPanel:
    """The work with its drawing, or the sentence that says what is wrong in the file."""

    template: ClassVar[str] = "panels/handover_tasks.html"
    place: ClassVar[Place] = Place.PAGE
    order: ClassVar[int] = 90

    work: WorkPlan | None = None
    drawing: SafeString = NO_DRAWING
    problem: str = ""


def panel(view: PlanView) -> HandoverTasksPanel | None:
    if view.blueprint is None or FILE not in view.blueprint.files:
        return None
    try:
        work = work_plan(view.blueprint.files[FILE].decode("utf-8", "replace"))
    except ValueError as error:  # a WorkProblem, or the file has changed since it was loaded
        return HandoverTasksPanel(problem=str(error))
    return HandoverTasksPanel(work, trusted_svg(draw_work(work)))
