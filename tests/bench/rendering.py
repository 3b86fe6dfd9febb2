"""How long the catalogue takes to load and a template to render, in this process and from a cold
start.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

from django.conf import settings

from provisioning.blueprint import Blueprint, example_inputs, load_catalogue, resolve
from provisioning.design.environment_name import EXAMPLE_ENVIRONMENT_ID
from provisioning.design.graph import Design, EnvironmentContext
from provisioning.design.size_policy import SIZE_POLICIES
from provisioning.diagram.svg import draw
from provisioning.proof import prove
from provisioning.template.compile import CompiledTemplate, compile_design
from provisioning.timeline.forecast import forecast
from provisioning.timeline.gantt import draw_timeline
from tests.bench.measure import Figure, json_round_trip, median_seconds, once

SLUG = "carbon-connect"


def render(blueprint: Blueprint, size: str) -> CompiledTemplate:
    inputs, _ = example_inputs(blueprint, size, {})
    context = EnvironmentContext(
        name=f"bench-{size}",
        team="bench",
        region=blueprint.default_region,
        account_id="123456789012",
        environment_id=EXAMPLE_ENVIRONMENT_ID,
    )
    return compile_design(resolve(blueprint, size=size, inputs=inputs, environment=context)).main


def figures() -> Iterator[Figure]:
    cold_seconds = once(lambda: load_catalogue(settings.BLUEPRINTS_DIR))
    blueprint = load_catalogue(settings.BLUEPRINTS_DIR).get(SLUG)
    body = render(blueprint, "prod").body
    yardstick = "a JSON round trip of the template"
    yardstick_seconds = median_seconds(json_round_trip(body), times=50)
    yield Figure("catalogue, first load in a process", cold_seconds, yardstick, yardstick_seconds)
    warm_seconds = median_seconds(lambda: load_catalogue(settings.BLUEPRINTS_DIR), times=10)
    yield Figure("catalogue, read again", warm_seconds, yardstick, yardstick_seconds)
    for size in ("dev", "staging", "prod"):
        seconds = median_seconds(lambda size=size: render(blueprint, size), times=20)
        yield Figure(f"render {SLUG} {size}, warm", seconds, yardstick, yardstick_seconds, aim="under 100 ms")
    inputs, _ = example_inputs(blueprint, "prod", {})
    context = EnvironmentContext(
        name="bench-prod",
        team="bench",
        region=blueprint.default_region,
        account_id="123456789012",
        environment_id=EXAMPLE_ENVIRONMENT_ID,
    )
    design = resolve(blueprint, size="prod", inputs=inputs, environment=context)
    yield from _views(design, yardstick, yardstick_seconds)
    command = [sys.executable, "manage.py", "render", SLUG, "--size", "prod"]
    whole = median_seconds(
        lambda: subprocess.run(command, cwd=settings.BASE_DIR, check=True, capture_output=True), times=3
    )
    start = median_seconds(lambda: subprocess.run([sys.executable, "-c", "import django"], check=True), times=3)
    yield Figure(f"manage.py render {SLUG} --size prod, as a command", whole, "starting Python with Django", start)


def _views(design: Design, yardstick: str, yardstick_seconds: float) -> Iterator[Figure]:
    """The views of the production design next to its template."""
    compiled = compile_design(design)
    policy = SIZE_POLICIES[design.size]
    timeline = forecast(design, compiled)
    for name, work in (
        ("diagram, prod", lambda: draw(design)),
        ("proof, prod", lambda: prove(compiled, policy=policy)),
        ("timeline, prod", lambda: forecast(design, compiled)),
        ("timeline's chart, prod", lambda: draw_timeline(timeline)),
    ):
        yield Figure(name, median_seconds(work, times=20), yardstick, yardstick_seconds)
