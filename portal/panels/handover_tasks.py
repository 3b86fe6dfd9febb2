"""A blueprint's breakdown of people's work, where its folder has one."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.safestring import SafeString

from portal.panels.diagram import NO_PICTURE, safe
from provisioning.blueprint import Blueprint
from provisioning.timeline.gantt import draw_work
from provisioning.timeline.handover_tasks import FILE, WorkPlan, work_plan


@dataclass(frozen=True, slots=True)
class WorkPanel:
    """With a plan and its drawing, or with the sentence that says what is wrong in the file."""

    plan: WorkPlan | None = None
    drawing: SafeString = NO_PICTURE
    trouble: str = ""


def work_panel(blueprint: Blueprint) -> WorkPanel | None:
    if FILE not in blueprint.files:
        return None
    try:
        plan = work_plan(blueprint.files[FILE].decode("utf-8", "replace"))
    except ValueError as error:  # a WorkProblem, or the file is no longer what was loaded
        return WorkPanel(trouble=str(error))
    return WorkPanel(plan, safe(draw_work(plan)))
