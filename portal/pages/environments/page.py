"""The list of environments, and the page of one environment with its live parts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import OuterRef, Q, Subquery
from django.utils import timezone

from portal.pages.environments.manual_tasks import ManualTaskLine, manual_task_lines
from portal.pages.environments.outlook import Answer, Choice, answers, approver_of, choices
from portal.pages.environments.outputs import OutputLine, ReadCommand, output_lines, read_command
from portal.pages.environments.resources import Section, sections_of
from portal.pages.versions.page import News, news_of
from portal.panels.diagram import DiagramPanel, diagram_panel
from portal.panels.registry import read_stored
from portal.web.components import name_and_kind
from portal.web.history import Entry, environment_history
from portal.web.listing import EnvironmentRow, Listing, environment_listing
from provisioning.diagram.content import DiagramContent
from provisioning.lifecycle.access import (
    Permission,
    has_requested,
    is_approver,
    may,
    may_decide,
    permissions_of,
    visible,
    why_own,
)
from provisioning.lifecycle.kinds.registry import kind_of, kinds_failing_in, moving_states, removal_states
from provisioning.lifecycle.plan_queries import CurrentPlan, current_plan_for_pages
from provisioning.lifecycle.poller.sights import freshness_of
from provisioning.lifecycle.read.actions import Action, actions_for
from provisioning.lifecycle.read.drift import DriftView, drift_of, shows_drift
from provisioning.lifecycle.read.failures import Failure, failure
from provisioning.lifecycle.read.operation_view import StepView, last_operation, steps
from provisioning.lifecycle.read.progress import Progress, progress
from provisioning.lifecycle.services.adopt import WATCHED_ONLY
from provisioning.lifecycle.states import NO_LONGER_THERE, EnvironmentState, OperationState, RequestState
from provisioning.models import Environment, Membership, Operation, Receipt, Request, Stack, Team, User

LIVING = "living"
FAST_SECONDS, SLOW_SECONDS = 2, 5
# While something moves, the page says so if the last contact with AWS is older than this.
OLD_CONTACT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class TeamChoice:
    slug: str
    name: str


@dataclass(frozen=True, slots=True)
class EnvironmentsPage:
    """`team` and `state` are the filters as they are in the URL. `may_request`: the user may request
    environments for a team.
    """

    listing: Listing[EnvironmentRow]
    teams: list[TeamChoice]
    team: str
    state: str
    states: list[EnvironmentState]
    may_request: bool

    @property
    def is_filtered(self) -> bool:
        return bool(self.team) or self.state != LIVING


def environments_page(user: User, *, team: str, state: str, cursor: str) -> EnvironmentsPage:
    condition = visible(user)
    if state in set(EnvironmentState):
        condition &= Q(state=state)
    if team:
        condition &= Q(team__slug=team)
    role = Membership.objects.filter(user=user, team=OuterRef("pk")).values("role")
    rows = Team.objects.filter(visible(user, "pk")).annotate(role=Subquery(role)).order_by("name")
    teams = list(rows.values_list("slug", "name", "role"))
    return EnvironmentsPage(
        listing=environment_listing(condition, living=state == LIVING, cursor=cursor),
        teams=[TeamChoice(slug, name) for slug, name, _ in teams],
        team=team,
        state=state,
        states=list(EnvironmentState),
        may_request=any(Permission.OPERATE in permissions_of(role or "") for _, _, role in teams),
    )


@dataclass(frozen=True, slots=True)
class EventLine:
    """A stack event with the resource's title and its component, if the resource is in the plan."""

    at: datetime
    component: str
    title: str
    status: str
    reason: str


@dataclass(frozen=True, slots=True)
class Bar:
    """The progress bar; `share` is in whole percent."""

    done: int
    total: int
    verb: str
    is_bad: bool

    @property
    def share(self) -> int:
        return 100 * self.done // self.total if self.total else 0


@dataclass(frozen=True, slots=True)
class Timing:
    """When the operation will end, when it started, or how long it took: `at`, `duration` or `text`
    is set.
    """

    label: str
    at: datetime | None = None
    duration: timedelta | None = None
    text: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class PendingRequest:
    id: UUID
    sentence: str
    link: str


