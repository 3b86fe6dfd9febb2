"""The panels of a plan: the diagram is drawn from what the plan stores, and a new panel is one
module and one template.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.db import connection
from django.template import engines
from django.urls import reverse
from pytest_django import Settings

import portal.panels
from portal.pages.catalogue import example_plan
from portal.panels import registry
from portal.panels.diagram import WITHOUT_STATES
from portal.panels.registry import PlanView, panels_of
from provisioning.diagram.content import DiagramContent
from provisioning.diagram.svg import STATES, draw_content
from provisioning.lifecycle.catalogue import catalogue
from provisioning.models import Plan
from tests.portal.conftest import SLUG, People
from tests.support.plans import created_by

COST_PANEL = """
from dataclasses import dataclass
from typing import ClassVar

from portal.panels.registry import Place, PlanView


@dataclass(frozen=True)
class CostPanel:
    template: ClassVar[str] = "panels/cost.html"
    place: ClassVar[Place] = Place.COLUMN
    order: ClassVar[int] = 35

    components: int


def panel(view: PlanView) -> CostPanel | None:
    return CostPanel(len(view.diagram.boxes)) if view.diagram else None
"""
COST_TEMPLATE = '<section class="card">{{ panel.components }} components cost money{{ user.username }}</section>'


@pytest.fixture
def cost_panel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: Settings) -> Iterator[None]:
    """One module and one template, added to the folders of the panels."""
    (tmp_path / "cost.py").write_text(COST_PANEL)
    (tmp_path / "panels").mkdir()
    (tmp_path / "panels" / "cost.html").write_text(COST_TEMPLATE)
    engine = settings.TEMPLATES[0]
    settings.TEMPLATES = [{**engine, "DIRS": [*engine["DIRS"], tmp_path]}]
    monkeypatch.setattr(portal.panels, "__path__", [*portal.panels.__path__, str(tmp_path)])
    _forget()
    yield
    monkeypatch.undo()
    _forget()


def _forget() -> None:
    registry.builders.cache_clear()
    example_plan._plans.clear()
    sys.modules.pop("portal.panels.cost", None)


@pytest.mark.usefixtures("cost_panel")
def test_a_new_panel_shows_on_every_page_with_a_plan(people: People) -> None:
    bob = people.client("bob")
    waiting = people.ask("orders-prod", size="prod")
    for page in (
        bob.get(reverse("blueprint", args=[SLUG])),
        bob.post(reverse("preview", args=[SLUG]), people.form()),
        bob.get(reverse("request", args=[waiting.pk])),
    ):
        assert page.status_code == 200
        assert re.search(r"\d components cost money</section>", page.content.decode())


def test_every_panel_follows_the_protocol(people: People) -> None:
    plan = people.ask().plan
    found = panels_of(PlanView.of_plan(plan, created_by(plan))).found
    assert [type(panel).__name__ for panel in found] == [
        "DiagramPanel",
        "PlanSummaryPanel",
        "ProofPanel",
        "TimelinePanel",
    ]
    for panel in found:
        assert isinstance(panel.place, registry.Place)
        assert isinstance(panel.order, int)
        assert engines["django"].get_template(panel.template)


def test_a_blueprint_that_cannot_be_planned_still_shows_its_handover_tasks() -> None:
    found = panels_of(PlanView(blueprint=catalogue().get("webhook-pipeline"))).found
    assert [type(panel).__name__ for panel in found] == ["HandoverTasksPanel"]


def drawing(people: People, name: str, *, pk: object) -> str:
    page = people.client("bob").get(reverse(name, args=[pk])).content.decode()
    found = re.search('<svg class="pic.*?</svg>', page, re.DOTALL)
    return found[0] if found else ""


def test_a_plan_stores_the_content_of_its_diagram_and_no_drawing(people: People) -> None:
    plan = people.ask().plan
    plan.refresh_from_db()
    assert plan.picture == ""
    content = DiagramContent.from_json(plan.diagram)
    assert set(content.boxes) >= {"service.api", "postgres.main"}
    assert drawing(people, "request", pk=plan.requests.get().pk) == draw_content(content)


def test_an_environment_is_drawn_with_states_by_todays_code(people: People, monkeypatch: pytest.MonkeyPatch) -> None:
    environment = people.ask().environment
    before = drawing(people, "environment", pk=environment.pk)
    assert "service.api · Service" in before
    assert "pic-mark" not in before
    monkeypatch.setitem(STATES, "planned", ("☐", "not yet created"))
    after = drawing(people, "environment", pk=environment.pk)
    assert ">☐</text>" in after
    assert "· not yet created</title>" in after


def test_a_plan_of_an_earlier_version_shows_its_stored_drawing(people: People) -> None:
    request = people.ask()
    old = '<svg class="pic"><title>an old drawing</title></svg>'
    Plan.objects.update(diagram={}, picture=old)
    page = people.client("bob").get(reverse("environment", args=[request.environment_id])).content.decode()
    assert old in page
    assert WITHOUT_STATES in page
    page = people.client("bob").get(reverse("request", args=[request.pk])).content.decode()
    assert old in page
    assert WITHOUT_STATES not in page


def test_a_diagram_of_a_later_version_is_left_out(people: People) -> None:
    request = people.ask()
    Plan.objects.update(diagram={"version": 99})
    assert drawing(people, "environment", pk=request.environment_id) == ""
    assert drawing(people, "request", pk=request.pk) == ""


def test_a_process_of_the_previous_version_still_inserts_plans(people: People) -> None:
    plan = people.ask().plan
    with connection.cursor() as cursor:
        cursor.execute(
            """INSERT INTO provisioning_plan
                      (id, environment_id, digest, content, picture, proof, timeline, created_at)
               SELECT gen_random_uuid(), environment_id, digest, content, picture, proof, timeline, created_at
               FROM provisioning_plan"""
        )
    assert Plan.objects.exclude(pk=plan.pk).get().diagram == {}
