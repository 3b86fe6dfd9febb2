"""The protocol that every panel follows, its one input, and the discovery of all panels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, ClassVar, Protocol, TypeVar

import portal.panels
from provisioning.blueprint import Blueprint
from provisioning.diagram.content import DiagramContent
from provisioning.lifecycle.plan_document import CreatePlan
from provisioning.lifecycle.planning import PlanDraft
from provisioning.models import Plan

# Lines of evidence for each check: all that a reader needs, and fewer beside a form that is sent on every few letters.
EVIDENCE_LINES, EVIDENCE_LINES_BESIDE_A_FORM = 40, 3


class Place(Enum):
    """COLUMN: in the pages' column of panels, in the order of `order`. PAGE: included by the page itself."""

    COLUMN = auto()
    PAGE = auto()


@dataclass(frozen=True, slots=True)
class PlanView:
    """One plan as panels see it. `proof` and `timeline` are their stored JSON, empty where there is none.

    `document` is None for the example plan of a blueprint, which nobody can request; `blueprint` is set only there.
    `old_drawing` is the SVG of a plan that was stored before plans had a diagram.
    """

    document: CreatePlan | None = None
    diagram: DiagramContent | None = None
    proof: Mapping[str, Any] = field(default_factory=dict)
    timeline: Mapping[str, Any] = field(default_factory=dict)
    old_drawing: str = ""
    blueprint: Blueprint | None = None
    evidence_lines: int = EVIDENCE_LINES

    @classmethod
    def of_draft(cls, draft: PlanDraft) -> PlanView:
        return cls(
            document=draft.document,
            diagram=draft.diagram,
            proof=draft.proof,
            timeline=draft.timeline,
            evidence_lines=EVIDENCE_LINES_BESIDE_A_FORM,
        )

    @classmethod
    def of_plan(cls, plan: Plan, document: CreatePlan) -> PlanView:
        """The stored plan of a create request, with its document."""
        return cls(
            document=document,
            diagram=stored_diagram(plan.diagram),
            proof=plan.proof,
            timeline=plan.timeline,
            old_drawing=plan.picture,
        )


def stored_diagram(data: Mapping[str, Any]) -> DiagramContent | None:
    """None for a plan without a diagram, or with one of a version that is not read."""
    try:
        return DiagramContent.from_json(data) if data else None
    except ValueError:
        return None


class Panel(Protocol):
    """`template` renders the panel, which is its only variable. `order` sorts the panels of a column."""

    template: ClassVar[str]
    place: ClassVar[Place]
    order: ClassVar[int]


P = TypeVar("P")


@dataclass(frozen=True, slots=True)
class Panels:
    """The panels of one plan."""

    found: tuple[Panel, ...] = ()

    @property
    def column(self) -> list[Panel]:
        return [panel for panel in self.found if panel.place is Place.COLUMN]

    def of(self, kind: type[P]) -> P | None:
        """The panel of this class, if the plan has one."""
        return next((panel for panel in self.found if isinstance(panel, kind)), None)


def panels_of(view: PlanView) -> Panels:
    panels = [panel for build in builders() if (panel := build(view)) is not None]
    return Panels(tuple(sorted(panels, key=lambda panel: panel.order)))


@cache
def builders() -> tuple[Callable[[PlanView], Panel | None], ...]:
    names = [f"{portal.panels.__name__}.{module.name}" for module in iter_modules(portal.panels.__path__)]
    return tuple(import_module(name).panel for name in names if name != __name__)