@dataclass(frozen=True, slots=True)
class FailureView:
    """`action` is the one that the failure suggests; it is offered next to the failure and not
    among the other actions.
    """

    failure: Failure
    resource_title: str
    action: Action | None


@dataclass(frozen=True, slots=True)
class EnvironmentPage:
    """`poll_seconds` is how often the page asks for changes; 0 if none can come. `oob` marks an
    answer to that.
    """

    environment: Environment
    progress: Progress
    bar: Bar | None
    timing: Timing | None
    other_regions: list[str]
    plan: CurrentPlan | None
    news: News | None
    pending: PendingRequest | None
    failure: FailureView | None
    actions: list[Action]
    diagram: DiagramPanel | None
    outputs: list[OutputLine]
    read_command: ReadCommand | None
    sections: list[Section]
    operation: Operation | None
    operation_title: str
    steps: list[StepView]
    manual_tasks: list[ManualTaskLine]
    shows_drift: bool
    drift: DriftView | None
    events: list[EventLine]
    history: list[Entry]
    has_receipt: bool
    is_out_of_date: bool
    is_late: bool
    choices: list[Choice]
    answers: list[Answer]
    approval: Request | None
    poll_seconds: int
    oob: bool
    may_hand_over: bool

    @property
    def other_actions(self) -> list[Action]:
        return [action for action in self.actions if self.failure is None or action != self.failure.action]

    @property
    def was_cancelled(self) -> bool:
        return self.operation is not None and self.operation.state == OperationState.CANCELLED

    @property
    def running_for(self) -> datetime | None:
        """Since when the operation in progress runs."""
        operation = self.operation
        return operation.started_at if operation is not None and operation.ended_at is None else None

    @property
    def watched_only(self) -> str:
        """What the portal may do with an adopted stack, in words; empty for other environments."""
        is_there = self.environment.state not in NO_LONGER_THERE
        return WATCHED_ONLY if self.environment.is_adopted and is_there else ""

    @property
    def was_withdrawn(self) -> bool:
        return self.environment.state == EnvironmentState.WITHDRAWN


def environment_page(user: User, environment: Environment, *, oob: bool = False) -> EnvironmentPage:
    state = EnvironmentState(environment.state)
    operation = last_operation(environment)
    now = progress(environment, operation=operation)
    plan = current_plan_for_pages(environment, main_body=True)
    pending = pending_request(environment)
    actions = actions_for(actor=user, environment=environment, operation=operation)
    failed = failure(environment, operation=operation) if state not in NO_LONGER_THERE else None
    failed_id = failed.logical_id if failed else ""
    failed_address = next((line.address for line in now.resources if failed_id and line.logical_id == failed_id), "")
    outputs = output_lines(now, plan.document.main.body) if plan and state not in removal_states() else []
    return EnvironmentPage(
        environment=environment,
        progress=now,
        bar=_bar(state, now),
        timing=_timing(operation, now),
        other_regions=[stack.region for stack in now.stacks if stack.region != environment.region],
        plan=plan,
        news=news_of(environment, plan.document.blueprint if plan else None),
        pending=_pending(user, pending) if pending else None,
        failure=_failure(failed, now, actions) if failed else None,
        actions=actions,
        diagram=diagram_panel(
            read_stored(DiagramContent, plan.diagram) if plan else None,
            old_drawing=plan.picture if plan else "",
            states=_component_states(state, now, failed_address),
        ),
        outputs=outputs,
        read_command=read_command(outputs, environment.region),
        sections=sections_of(now, ending=state in removal_states(), failed_address=failed_address),
        operation=operation,
        operation_title=kind_of(operation.kind).words.noun if operation else "",
        steps=steps(operation) if operation and operation.state != OperationState.SUCCEEDED else [],
        manual_tasks=manual_task_lines(environment, plan.document.manual_tasks if plan else (), now),
        shows_drift=shows_drift(environment),
        drift=drift_of(environment) if shows_drift(environment) else None,
        events=_events(now),
        history=environment_history(environment),
        has_receipt=state == EnvironmentState.GONE and Receipt.objects.filter(environment=environment).exists(),
        is_out_of_date=_is_old(now.polled_at) and state in moving_states(),
        is_late=now.expected_end_at is not None and now.expected_end_at < timezone.now(),
        choices=choices(operation, actions),
        answers=answers(environment, operation, now) if failed and operation else [],
        approval=approver_of(operation),
        poll_seconds=_poll_seconds(state, has_pending=pending is not None),
        oob=oob,
        may_hand_over=state not in NO_LONGER_THERE and may(user, environment.team, Permission.MANAGE),
    )


