"""Rendered templates of the blueprint that a file is about: its `SLUG`, and carbon-connect where it has none."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioning.template.compile import CompiledDesign, CompiledTemplate
from tests.design import shipped
from tests.design.designs import SIZES
from tests.design.reading import Template


@pytest.fixture(scope="module")
def designs(request: pytest.FixtureRequest) -> dict[str, CompiledDesign]:
    slug = getattr(request.module, "SLUG", "carbon-connect")
    return {size: shipped.compiled(slug, size) for size in SIZES}


@pytest.fixture(scope="module")
def compiled(designs: dict[str, CompiledDesign]) -> dict[str, CompiledTemplate]:
    return {size: design.main for size, design in designs.items()}


@pytest.fixture(scope="module")
def bodies(compiled: dict[str, CompiledTemplate]) -> dict[str, Any]:
    return {size: json.loads(template.body) for size, template in compiled.items()}


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def template(bodies: dict[str, Any], size: str) -> Template:
    return Template(bodies[size])
