"""The diagram of a plan, drawn from its stored content, with the state of each component where
there are states.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

from django.utils.safestring import SafeString, mark_safe

from portal.panels.registry import Place, PlanView
from provisioning.diagram.content import DiagramContent
from provisioning.diagram.svg import draw_content

NO_DRAWING = SafeString("")
WITHOUT_STATES = "This diagram was stored by an earlier version of the portal, so it shows no states."


@dataclass(frozen=True, slots=True)
class DiagramPanel:
    """`note` is a sentence below the drawing. `id` keeps the position of a drawing that scrolls
    sideways.
    """

    template: ClassVar[str] = "panels/diagram.html"
    place: ClassVar[Place] = Place.PAGE
    order: ClassVar[int] = 10

    drawing: SafeString
    note: str = ""


def panel(view: PlanView) -> DiagramPanel | None:
    return diagram_panel(view.diagram, old_drawing=view.old_drawing)


def diagram_panel(
    content: DiagramContent | None, *, old_drawing: str = "", states: Mapping[str, str] | None = None
) -> DiagramPanel | None:
    """Draw the content. A plan that has only an old drawing shows it as it was stored."""
    if content is not None:
        return DiagramPanel(trusted_svg(draw_content(content, states=states)))
    if old_drawing:
        return DiagramPanel(trusted_svg(old_drawing), WITHOUT_STATES if states is not None else "")
    return None


def trusted_svg(svg: str) -> SafeString:
    """Mark a drawing of `provisioning` as safe: the code that draws it has escaped every text."""
    return mark_safe(svg)  # noqa: S308 - see above
