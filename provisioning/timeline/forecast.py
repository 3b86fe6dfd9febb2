"""Forecasts how long a design will take: CloudFormation's order over the rendered templates, with
AWS's times per type.

CloudFormation starts a resource as soon as everything that it depends on is complete, so the time
of a stack is its longest chain. Stacks follow each other, then the post-deployment tasks. Not every
figure is published: assumed figures are marked. The range is the same chain with all low and with
all high figures.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from provisioning.components.kit.intrinsic_functions import mentions
from provisioning.components.registry import component
from provisioning.design.graph import OUTPUT_PARAMETERS, OUTPUT_PARAMETERS_TITLE, Design
from provisioning.design.names import ComponentName
from provisioning.template.compile import CompiledDesign, CompiledTemplate
from provisioning.template.dependencies import dependencies, levels_of
from provisioning.timeline.durations import NOT_RESOURCES, SIGNALS, STACK, TASK, UNKNOWN_TYPE, duration_of
from provisioning.timeline.timeline import Group, StackSpan, Step, Timeline


def forecast(design: Design, compiled: CompiledDesign) -> Timeline:
    """The time to create this design. Raises DesignError if resources have a circular dependency."""
    spans: list[StackSpan] = []
    steps: list[Step] = []
    path: list[Step] = []
    own, each = NOT_RESOURCES[STACK], NOT_RESOURCES[TASK]
    charts = [_Chart(stack) for stack in compiled.stacks]
    clock = 0.0
    for chart in charts:
        key, seconds = chart.stack.stack, own.create_seconds + chart.longest("expected")
        spans.append(StackSpan(key, chart.stack.region, clock, seconds, chart.stack.express, chart.levels))
        path.append(
            Step("", STACK, "CloudFormation's own time", "", key, clock, own.create_seconds, own.source, critical=True)
        )
        resource_steps, chain = chart.steps(clock + own.create_seconds)
        steps += resource_steps
        path += chain
        clock += seconds
    tasks = tuple(
        Step(todo.key, TASK, todo.title, "", "main", clock + n * each.create_seconds, each.create_seconds, each.source, critical=True)
        for n, todo in enumerate(compiled.main.tasks)
    )  # fmt: skip
    return Timeline(
        title=f"{design.blueprint}, size {design.size}, in {design.environment.region}",
        stacks=tuple(spans),
        groups=_groups(steps),
        path=(*path, *tasks),
        tasks=tasks,
        seconds=clock + each.create_seconds * len(tasks),
        low_seconds=sum(own.low_seconds + chart.longest("low") for chart in charts) + each.low_seconds * len(tasks),
        high_seconds=sum(own.high_seconds + chart.longest("high") for chart in charts) + each.high_seconds * len(tasks),
        express=compiled.main.express,
        unknown=tuple(sorted({kind for chart in charts for kind in chart.unknown})),
    )


def _groups(steps: Iterable[Step]) -> tuple[Group, ...]:
    steps_by_component: dict[tuple[str, str], list[Step]] = defaultdict(list)
    for step in steps:
        steps_by_component[step.stack, step.address].append(step)
    groups = []
    for (stack, address), own in steps_by_component.items():
        called = ComponentName.of(address)
        title = OUTPUT_PARAMETERS_TITLE if address == OUTPUT_PARAMETERS else component(called.kind).title
        name, kind = called.for_people(title)
        groups.append(Group(address, name, kind, stack, tuple(own)))
    return tuple(groups)


@dataclass(frozen=True, slots=True)
class _Times:
    low: float
    expected: float
    high: float


class _Chart:
    """One stack's resources with their dependencies and times."""

    def __init__(self, stack: CompiledTemplate) -> None:
        template = json.loads(stack.body)
        self.stack = stack
        self.resources: Mapping[str, Any] = template["Resources"]
        self.graph = dependencies(self.resources)
        self.levels = tuple(tuple(level) for level in levels_of(self.graph))
        self.durations = {
            name: duration_of(item["Type"], item.get("Properties") or {}) for name, item in self.resources.items()
        }
        self.unknown = {item["Type"] for name, item in self.resources.items() if self.durations[name] is UNKNOWN_TYPE}
        read = {mention.name for mention in mentions(template) if mention.attribute} if stack.express else set()
        self.times = {name: self._times(name, read) for name in self.resources}

    def _times(self, name: str, read: set[str]) -> _Times:
        known = self.durations[name]
        low, seconds, high = known.low_seconds, known.create_seconds, known.high_seconds
        if "ResourceSignal" in self.resources[name].get("CreationPolicy", {}):
            signals = NOT_RESOURCES[SIGNALS]
            low, high = low + signals.low_seconds, high + signals.high_seconds
            seconds += signals.create_seconds
        if not self.stack.express:
            return _Times(low, seconds, high)
        # In EXPRESS mode a resource is complete when its configuration is applied. An endpoint that
        # another resource reads must exist first. In the best case even that is not awaited; in the
        # worst case the mode saves nothing.
        expected = known.create_seconds if known.endpoint_last and name in read else known.express_seconds
        return _Times(min(low, known.express_seconds), expected, high)

    def ends(self, which: str) -> dict[str, float]:
        """When each resource is complete, in seconds from the start of the first one."""
        ends: dict[str, float] = {}
        for level in self.levels:
            for name in level:
                start = max((ends[need] for need in self.graph[name]), default=0.0)
                ends[name] = start + float(getattr(self.times[name], which))
        return ends

    def longest(self, which: str) -> float:
        return max(self.ends(which).values(), default=0.0)

    def steps(self, begin: float) -> tuple[list[Step], list[Step]]:
        """All resources, with the chain that ends last marked as critical."""
        ends = self.ends("expected")
        chain = self._chain(ends)
        added = {resource.logical_id: resource for resource in self.stack.resources}
        steps = {}
        for name, end in ends.items():
            seconds = self.times[name].expected
            steps[name] = Step(
                logical_id=name,
                type=self.resources[name]["Type"],
                title=added[name].title,
                address=added[name].address,
                stack=self.stack.stack,
                start=begin + end - seconds,
                seconds=seconds,
                source=self.durations[name].source,
                critical=name in chain,
            )
        return list(steps.values()), [steps[name] for name in chain]

    def _chain(self, ends: Mapping[str, float]) -> list[str]:
        """Follows the resource that ends last back over its latest dependency each; among equals,
        the last by name.
        """
        if not ends:
            return []
        chain = [max(ends, key=lambda name: (ends[name], name))]
        while waited := self.graph[chain[-1]]:
            chain.append(max(waited, key=lambda name: (ends[name], name)))
        return chain[::-1]
