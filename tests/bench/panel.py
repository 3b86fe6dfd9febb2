"""What the form's panel needs after each change: render, prove, draw and forecast, for each
blueprint in production size.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial

from django.conf import settings

from provisioning.blueprint import Blueprint, example_inputs, load_catalogue, resolve
from provisioning.design.environment_name import EXAMPLE_ENVIRONMENT_ID
from provisioning.design.graph import Design, EnvironmentContext
from provisioning.design.size_policy import SIZE_POLICIES
from provisioning.diagram.svg import draw
from provisioning.proof.run import prove
from provisioning.template.compile import CompiledDesign, compile_design
from provisioning.timeline.forecast import forecast
from provisioning.timeline.gantt import draw_timeline
from tests.bench.measure import json_round_trip, median_seconds

AIM_SECONDS = 0.2
TIMES = 20
SIZES = ("dev", "staging", "prod")
HEADINGS = ("", "render", "prove", "draw", "forecast", "all", "ratio", "bytes", "resources dev/staging/prod")
ROW = "{:<18}" + "{:>9}" * 5 + "{:>8}{:>10}  {}"


def design(blueprint: Blueprint, size: str) -> Design:
    inputs, _ = example_inputs(blueprint, size, {})
    context = EnvironmentContext(
        name=f"bench-{size}",
        team="bench",
        region=blueprint.default_region,
        account_id="123456789012",
        environment_id=EXAMPLE_ENVIRONMENT_ID,
    )
    return resolve(blueprint, size=size, inputs=inputs, environment=context)


def lines() -> Iterator[str]:
    yield "The panel of the form, prod, warm, in milliseconds; the ratio is to a JSON round trip of the same template."
    yield ROW.format(*HEADINGS)
    for blueprint in load_catalogue(settings.BLUEPRINTS_DIR).blueprints.values():
        yield _line(blueprint)


def _line(blueprint: Blueprint) -> str:
    made = {size: compile_design(design(blueprint, size)) for size in SIZES}
    prod, compiled = design(blueprint, "prod"), made["prod"]
    steps: dict[str, Callable[[], object]] = {
        "render": lambda: compile_design(design(blueprint, "prod")),
        "prove": lambda: prove(compiled, policy=SIZE_POLICIES["prod"]).as_json(),
        "draw": partial(draw, prod),
        "forecast": lambda: draw_timeline(forecast(prod, compiled)),
    }
    seconds = {name: median_seconds(step, times=TIMES) for name, step in steps.items()}
    whole = sum(seconds.values())
    body = "".join(stack.body for stack in compiled.stacks)
    yardstick = median_seconds(lambda: [json_round_trip(stack.body)() for stack in compiled.stacks], times=TIMES)
    said = "" if whole < AIM_SECONDS else f"  (aim: under {AIM_SECONDS * 1000:.0f} ms)"
    return ROW.format(
        blueprint.slug,
        *(f"{1000 * value:.1f}" for value in (*seconds.values(), whole)),
        f"{whole / yardstick:.0f}x",
        len(body.encode()),
        "/".join(str(_resources(made[size])) for size in SIZES) + said,
    )


def _resources(compiled: CompiledDesign) -> int:
    return sum(len(stack.resources) for stack in compiled.stacks)
