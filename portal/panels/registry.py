"""The protocol that every panel follows, its one input, and the discovery of all panels."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum, auto
from functools import cache
from importlib import import_module
from pkgutil import iter_modules
from typing import Any, ClassVar, Protocol, Self, TypeVar

import portal.panels
from provisioning.blueprint import Blueprint
from provisioning.diagram.content import DiagramContent
from provisioning.lifecycle.plan_document import StackedDocument
from provisioning.lifecycle.planning import PlanDraft
from provisioning.lifecycle.preflight.report import PreflightReport
from provisioning.lifecycle.rules import ApprovalRule
from provisioning.models import Plan
from provisioning.proof.report import Proof
from provisioning.timeline.timeline import Timeline

# Lines of evidence for each check: all that a reader needs, and fewer next to a form that is sent on every few letters.
EVIDENCE_LINES, EVIDENCE_LINES_BESIDE_A_FORM = 40, 3


class Place(Enum):
    """COLUMN: in the pages' column of panels, in the order of `order`. PAGE: included by the page
    itself.
    """

    COLUMN = auto()
    PAGE = auto()


@dataclass(frozen=True, slots=True)
class PlanView:
    """One plan as panels see it. `proof` and `timeline` are None where there is none, or one of a
    version that is no longer read.

    `document` is None for the example plan of a blueprint, which nobody can request; `blueprint` is
    set only there. `preflight` is None as long as the account has not been checked, and `checked_by`
    is the URL that checks it; empty if none does. `old_drawing` is the SVG of a plan that was stored
    before plans had a diagram.
    """

    document: StackedDocument | None = None
    diagram: DiagramContent | None = None
    proof: Proof | None = None
    timeline: Timeline | None = None
    old_drawing: str = ""
    blueprint: Blueprint | None = None
    preflight: PreflightReport | None = None
    checked_by: str = ""
    evidence_lines: int = EVIDENCE_LINES
    approval: ApprovalRule | None = None

    @property
    def requires_approval(self) -> bool:
        """Whether a request of this plan waits for an approval: by the rules that it was evaluated
        with, or else by the plan alone.
        """
        if self.approval is not None:
            return self.approval.requires_approval
        return self.document is not None and self.document.requires_approval

    @classmethod
    def of_draft(
        cls, draft: PlanDraft[StackedDocument], *, preflight: PreflightReport | None = None, checked_by: str = ""
    ) -> PlanView:
        return cls(
            document=draft.document,
            diagram=draft.diagram,
            proof=draft.proof,
            timeline=draft.timeline,
            preflight=preflight,
            checked_by=checked_by,
            evidence_lines=EVIDENCE_LINES_BESIDE_A_FORM,
            approval=draft.verdict.approval,
        )

    @classmethod
    def of_plan(cls, plan: Plan, document: StackedDocument, *, checked_by: str = "") -> PlanView:
        """The stored plan of a create request, with its document."""
        return cls(
            document=document,
            diagram=read_stored(DiagramContent, plan.diagram),
            proof=read_stored(Proof, plan.proof),
            timeline=read_stored(Timeline, plan.timeline),
            old_drawing=plan.picture,
            preflight=read_stored(PreflightReport, plan.preflight),
            checked_by=checked_by,
        )


class StoredView(Protocol):
    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self: ...


V = TypeVar("V", bound=StoredView)


def read_stored(view: type[V], data: Mapping[str, Any]) -> V | None:
    """Restore a view of a plan from its column. None if it is empty, or of a version that is no
    longer read.
    """
    try:
        return view.from_json(data) if data else None
    except ValueError:
        return None


class Panel(Protocol):
    """`template` renders the panel, which is its only variable. `order` sorts the panels of a
    column.
    """

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
