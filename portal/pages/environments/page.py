"""Everything that the page of one environment shows, gathered in one place for the whole page and for its live parts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils import timezone

from portal.pages.environments.next_steps import next_steps
from portal.pages.versions.page import news_of
from portal.panels.diagram import diagram_panel
from portal.panels.registry import read_stored
from portal.web.components import ComponentGroup, group_by_component, name_and_kind, stack_title
from portal.web.formatting import title_of
from portal.web.history import environment_history
from provisioning.components.kit.values import MAIN
from provisioning.diagram.content import DiagramContent
from provisioning.lifecycle.access import may_decide
from provisioning.lifecycle.kinds.registry import moving_states, removal_states
from provisioning.lifecycle.ledger import PLANNED
from provisioning.lifecycle.plan_queries import current_plan_for_pages
from provisioning.lifecycle.planning import NO_LONGER_THERE
from provisioning.lifecycle.read.actions import actions_for
from provisioning.lifecycle.read.failures import failure
from provisioning.lifecycle.read.operation_view import last_operation, steps
from provisioning.lifecycle.read.progress import Progress, ResourceLine, StackLine, progress
from provisioning.lifecycle.states import EnvironmentState, OperationState, RequestState
from provisioning.models import Environment, Receipt, Request, User

RESTING = (
    EnvironmentState.RUNNING,
    EnvironmentState.CREATE_FAILED,
    EnvironmentState.TEARDOWN_FAILED,
    *NO_LONGER_THERE,
)
DIAGRAM_TITLES = {
    EnvironmentState.REQUESTED: "What will be created",
    EnvironmentState.CREATING: "What is being created",
    EnvironmentState.RUNNING: "What runs",
    EnvironmentState.CREATE_FAILED: "How far it came",
    EnvironmentState.TEARING_DOWN: "What is being removed",
    EnvironmentState.TEARDOWN_FAILED: "What was removed",
    EnvironmentState.GONE: "What there was",
    EnvironmentState.WITHDRAWN: "What was asked for",
}
FAST_SECONDS, SLOW_SECONDS = 2, 5
# A look at AWS that is older than this is worth a word while something moves.
OLD_LOOK_SECONDS = 60


@dataclass(frozen=True, slots=True)
class OutputLine:
    name: str
    title: str
    value: str
    description: str

    @property
    def is_link(self) -> bool:
        return self.value.startswith(("https://", "http://"))


@dataclass(frozen=True, slots=True)
class ComponentLine:
    """A component with how many of its resources are settled, and the titles of those at work."""

    group: ComponentGroup[ResourceLine]
    tone: str
    settled: int
    now: list[str]
    started_at: datetime | None
    seconds: float | None


@dataclass(frozen=True, slots=True)
class Section:
    """The components of one stack; `stack` is None where there is only one, and then nobody needs to hear of it."""

    stack: StackLine | None
    components: list[ComponentLine]

    @property
    def title(self) -> str:
        return stack_title(self.stack.key) if self.stack else ""

    @property
    def prefix(self) -> str:
        """Keeps apart the parts of one component in several stacks."""
        return "" if self.stack is None or self.stack.key == MAIN else f"{self.stack.key}-"


@dataclass(frozen=True, slots=True)
class EventLine:
    """An event in the words of the page: the resource's title and its component, where the plan knows them."""

    at: datetime
    component: str
    title: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class Bar:
    """The progress bar; `share` in whole percent."""

    done: int
    total: int
    failed: int
    verb: str

    @property
    def share(self) -> int:
        return 100 * self.done // self.total if self.total else 0


def environment_page(user: User, environment: Environment) -> dict[str, Any]:
    operation = last_operation(environment)
    now = progress(environment, operation=operation)
    current = current_plan_for_pages(environment, main_body=True)
    waiting = waiting_request(environment)
    actions = actions_for(actor=user, environment=environment)
    wrong = failure(environment, operation=operation) if environment.state not in NO_LONGER_THERE else None
    culprit = _address(now, wrong.logical_id) if wrong and wrong.logical_id else ""
    gone = environment.state == EnvironmentState.GONE
    return {
        "environment": environment,
        "progress": now,
        "bar": _bar(environment, now),
        "sections": sections(environment, now, culprit),
        "diagram": diagram_panel(
            read_stored(DiagramContent, current.diagram) if current else None,
            old_drawing=current.picture if current else "",
            states=_component_states(environment, now, culprit),
        ),
        "diagram_title": DIAGRAM_TITLES[EnvironmentState(environment.state)],
        "plan": current,
        "news": news_of(environment, current.document.blueprint if current else None),
        "outputs": []
        if environment.state in removal_states()
        else _outputs(now.outputs, current.document.main.body if current else "{}"),
        "next_steps": next_steps(environment, current.document.manual_tasks if current else (), now),
        "events": _events(now),
        "late": now.expected_end_at is not None and now.expected_end_at < timezone.now(),
        "operation": operation,
        "took": operation.ended_at - operation.started_at if operation and operation.ended_at else None,
        "steps": steps(operation) if operation else [],
        "succeeded": operation is not None and operation.state == OperationState.SUCCEEDED,
        "failure": wrong,
        "failed_title": _title(now, wrong.logical_id) if wrong else "",
        "waiting": waiting,
        "may_decide": waiting is not None and may_decide(user, waiting),
        "actions": actions,
        "offered": next((a for a in actions if wrong and a.key == wrong.next_action), None),
        "history": environment_history(environment),
        "receipt": gone and Receipt.objects.filter(environment=environment).exists(),
        "look_is_old": _is_old(environment, now.polled_at),
        "poll_seconds": _poll_seconds(environment, waiting),
    }


