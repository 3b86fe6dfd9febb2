"""The example plan of a blueprint: each size planned with the examples of its inputs."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from portal.panels.diagram import DiagramPanel
from portal.panels.registry import EVIDENCE_LINES_BESIDE_A_FORM, Panels, PlanView, panels_of
from portal.panels.timeline import TimelinePanel
from portal.web.formatting import format_setting, short_type, title_of
from provisioning.blueprint import Blueprint, BlueprintError, example_inputs, resolve
from provisioning.caching import Cache
from provisioning.design.environment_name import (
    EXAMPLE_ACCOUNT_ID,
    EXAMPLE_ENVIRONMENT_ID,
    EXAMPLE_TEAM_KEY,
    default_name,
)
from provisioning.design.errors import DesignError
from provisioning.design.graph import EnvironmentContext
from provisioning.diagram.content import content_of
from provisioning.proof.run import prove
from provisioning.template.compile import compile_design
from provisioning.timeline.forecast import forecast


@dataclass(frozen=True, slots=True)
class ExamplePlan:
    """`problem` is set, and everything below `requires_approval` empty, if the blueprint cannot be
    planned with its examples.
    """

    size: str
    requires_approval: bool
    panels: Panels = field(default_factory=Panels)
    resources: int = 0
    types: tuple[tuple[str, int], ...] = ()
    retained: int = 0
    problem: str = ""

    @property
    def diagram(self) -> DiagramPanel | None:
        return self.panels.of(DiagramPanel)

    @property
    def timeline(self) -> TimelinePanel | None:
        return self.panels.of(TimelinePanel)


# Planning takes some hundredths of a second. Keys are the digest of the blueprint's files and the size.
_plans: Cache[tuple[str, str], ExamplePlan] = Cache(max_size=200)


def example_plan(blueprint: Blueprint, size: str) -> ExamplePlan:
    """Plan a blueprint in a size, with the examples of its inputs. Computed once per process."""
    return _plans.get_or_compute((blueprint.digest, size), lambda: _plan(blueprint, size))


def _plan(blueprint: Blueprint, size: str) -> ExamplePlan:
    requires_approval = blueprint.sizes[size].requires_approval
    place = EnvironmentContext(
        name=default_name(blueprint.slug, size),
        team=EXAMPLE_TEAM_KEY,
        region=blueprint.default_region,
        account_id=EXAMPLE_ACCOUNT_ID,
        environment_id=EXAMPLE_ENVIRONMENT_ID,
    )
    try:
        inputs, _ = example_inputs(blueprint, size, {})
        design = resolve(blueprint, size=size, inputs=inputs, environment=place)
        compiled = compile_design(design)
        timeline = forecast(design, compiled)
    except (BlueprintError, DesignError) as error:
        return ExamplePlan(size, requires_approval, panels_of(PlanView(blueprint=blueprint)), problem=str(error))
    return ExamplePlan(
        size=size,
        requires_approval=requires_approval,
        panels=panels_of(
            PlanView(
                diagram=content_of(design),
                proof=prove(compiled, policy=design.policy),
                timeline=timeline,
                blueprint=blueprint,
                evidence_lines=EVIDENCE_LINES_BESIDE_A_FORM,
            )
        ),
        resources=len(compiled.resources),
        types=tuple(Counter(short_type(resource.type) for resource in compiled.resources).most_common()),
        retained=len(compiled.retained),
    )


def differences(blueprint: Blueprint) -> list[tuple[str, list[str]]]:
    """The table of sizes: each setting with its value in every size."""
    names = list(
        dict.fromkeys(name for size in blueprint.sizes.values() for name in size.settings if name != "approval")
    )
    rows = [
        (title_of(name), [format_setting(size.settings.get(name)) for size in blueprint.sizes.values()])
        for name in names
    ]
    approvals = ["required" if size.requires_approval else "not required" for size in blueprint.sizes.values()]
    return [("Approval", approvals), *rows]
