"""Completes the plan of a change once AWS has planned it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from provisioning.aws.change_sets import KNOWN_LATER, ChangeDetail, ChangeSet, OperationEvent
from provisioning.lifecycle.change_plan.firewall import judge
from provisioning.lifecycle.change_plan.pitfalls import Subject, find_pitfalls
from provisioning.lifecycle.change_plan.review import ChangeFinding, ChangeReview, ValueChange
from provisioning.lifecycle.change_plan.stack_inputs import Source, find_changed_inputs
from provisioning.lifecycle.change_plan.stack_policies import (
    ALLOW_ALL,
    UnknownPolicyError,
    is_known,
    protected_by,
    relaxed,
)
from provisioning.lifecycle.change_plan.tasks import tasks_to_run
from provisioning.lifecycle.change_plan.template_difference import (
    TemplateDifference,
    compare_templates,
    read_template,
)
from provisioning.lifecycle.fingerprint import StackReading
from provisioning.lifecycle.plan_document import (
    ChangePlan,
    FirewallVerdict,
    PlannedChangeSet,
    PlannedStack,
    StackedDocument,
)

VALIDATION: Final = "https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/validate-stack-deployments.html"


@dataclass(frozen=True, slots=True)
class FrozenPlan:
    """The complete plan, which people decide on, and what pages show in addition to it."""

    document: ChangePlan
    review: ChangeReview


@dataclass(frozen=True, slots=True)
class ChangeReading:
    """What AWS said about one stack of a change. `change_set` is the normal form of the change set,
    `described` its plain description (None: nothing to do), `valued` the one with values and
    `template` the one that the stack gets. `before` is the stack as it is, and `warnings` are those of
    CloudFormation's own validation.
    """

    planned: PlannedStack
    change_set: PlannedChangeSet
    described: ChangeSet | None
    valued: ChangeSet | None
    template: str
    before: StackReading
    warnings: tuple[OperationEvent, ...] = ()


class NotPlannableError(Exception):
    """The change cannot be planned; the arguments are a sentence and what to do."""

    def __init__(self, sentence: str, hint: str) -> None:
        super().__init__(sentence)
        self.sentence, self.hint = sentence, hint


def freeze(
    draft: ChangePlan, current: StackedDocument, readings: Sequence[ChangeReading], *, at: datetime
) -> FrozenPlan:
    """Put the change sets, the firewall's verdicts and the findings into the plan.

    Raises NotPlannableError.
    """
    change_sets, values, findings, outputs = [], list[ValueChange](), list[ChangeFinding](), list[str]()
    sources: dict[str, Source] = {}
    for reading in readings:
        body_after = reading.before.template if draft.reverts_drift else reading.planned.body
        difference = compare_templates(reading.before.template, body_after)
        templates = read_template(reading.before.template) or {}, read_template(body_after) or {}
        change_set = _guarded(
            reading, judged(reading, reverts_drift=draft.reverts_drift), reverts_drift=draft.reverts_drift
        )
        change_sets.append(change_set)
        values += _values(reading, difference)
        outputs += difference.outputs
        subject = Subject(
            reading.planned,
            change_set,
            reading.before.state,
            old=templates[0].get("Resources", {}),
            new=templates[1].get("Resources", {}),
        )
        findings += find_pitfalls(subject)
        findings += _answered_with_gaps(reading)
        findings += _warnings(reading)
        sources[reading.planned.key] = Source(change_set, reading.before.state.parameters, *templates)
    findings += find_changed_inputs(draft.stacks, sources, reverts_drift=draft.reverts_drift)
    document = replace(
        draft,
        change_sets=tuple(change_sets),
        run_tasks=() if draft.reverts_drift else tasks_to_run(current, draft, change_sets),
    )
    review = ChangeReview(
        values=tuple(values),
        findings=tuple(sorted(findings, key=lambda finding: (not finding.is_blocking, finding.rule))),
        fingerprints={reading.planned.key: reading.before.fingerprint() for reading in readings},
        outputs=tuple(outputs),
        planned_at=at.isoformat(),
    )
    return FrozenPlan(document, review)


def judged(reading: ChangeReading, *, reverts_drift: bool) -> tuple[FirewallVerdict, ...]:
    """What the replacement firewall says about one stack."""
    after = reading.before.template if reverts_drift else reading.planned.body
    return judge(
        reading.change_set.changes,
        compare_templates(reading.before.template, after),
        old_template=read_template(reading.before.template) or {},
        new_template=read_template(after) or {},
        protected=protected_by(reading.before.policy),
    )


def _guarded(reading: ChangeReading, verdicts: tuple[FirewallVerdict, ...], *, reverts_drift: bool) -> PlannedChangeSet:
    """The change set with its verdicts, and with the stack policies before, during and after it."""
    change_set = reading.change_set
    dangerous = {verdict.logical_id for verdict in verdicts if verdict.is_dangerous}
    before = reading.before.policy
    try:
        during, freed = relaxed(before, dangerous) if dangerous else (before, ())
    except UnknownPolicyError as error:
        raise NotPlannableError(
            f"The stack policy of {reading.planned.name} was changed outside the portal, so it cannot be relaxed for "
            "single resources.",
            "Set the stack policy that the environment was created with, or change the environment without replacing "
            f"{', '.join(sorted(dangerous))}.",
        ) from error
    planned = reading.planned.stack_policy or (ALLOW_ALL if before else "")
    after = before if reverts_drift or not is_known(before) else planned
    return replace(
        change_set,
        verdicts=verdicts,
        relaxed=freed,
        policy_before=before,
        policy_during=during if freed else "",
        policy_after=after,
    )


def _values(reading: ChangeReading, difference: TemplateDifference) -> Iterator[ValueChange]:
    """Values before and after, from AWS where it gives them, else from the templates."""
    planned = {
        (logical_id, one.path.partition(".")[0])
        for logical_id, ours in difference.resources.items()
        for one in ours.changes
    }
    given = set[tuple[str, str]]()
    for change in reading.valued.changes if reading.valued is not None else ():
        for detail in change.details:
            path = path_of(detail)
            key = change.logical_id, path.partition(".")[0]
            is_unknown = detail.before is None and detail.after is None
            if is_unknown or (_shown(detail.after) == KNOWN_LATER and key in planned):
                continue
            if (change.logical_id, path) not in given:
                given.add((change.logical_id, path))
                yield ValueChange(
                    reading.planned.key, change.logical_id, path, _shown(detail.before), _shown(detail.after)
                )
    for logical_id, ours in difference.resources.items():
        shown = {path.partition(".")[0] for name, path in given if name == logical_id}
        for one in ours.changes:
            if one.path.partition(".")[0] not in shown:
                yield ValueChange(reading.planned.key, logical_id, one.path, one.before, one.after)


def path_of(detail: ChangeDetail) -> str:
    """Such as `Tags.0.Value` or `DeletionPolicy`, as the difference of the templates writes it."""
    return detail.path.removeprefix("/Properties").strip("/").replace("/", ".") or detail.name or detail.attribute


def _shown(value: str | None) -> str | None:
    """A text without the quotation marks of its JSON."""
    try:
        plain = json.loads(value) if value is not None else None
    except ValueError:
        return value
    return plain if isinstance(plain, str) else value


def _warnings(reading: ChangeReading) -> Iterator[ChangeFinding]:
    """What CloudFormation has found in the account, such as a quota that is too low."""
    for event in reading.warnings:
        subject = f"{event.logical_id}: " if event.logical_id else ""
        yield ChangeFinding(
            "update.validation",
            reading.planned.key,
            event.logical_id,
            f"CloudFormation warns about {subject}{event.reason}",
            "Correct this in the account before the change starts. CloudFormation plans the change nevertheless.",
            VALIDATION,
            is_blocking=False,
        )


def _answered_with_gaps(reading: ChangeReading) -> Iterator[ChangeFinding]:
    """AWS may leave out resources when it is asked for values."""
    if reading.described is None or reading.valued is None:
        return
    missing = {change.logical_id for change in reading.described.changes} - {
        change.logical_id for change in reading.valued.changes
    }
    if missing:
        yield ChangeFinding(
            "update.values-missing",
            reading.planned.key,
            "",
            f"AWS shows no values for {', '.join(sorted(missing))}. The list of changes is complete nevertheless.",
            "Read the difference of the templates for these resources.",
            "https://github.com/aws/aws-cdk-cli/issues/1780",
            is_blocking=False,
        )
