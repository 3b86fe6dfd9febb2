"""The resources of an environment by stack and component, with the state of each component."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from portal.web.components import ComponentGroup, group_by_component, stack_title
from provisioning.components.kit.values import MAIN
from provisioning.lifecycle.ledger import PLANNED
from provisioning.lifecycle.read.progress import Progress, ResourceLine, StackLine

AT_WORK_SHOWN = 3


@dataclass(frozen=True, slots=True)
class ComponentLine:
    """A component with the number of its resources that have settled, and the titles of those in
    progress.
    """

    group: ComponentGroup[ResourceLine]
    tone: str
    settled: int
    in_progress: list[str]
    started_at: datetime | None
    seconds: float | None

    @property
    def in_progress_shown(self) -> list[str]:
        return self.in_progress[:AT_WORK_SHOWN]

    @property
    def in_progress_more(self) -> int:
        return max(0, len(self.in_progress) - AT_WORK_SHOWN)


@dataclass(frozen=True, slots=True)
class Section:
    """The components of one stack; `stack` is None if the environment has only one, which then
    needs no heading.
    """

    stack: StackLine | None
    components: list[ComponentLine]

    @property
    def title(self) -> str:
        return stack_title(self.stack.key) if self.stack else ""

    @property
    def prefix(self) -> str:
        """Distinguishes the ids of one component that has resources in several stacks."""
        return "" if self.stack is None or self.stack.key == MAIN else f"{self.stack.key}-"


def sections_of(progress: Progress, *, ending: bool, failed_address: str) -> list[Section]:
    """One section for each stack in the order of creation, or one for all resources.

    `ending` counts what was deleted as settled. `failed_address` is the component that failed,
    which keeps its mark after the rollback; empty for none.
    """
    if not progress.stacks or not progress.resources:
        return [Section(None, component_lines(progress.resources, ending=ending, failed_address=failed_address))]
    return [
        Section(
            stack,
            component_lines(
                [line for line in progress.resources if line.stack == stack.key],
                ending=ending,
                failed_address=failed_address,
            ),
        )
        for stack in progress.stacks
    ]


def component_lines(lines: Sequence[ResourceLine], *, ending: bool, failed_address: str) -> list[ComponentLine]:
    """In the order in which each component's first resource can start."""
    components = [_component_line(group, ending=ending) for group in group_by_component(lines)]
    return [
        replace(line, tone="bad") if failed_address and line.group.address == failed_address else line
        for line in components
    ]


def _component_line(group: ComponentGroup[ResourceLine], *, ending: bool) -> ComponentLine:
    lines = group.members
    settled = [
        line for line in lines if (line.tone == "idle" and line.status != PLANNED if ending else line.tone == "ok")
    ]
    tones = {line.tone for line in lines}
    tone = next((tone for tone in ("bad", "busy") if tone in tones), "")
    if not tone:
        tone = "idle" if ending or not settled else "ok" if len(settled) == len(lines) else "part"
    started = [line.started_at for line in lines if line.started_at]
    finished = [line.finished_at for line in lines if line.finished_at]
    complete = len(finished) == len(lines)
    return ComponentLine(
        group=group,
        tone=tone,
        settled=len(settled),
        in_progress=[line.title for line in lines if line.tone == "busy"],
        started_at=min(started, default=None),
        seconds=(max(finished) - min(started)).total_seconds() if complete and started else None,
    )