def has_waiting(environment_id: UUID) -> bool:
    return Request.objects.filter(environment_id=environment_id, state=RequestState.WAITING).exists()


def waiting_request(environment: Environment) -> Request | None:
    rows = Request.objects.filter(environment=environment, state=RequestState.WAITING)
    return rows.select_related("requested_by").order_by("-requested_at").first()


def _poll_seconds(environment: Environment, waiting: Request | None) -> int:
    """How often the page asks; 0 when nothing can come."""
    if environment.state in moving_states():
        return FAST_SECONDS
    return SLOW_SECONDS if waiting is not None or environment.state not in RESTING else 0


def _bar(environment: Environment, now: Progress) -> Bar | None:
    if environment.state == EnvironmentState.CREATE_FAILED and not now.done:
        return None  # rolled back: nothing is there
    if environment.state in (EnvironmentState.CREATING, EnvironmentState.CREATE_FAILED):
        return Bar(now.done, now.total, now.failed, "ready")
    if environment.state in (EnvironmentState.TEARING_DOWN, EnvironmentState.TEARDOWN_FAILED):
        return Bar(now.done, now.total, now.failed, "removed")
    return None


def sections(environment: Environment, now: Progress, culprit: str) -> list[Section]:
    """Stack by stack in the order of creation, where there are several."""
    if not now.stacks or not now.resources:
        return [Section(None, component_lines(environment, now.resources, culprit))]
    return [
        Section(
            stack, component_lines(environment, [line for line in now.resources if line.stack == stack.key], culprit)
        )
        for stack in now.stacks
    ]


def component_lines(environment: Environment, lines: Sequence[ResourceLine], culprit: str) -> list[ComponentLine]:
    """In the order in which each component's first resource can begin."""
    ending = environment.state in removal_states()
    found = [_component_line(group, ending=ending) for group in group_by_component(lines)]
    return [replace(line, tone="bad") if culprit and line.group.address == culprit else line for line in found]


def _component_line(group: ComponentGroup[ResourceLine], *, ending: bool) -> ComponentLine:
    lines = group.members
    settled = [line for line in lines if (_has_ended(line) if ending else line.tone == "ok")]
    tones = {line.tone for line in lines}
    tone = next((tone for tone in ("bad", "busy") if tone in tones), "")
    if not tone:
        tone = "idle" if ending or not settled else "ok" if len(settled) == len(lines) else "part"
    began = [line.started_at for line in lines if line.started_at]
    finished = [line.finished_at for line in lines if line.finished_at]
    complete = len(finished) == len(lines)
    return ComponentLine(
        group=group,
        tone=tone,
        settled=len(settled),
        now=[line.title for line in lines if line.tone == "busy"],
        started_at=min(began, default=None),
        seconds=(max(finished) - min(began)).total_seconds() if complete and began else None,
    )


def _has_ended(line: ResourceLine) -> bool:
    return line.tone == "idle" and line.status != PLANNED


def _component_states(environment: Environment, now: Progress, culprit: str) -> Mapping[str, str]:
    """What is half there counts as under way only while something moves; what failed stays marked after the rollback."""
    if environment.state in moving_states():
        return now.component_states
    states = {address: "planned" if state == "busy" else state for address, state in now.component_states.items()}
    return {**states, culprit: "bad"} if culprit else states


def _outputs(values: Mapping[str, str], body: str) -> list[OutputLine]:
    declared = json.loads(body).get("Outputs", {})
    lines = [
        OutputLine(name, title_of(name), str(value), declared.get(name, {}).get("Description", ""))
        for name, value in values.items()
    ]
    return sorted(lines, key=lambda line: (not line.is_link, line.title))


def _events(now: Progress) -> list[EventLine]:
    known = {line.logical_id: line for line in now.resources}
    lines = []
    for event in now.events:
        line = known.get(event.logical_id)
        # What is not in the plan is the stack itself.
        component, title = (name_and_kind(line.address)[0], line.title) if line else ("", event.logical_id)
        lines.append(EventLine(event.at, component, title, event.status, event.reason))
    return lines


def _title(now: Progress, logical_id: str) -> str:
    return next((line.title for line in now.resources if line.logical_id == logical_id), logical_id)


def _address(now: Progress, logical_id: str) -> str:
    return next((line.address for line in now.resources if line.logical_id == logical_id), "")


def _is_old(environment: Environment, polled_at: datetime | None) -> bool:
    if polled_at is None or environment.state not in moving_states():
        return False
    return (timezone.now() - polled_at).total_seconds() > OLD_LOOK_SECONDS