def is_out_of_date(environment: Environment) -> bool:
    """Whether what the page of a moving environment shows is over a minute old."""
    newest = {row.role: row for row in Stack.objects.filter(environment=environment.pk).order_by("created_at", "id")}
    return _is_old(freshness_of(environment.account_id, newest.values()).at)


def _is_old(at: datetime | None) -> bool:
    return at is not None and (timezone.now() - at).total_seconds() > OLD_CONTACT_SECONDS


def is_at_rest(state: str) -> bool:
    """Whether an environment in this state changes only after a new request."""
    return state != EnvironmentState.REQUESTED and state not in moving_states()


def has_pending_request(environment_id: UUID) -> bool:
    return Request.objects.filter(environment_id=environment_id, state=RequestState.WAITING).exists()


def pending_request(environment: Environment) -> Request | None:
    rows = Request.objects.filter(environment=environment, state=RequestState.WAITING)
    return rows.select_related("requested_by").order_by("-requested_at").first()


def _pending(user: User, request: Request) -> PendingRequest:
    decides = may_decide(user, request)
    sentence = kind_of(request.kind).words.pending
    if is_approver(user) and has_requested(user, request):
        sentence = f"{sentence} {why_own(user, request)}"
    return PendingRequest(request.pk, sentence, "Decide on the request" if decides else "Show the request")


def _poll_seconds(state: EnvironmentState, *, has_pending: bool) -> int:
    if state in moving_states():
        return FAST_SECONDS
    return SLOW_SECONDS if has_pending or not is_at_rest(state) else 0


def _bar(state: EnvironmentState, now: Progress) -> Bar | None:
    """The bar of the operation that runs or has failed; None if all its resources were rolled back."""
    is_bad, is_removal = bool(kinds_failing_in(state)), state in removal_states()
    if state not in moving_states() and not is_bad:
        return None
    if is_bad and not is_removal and not now.done:
        return None
    return Bar(now.done, now.total, "removed" if is_removal else "ready", is_bad=is_bad)


def _timing(operation: Operation | None, now: Progress) -> Timing | None:
    if now.expected_end_at is not None:
        if now.expected_end_at < timezone.now():
            return Timing("Expected", text="any moment", note="taking longer than usual")
        return Timing("Expected", at=now.expected_end_at, note=f"from {now.expected_from}")
    if operation is None:
        return None
    if operation.ended_at is None:
        return Timing("Started", at=operation.started_at)
    return Timing(f"{kind_of(operation.kind).words.noun} took", duration=operation.ended_at - operation.started_at)


def _failure(failed: Failure, now: Progress, actions: list[Action]) -> FailureView:
    return FailureView(
        failure=failed,
        resource_title=next(
            (line.title for line in now.resources if line.logical_id == failed.logical_id), failed.logical_id
        ),
        action=next((action for action in actions if action.key == failed.next_action), None),
    )


def _component_states(state: EnvironmentState, now: Progress, failed_address: str) -> Mapping[str, str]:
    """The states for the diagram.

    A component that is half complete counts as in progress only while the environment moves. The
    component that failed remains marked after the rollback.
    """
    if state in moving_states():
        return now.component_states
    states = {address: "planned" if word == "busy" else word for address, word in now.component_states.items()}
    return {**states, failed_address: "bad"} if failed_address else states


def _events(now: Progress) -> list[EventLine]:
    planned = {line.logical_id: line for line in now.resources}
    lines = []
    for event in now.events:
        line = planned.get(event.logical_id)
        # An event without a planned resource is about the stack itself.
        component, title = (name_and_kind(line.address)[0], line.title) if line else ("", event.logical_id)
        lines.append(EventLine(event.at, component, title, event.status, event.reason))
    return lines
