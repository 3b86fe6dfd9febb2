"""Rendered templates of carbon-connect."""

from __future__ import annotations

import json
from typing import Any

import pytest

from provisioning.design import CompiledTemplate, compile_design
from tests.design.designs import SIZES
from tests.design.reading import Template
from tests.design.shipped import shipped


@pytest.fixture(scope="session")
def compiled() -> dict[str, CompiledTemplate]:
    return {size: compile_design(shipped(size)).main for size in SIZES}


@pytest.fixture(scope="session")
def bodies(compiled: dict[str, CompiledTemplate]) -> dict[str, Any]:
    return {size: json.loads(template.body) for size, template in compiled.items()}


@pytest.fixture(params=SIZES)
def size(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def template(bodies: dict[str, Any], size: str) -> Template:
    return Template(bodies[size])
