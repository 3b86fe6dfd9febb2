"""carbon-connect as it ships: the blueprint's file, read by the loader, with the inputs' examples."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from provisioning.blueprint import Catalogue, example_inputs, load_catalogue, resolve
from provisioning.components.graph import Design, EnvironmentContext

_ROOT = Path(__file__).resolve().parent.parent.parent / "blueprints"


@cache
def catalogue() -> Catalogue:
    return load_catalogue(_ROOT)


def shipped(size: str, *, name: str | None = None, region: str = "eu-north-1", **given: object) -> Design:
    blueprint = catalogue().get("carbon-connect")
    inputs, _ = example_inputs(blueprint, size, given)
    environment = EnvironmentContext(
        name=name or f"carbon-connect-{size}", team="payments", region=region, account_id="123456789012"
    )
    return resolve(blueprint, size=size, inputs=inputs, environment=environment)
