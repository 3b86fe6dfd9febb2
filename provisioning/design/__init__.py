"""From a design to everything that can be read off it: template, picture, timeline. Pure: no I/O, no Django, no AWS."""

from provisioning.components.base import DesignError
from provisioning.components.build import Added as CompiledResource
from provisioning.components.build import AfterStep
from provisioning.components.build import Kept as Retained
from provisioning.design.compile import CompiledDesign, CompiledTemplate, compile_design
from provisioning.design.explain import explain
from provisioning.design.gantt import draw_timeline, draw_work
from provisioning.design.order import dependency_order
from provisioning.design.picture import draw
from provisioning.design.prove import Finding, Proof, prove
from provisioning.design.timeline import Timeline
from provisioning.design.work import WorkPlan, WorkProblem, work_plan

__all__ = [
    "AfterStep",
    "CompiledDesign",
    "CompiledResource",
    "CompiledTemplate",
    "DesignError",
    "Finding",
    "Proof",
    "Retained",
    "Timeline",
    "WorkPlan",
    "WorkProblem",
    "compile_design",
    "dependency_order",
    "draw",
    "draw_timeline",
    "draw_work",
    "explain",
    "prove",
    "work_plan",
]
