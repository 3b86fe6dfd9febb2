"""Blueprints as they ship: the files, read by the loader, with the inputs' examples."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from uuid import UUID

from provisioning.blueprint import Catalogue, example_inputs, load_catalogue, resolve
from provisioning.design.environment_name import EXAMPLE_ENVIRONMENT_ID
from provisioning.design.graph import Design, EnvironmentContext
from provisioning.template.compile import CompiledDesign, compile_design
from tests.support.reading import Template

_ROOT = Path(__file__).resolve().parent.parent.parent / "blueprints"


def slugs() -> list[str]:
    """Every blueprint that ships, broken or not."""
    return sorted(path.parent.name for path in _ROOT.glob("*/blueprint.hcl"))


@cache
def catalogue() -> Catalogue:
    return load_catalogue(_ROOT)


def shipped(
    size: str,
    *,
    slug: str = "carbon-connect",
    name: str | None = None,
    region: str | None = None,
    environment_id: UUID = EXAMPLE_ENVIRONMENT_ID,
    **given: object,
) -> Design:
    """A design of a shipped blueprint; `region` is its default one when not said."""
    blueprint = catalogue().get(slug)
    inputs, _ = example_inputs(blueprint, size, given)
    environment = EnvironmentContext(
        name=name or f"{slug}-{size}",
        team="payments",
        region=region or blueprint.default_region,
        account_id="123456789012",
        environment_id=environment_id,
    )
    return resolve(blueprint, size=size, inputs=inputs, environment=environment)


@cache
def compiled(slug: str, size: str, name: str = "", region: str = "") -> CompiledDesign:
    """With the inputs' examples; made once for everybody who asks."""
    return compile_design(shipped(size, slug=slug, name=name or None, region=region or None))


def main_template(slug: str, size: str = "dev", *, region: str | None = None, **given: object) -> Template:
    return Template(json.loads(compile_design(shipped(size, slug=slug, region=region, **given)).main.body))
