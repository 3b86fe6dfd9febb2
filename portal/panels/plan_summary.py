"""The plan in numbers and words: resources by component and type, what a teardown retains, what
runs afterwards.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from portal.panels.registry import Place, PlanView
from portal.web.components import ComponentGroup, group_by_component, stack_title
from portal.web.formatting import short_type
from provisioning.lifecycle.plan_document import PlannedResource, PlannedStack
from provisioning.template.output_parameters import LeftOut, outputs_left_out, parameter_names


@dataclass(frozen=True, slots=True)
class StackSummary:
    """One stack of the plan; `packages` are the folders whose code it includes."""

    key: str
    name: str
    region: str
    resources: int
    packages: tuple[str, ...]

    @property
    def title(self) -> str:
        return stack_title(self.key)


@dataclass(frozen=True, slots=True)
class OutputParameters:
    """The SSM parameters of the outputs: how many, the path of their names, and the outputs without
    one.
    """

    number: int
    path: str
    left_out: list[LeftOut]


@dataclass(frozen=True, slots=True)
class PlanSummaryPanel:
    """`stacks` are in the order of creation, and empty if there is only one; `packages` are those
    of all stacks.
    """

    template: ClassVar[str] = "panels/plan_summary.html"
    place: ClassVar[Place] = Place.COLUMN
    order: ClassVar[int] = 20

    total: int
    stacks: list[StackSummary]
    packages: list[str]
    groups: list[ComponentGroup[PlannedResource]]
    types: list[tuple[str, int]]
    retained: list[tuple[str, str, str]]
    """Title, policy, why."""
    tasks: list[str]
    outputs: list[str]
    output_parameters: OutputParameters | None
    protections: list[str]
    requires_approval: bool
    body_bytes: int


def panel(view: PlanView) -> PlanSummaryPanel | None:
    if view.document is None:
        return None
    plan = view.document
    stacks = [
        StackSummary(
            key=stack.key,
            name=stack.name,
            region=stack.region,
            resources=len(stack.resources),
            packages=tuple(artefact.name for artefact in stack.artefacts),
        )
        for stack in plan.stacks
    ]
    resources = plan.resources
    titles = plan.titles
    retained = [(titles.get(kept.logical_id, kept.logical_id), kept.policy, kept.why) for kept in plan.retained]
    return PlanSummaryPanel(
        total=len(resources),
        stacks=stacks if len(stacks) > 1 else [],
        packages=[name for stack in stacks for name in stack.packages],
        groups=group_by_component(resources),
        types=Counter(short_type(resource.type) for resource in resources).most_common(),
        retained=retained,
        tasks=[task.title for task in plan.tasks],
        outputs=list(plan.main.outputs),
        output_parameters=_output_parameters(plan.main) if plan.has_output_parameters else None,
        protections=_protections(plan.stacks),
        requires_approval=view.requires_approval,
        body_bytes=sum(len(stack.body.encode()) for stack in plan.stacks),
    )


def _output_parameters(main: PlannedStack) -> OutputParameters:
    template = json.loads(main.body)
    names = list(parameter_names(template).values())
    return OutputParameters(len(names), names[0].rpartition("/")[0], outputs_left_out(template, main.parameters))


def _protections(stacks: Sequence[PlannedStack]) -> list[str]:
    each = "The stack is" if len(stacks) == 1 else "The stacks are"
    sentences = []
    if any(stack.termination_protection for stack in stacks):
        sentences.append(f"{each} protected against deletion.")
    if any(stack.stack_policy for stack in stacks):
        sentences.append("A stack policy prevents the replacement of resources that hold data.")
    if any(stack.express for stack in stacks):
        sentences.append("Deployed in express mode: CloudFormation finishes sooner, before all resources are stable.")
    return sentences


def pretty_template(stack: PlannedStack) -> str:
    return json.dumps(json.loads(stack.body), indent=2, ensure_ascii=False)
