"""What a change does to each resource, in groups, the worst first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Final

from portal.pages.requests.values import DifferingPart, differing_parts
from portal.panels.registry import read_stored
from provisioning.lifecycle.change_plan.currency import changed_since_planned
from provisioning.lifecycle.change_plan.firewall import is_only_less_protected, may_hold_data
from provisioning.lifecycle.change_plan.interruptions import interruption
from provisioning.lifecycle.change_plan.normalise import NESTED_STACK
from provisioning.lifecycle.change_plan.review import ChangeFinding, ChangeReview
from provisioning.lifecycle.plan_document import (
    AdoptPlan,
    ChangePlan,
    FirewallVerdict,
    PlannedChange,
    StackedPlan,
    from_json,
)
from provisioning.lifecycle.states import RequestState
from provisioning.models import Plan, Request
from provisioning.proof.report import Proof


class Group(Enum):
    """A group of changes: its title, its mark, its style, and what always holds for it."""

    REPLACED_DATA = "Replaced, holds data", "⟲", "replace", "cannot be undone"
    REMOVED_DATA = "Removed, holds data", "−", "replace", "cannot be undone"
    LESS_PROTECTED = "Protected less, holds data", "▽", "replace", "nothing is deleted now"
    REPLACED = "Replaced, holds no data", "⟲", "pause", ""
    INTERRUPTED = "Interrupted", "▲", "pause", "data is kept"
    UPDATED = "Updated in place", "~", "update", ""
    ADDED = "Added", "+", "add", ""
    REMOVED = "Removed", "−", "remove", "holds no data"

    def __init__(self, title: str, mark: str, style: str, note: str) -> None:
        self.title, self.mark, self.style, self.note = title, mark, style, note

    @property
    def is_brief(self) -> bool:
        """Whether all resources of the group fit into one table."""
        return self in (Group.REPLACED, Group.UPDATED, Group.ADDED, Group.REMOVED)


_OUTCOMES: Final = {
    "snapshot": "CloudFormation takes a snapshot of it before it deletes it.",
    "retained": "The old one is retained with its data, outside of the environment, and costs money until someone deletes it.",
    "deleted": "Its data is deleted, and CloudFormation takes no snapshot. Make a copy first if you need one.",
    "unknown": "AWS does not say what becomes of its data. Make a copy first if you need one.",
}


@dataclass(frozen=True, slots=True)
class ValueLine:
    """A property before and after. `part` is None if AWS gives no values for it. `why` says that it
    causes the replacement, or through what it changes.
    """

    path: str
    part: DifferingPart | None
    why: str


@dataclass(frozen=True, slots=True)
class ChangedResource:
    title: str
    logical_id: str
    type: str
    stack: str
    effect: str
    reasons: Sequence[str]
    lines: Sequence[ValueLine]


@dataclass(frozen=True, slots=True)
class ShownGroup:
    group: Group
    resources: Sequence[ChangedResource]

    @property
    def has_lines(self) -> bool:
        return any(resource.lines for resource in self.resources)


@dataclass(frozen=True, slots=True)
class ChangedChecks:
    """Findings of the security checks that the change adds and resolves; `kept` counts the others."""

    found: Sequence[str]
    resolved: Sequence[str]
    kept: int


@dataclass(frozen=True, slots=True)
class ChangesPanel:
    """`out_of_date` are sentences about what has changed since the plan was made. `unchanged` counts
    the resources that remain as they are. `version` and `size` are those after the change, `former`
    is the plan that the environment ran before it. A failure of a stack that was left unfinished
    before is not rolled back (`rolls_back`).
    """

    former: StackedPlan | None
    version: str
    size: str

    groups: Sequence[ShownGroup]
    findings: Sequence[ChangeFinding]
    outputs: Sequence[str]
    out_of_date: Sequence[str]
    policy: Sequence[str]
    tasks: Sequence[str]
    checks: ChangedChecks | None
    express: bool
    rolls_back: bool
    may_start_at_once: bool
    is_complete: bool
    has_changes: bool
    is_dangerous: bool
    unchanged: int
    several_stacks: bool

    @property
    def count(self) -> int:
        return sum(len(shown.resources) for shown in self.groups)

    @property
    def dangerous(self) -> int:
        worst = (Group.REPLACED_DATA, Group.REMOVED_DATA, Group.LESS_PROTECTED)
        return sum(len(shown.resources) for shown in self.groups if shown.group in worst)


def changes_panel(request: Request) -> ChangesPanel | None:
    """The panel of a change; None for other requests."""
    document = from_json(request.plan.content)
    if not isinstance(document, ChangePlan):
        return None
    review = ChangeReview.from_json(request.plan.review)
    replaced = Plan.objects.filter(environment_id=request.environment_id, digest=document.previous_digest).first()
    former = _design_of(replaced)
    titles = _titles(former, document)
    grouped: dict[Group, list[ChangedResource]] = {group: [] for group in Group}
    for change_set in document.change_sets:
        verdicts = {verdict.logical_id: verdict for verdict in change_set.verdicts}
        for change in change_set.changes:
            verdict = verdicts.pop(change.logical_id, None)
            shown = _resource(change, verdict, change_set.stack, titles, review)
            grouped[_group_of(change, verdict)].append(shown)
        for verdict in verdicts.values():  # what AWS does not announce
            grouped[Group.REPLACED_DATA].append(_unannounced(verdict, change_set.stack, titles))
    touched = {change.logical_id for change_set in document.change_sets for change in change_set.changes}
    is_pending = request.state == RequestState.WAITING
    return ChangesPanel(
        former=former,
        version=document.blueprint.version,
        size=document.size,
        groups=[ShownGroup(group, resources) for group, resources in grouped.items() if resources],
        findings=review.findings if review is not None else (),
        outputs=review.outputs if review is not None else (),
        out_of_date=changed_since_planned(request) if is_pending else (),
        policy=[name for change_set in document.change_sets for name in change_set.relaxed],
        tasks=[task.title for task in document.due_tasks],
        checks=_checks(replaced, request.plan) if not document.reverts_drift else None,
        express=any(stack.express for stack in document.stacks),
        rolls_back=not any(change_set.disable_rollback for change_set in document.change_sets),
        may_start_at_once=not document.requires_approval,
        is_complete=document.is_complete,
        has_changes=document.has_changes,
        is_dangerous=document.is_dangerous,
        unchanged=len([one for one in document.resources if one.logical_id not in touched]),
        several_stacks=len(document.stacks) > 1,
    )


def _design_of(plan: Plan | None) -> StackedPlan | None:
    """The design of a plan; None without one, as for an adopted stack."""
    document = from_json(plan.content) if plan is not None else None
    return document if isinstance(document, StackedPlan) and not isinstance(document, AdoptPlan) else None


def _titles(former: StackedPlan | None, document: ChangePlan) -> Mapping[str, str]:
    """The titles of all resources with their components, also of those that the new design no longer
    has.
    """
    resources = [*(former.resources if former is not None else ()), *document.resources]
    return {one.logical_id: f"{one.title} of {one.address}" if one.address else one.title for one in resources}


def _checks(former: Plan | None, plan: Plan) -> ChangedChecks | None:
    """None if one of the plans has no proof that can be read."""
    before = read_stored(Proof, former.proof) if former is not None else None
    after = read_stored(Proof, plan.proof)
    if before is None or after is None:
        return None
    old = {(one.rule, one.stack, one.resources): one.sentence for one in before.findings}
    new = {(one.rule, one.stack, one.resources): one.sentence for one in after.findings}
    return ChangedChecks(
        found=[sentence for key, sentence in new.items() if key not in old],
        resolved=[sentence for key, sentence in old.items() if key not in new],
        kept=len(old.keys() & new.keys()),
    )


def _group_of(change: PlannedChange, verdict: FirewallVerdict | None) -> Group:
    """Never a lower risk than AWS says: what may be replaced is listed as replaced."""
    holds_data = _holds_data(change)
    if change.action == "Remove":
        return Group.REMOVED_DATA if holds_data else Group.REMOVED
    if verdict is not None and verdict.is_dangerous:
        if is_only_less_protected(verdict):
            return Group.LESS_PROTECTED if holds_data else Group.UPDATED
        return Group.REPLACED_DATA if holds_data else Group.REPLACED
    if change.action == "Add":
        return Group.ADDED
    is_announced = change.action == "Dynamic" or change.replacement in ("True", "Conditional")
    if is_announced and verdict is None:
        return Group.REPLACED
    return Group.INTERRUPTED if _interruption(change) else Group.UPDATED


def _holds_data(change: PlannedChange) -> bool:
    """Also a nested stack: nobody has looked inside."""
    return change.type == NESTED_STACK or may_hold_data(change.type)


def _interruption(change: PlannedChange) -> str:
    return interruption(change.type, frozenset(detail.name for detail in change.details))


def _resource(
    change: PlannedChange,
    verdict: FirewallVerdict | None,
    stack: str,
    titles: Mapping[str, str],
    review: ChangeReview | None,
) -> ChangedResource:
    causes = {
        detail.name or detail.attribute: (
            "causes the replacement"
            if detail.requires_recreation == "Always" and change.replacement in ("True", "Conditional")
            else f"through {detail.causing_entity}"
            if detail.causing_entity and detail.causing_entity != detail.name
            else ""
        )
        for detail in change.details
    }
    values = review.values_of(stack, change.logical_id) if review is not None else ()
    lines = [
        ValueLine(part.path, part, causes.get(part.path.partition(".")[0], ""))
        for one in values
        for part in differing_parts(one.path, one.before, one.after)
    ]
    named = {line.path.partition(".")[0] for line in lines}
    # AWS names these, but gives no values for them.
    lines += [ValueLine(name, None, why) for name, why in causes.items() if name not in named]
    return ChangedResource(
        title=titles.get(change.logical_id, change.logical_id),
        logical_id=change.logical_id,
        type=change.type,
        stack=stack,
        effect=_effect(change, verdict),
        reasons=verdict.reasons if verdict is not None else (),
        lines=lines if change.action != "Remove" else (),
    )


def _effect(change: PlannedChange, verdict: FirewallVerdict | None) -> str:
    if verdict is None or not verdict.is_dangerous:
        return _interruption(change) if change.action == "Modify" else ""
    if not _holds_data(change):
        return ""
    if is_only_less_protected(verdict):
        return "Nothing is deleted by this change, but the data is protected less than before."
    outcome = _OUTCOMES[verdict.outcome]
    match change.action, change.replacement:
        case "Remove", _:
            return f"It is removed. {outcome}"
        case _, "True":
            return f"A new, empty one is created. {outcome}"
        case _:
            return f"A new, empty one may be created. {outcome}"


def _unannounced(verdict: FirewallVerdict, stack: str, titles: Mapping[str, str]) -> ChangedResource:
    title = titles.get(verdict.logical_id, verdict.logical_id)
    return ChangedResource(
        title, verdict.logical_id, verdict.type, stack, _OUTCOMES["unknown"], verdict.reasons, lines=()
    )
