"""The page of one request with the plan that people decide on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from django.urls import reverse

from portal.pages.requests.changes import ChangesPanel, changes_panel
from portal.pages.requests.comparison import Comparison, comparison_of
from portal.pages.requests.decision import DecisionPanel, decision_panel
from portal.pages.requests.forms import CommentForm, DecisionForm
from portal.pages.requests.live import Poll
from portal.panels.diagram import DiagramPanel
from portal.panels.plan_summary import PlanSummaryPanel, StackSummary
from portal.panels.preflight import PreflightPanel
from portal.panels.registry import Panels, PlanView, panels_of
from portal.panels.timeline import TimelinePanel
from portal.web.formatting import format_value, title_of
from portal.web.history import Entry, request_history
from provisioning.lifecycle.access import may
from provisioning.lifecycle.kinds.change import CHANGE
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.plan_document import AdoptPlan, CreatePlan, StackedPlan, TeardownPlan, from_json
from provisioning.lifecycle.read.failures import Failure, failure
from provisioning.lifecycle.services.preflight import is_checkable
from provisioning.lifecycle.services.recording import why_not_requested
from provisioning.lifecycle.states import RequestState
from provisioning.models import Environment, Operation, Request, User


@dataclass(frozen=True, slots=True)
class InputLine:
    """An input or a tag with its value as text. `former` is the one before a change; None if it is the same."""

    title: str
    value: str
    former: str | None


@dataclass(frozen=True, slots=True)
class RequestPage:
    """`diagram` and `panels` show the plan of a creation or of a change, `change` what a change does,
    `teardown` the plan of a teardown; what does not apply is empty.
    """

    request: Request
    title: str
    approve_label: str
    blueprint_digest: str
    panels: Panels
    teardown: TeardownPlan | None
    change: ChangesPanel | None
    adoption: AdoptPlan | None
    inputs: Sequence[InputLine]
    tags: Sequence[InputLine]
    comparison: Comparison | None
    decision: DecisionPanel
    form: DecisionForm
    answer_form: CommentForm
    poll: Poll
    is_live: bool
    is_pending: bool
    may_withdraw: bool
    may_plan_again: bool
    failure: Failure | None
    history: Sequence[Entry]

    @property
    def environment(self) -> Environment:
        return self.request.environment

    @property
    def in_several_regions(self) -> bool:
        return self.teardown is not None and len({line.region for line in self.teardown.lines}) > 1

    @property
    def id(self) -> UUID:
        return self.request.pk

    @property
    def diagram(self) -> DiagramPanel | None:
        return self.panels.of(DiagramPanel)

    @property
    def preflight(self) -> PreflightPanel | None:
        return self.panels.of(PreflightPanel)

    @property
    def minutes(self) -> int:
        """How long the creation is expected to take; 0 if there is no forecast."""
        timeline = self.panels.of(TimelinePanel)
        return timeline.minutes if timeline else 0

    @property
    def stacks(self) -> Sequence[StackSummary]:
        """The stacks whose templates can be read one by one; empty if there is only one."""
        summary = self.panels.of(PlanSummaryPanel)
        return summary.stacks if summary else []


def request_page(
    user: User,
    request: Request,
    *,
    form: DecisionForm | None = None,
    answer_form: CommentForm | None = None,
    is_live: bool = False,
) -> RequestPage:
    """With `is_live`, the page is read by one that is open, which announces the news."""
    plan = from_json(request.plan.content)
    created = plan if isinstance(plan, StackedPlan) and not isinstance(plan, AdoptPlan) else None
    kind = kind_of(request.kind)
    is_pending = request.state == RequestState.WAITING
    change = changes_panel(request)
    panels = Panels()
    if created is not None:
        is_checked = change is None and is_checkable(request)
        check_url = reverse("check_account", kwargs={"pk": request.pk}) if is_checked else ""
        panels = panels_of(PlanView.of_plan(request.plan, created, checked_by=check_url))
    return RequestPage(
        request=request,
        title=f"{kind.words.verb} {request.environment.name}",
        approve_label=kind.words.approve,
        blueprint_digest=created.blueprint.digest if created else "",
        panels=panels,
        teardown=plan if isinstance(plan, TeardownPlan) else None,
        change=change,
        adoption=plan if isinstance(plan, AdoptPlan) else None,
        inputs=_inputs(created, change.former if change is not None else None),
        tags=_tags(created, change.former if change is not None else None),
        comparison=comparison_of(request.environment, created)
        if is_pending and isinstance(created, CreatePlan)
        else None,
        decision=decision_panel(user, request),
        form=form or DecisionForm(initial={"digest": request.plan.digest}),
        answer_form=answer_form or CommentForm(),
        poll=Poll.of(request),
        is_live=is_live,
        is_pending=is_pending,
        may_withdraw=is_pending and may(user, request.environment.team, kind.permission),
        may_plan_again=_may_plan_again(user, request, change),
        failure=_failure(request) if change is not None else None,
        history=request_history(request),
    )


def _inputs(plan: StackedPlan | None, former: StackedPlan | None) -> list[InputLine]:
    """The inputs that have a value, or had one before the change."""
    after = plan.inputs if plan is not None else {}
    before = former.inputs if former is not None else after
    lines = []
    for name in sorted(after.keys() | before.keys(), key=title_of):
        value, was = after.get(name), before.get(name)
        if value is not None or was is not None:
            lines.append(InputLine(title_of(name), format_value(value), None if value == was else format_value(was)))
    return lines


def _tags(plan: StackedPlan | None, former: StackedPlan | None) -> list[InputLine]:
    """The tags that the team gave, and those that it gave before the change."""
    after = plan.tags if plan is not None else {}
    before = former.tags if former is not None else after
    return [
        InputLine(key, after.get(key, "–"), None if after.get(key) == before.get(key) else before.get(key, "–"))
        for key in sorted(after.keys() | before.keys())
    ]


def _failure(request: Request) -> Failure | None:
    """Why the newest operation of a change that has failed ended."""
    if request.state != RequestState.FAILED:
        return None
    newest = Operation.objects.filter(request=request).order_by("-started_at", "-id").first()
    return failure(request.environment, operation=newest) if newest is not None else None


def _may_plan_again(user: User, request: Request, change: ChangesPanel | None) -> bool:
    """A change that has failed, expired or gone out of date can be planned again."""
    if change is None or request.kind != CHANGE.key or not may(user, request.environment.team, CHANGE.permission):
        return False
    ended = request.state in (RequestState.FAILED, RequestState.EXPIRED)
    return bool(change.out_of_date) or (ended and not why_not_requested(CHANGE, request.environment))
