"""What people do with changes, and other versions of the small blueprint."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from provisioning.blueprint import Blueprint, load_catalogue
from provisioning.lifecycle.plan_document import ChangePlan, from_json
from provisioning.lifecycle.services.changes import request_change
from provisioning.models import Environment, Request, User
from tests.fixtures.world import SMALL, World

Version = Callable[..., Blueprint]


@dataclass
class Changes:
    """The world, in which bob changes environments unless somebody else is named."""

    world: World

    def request(
        self,
        environment: Environment,
        *,
        actor: User | None = None,
        size: str = "",
        blueprint: Blueprint | None = None,
        **inputs: Any,
    ) -> Request:
        environment.refresh_from_db()
        return request_change(
            actor=actor or self.world.bob,
            environment=environment,
            blueprint=blueprint or self.world.blueprints["small"],
            size=size or environment.size,
            inputs={**environment.inputs, **inputs},
        )

    def plan(self, environment: Environment, **changes: Any) -> Request:
        """Request a change and let AWS plan it. If it needs no approval, it is carried out as well."""
        request = self.request(environment, **changes)
        self.world.until_rest(environment)
        return self.again(request)

    def again(self, request: Request) -> Request:
        return Request.objects.select_related("plan", "environment__account", "environment__team").get(pk=request.pk)


def document_of(request: Request) -> ChangePlan:
    document = from_json(request.plan.content)
    assert isinstance(document, ChangePlan)
    return document


@pytest.fixture
def changes(world: World) -> Changes:
    return Changes(world)


@pytest.fixture
def version(tmp_path: Path) -> Version:
    """Makes a version of the small blueprint with other text."""

    def make(number: str, *edits: tuple[str, str]) -> Blueprint:
        text = (SMALL / "small" / "blueprint.hcl").read_text().replace("0.1.0", number)
        for old, new in edits:
            assert old in text
            text = text.replace(old, new)
        folder = tmp_path / number / "small"
        folder.mkdir(parents=True)
        (folder / "blueprint.hcl").write_text(text)

        loaded = load_catalogue(folder.parent)
        assert not loaded.broken, loaded.broken
        return loaded.blueprints["small"]

    return make
