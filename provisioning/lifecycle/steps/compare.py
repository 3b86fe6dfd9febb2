"""Compares what is approved with what AWS would do now, right before it is executed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from provisioning.aws import NotFound
from provisioning.aws.change_sets import ChangeSet
from provisioning.aws.interface import StackState
from provisioning.lifecycle.change_plan.freeze import ChangeReading, NotPlannableError, judged
from provisioning.lifecycle.change_plan.normalise import as_read, differences
from provisioning.lifecycle.change_plan.review import ChangeReview
from provisioning.lifecycle.decisions import Button
from provisioning.lifecycle.decisions.change_sets import ChangeSetAct, ChangeSetPhase
from provisioning.lifecycle.fingerprint import StackReading, difference, read_stack
from provisioning.lifecycle.plan_document import PlannedChangeSet
from provisioning.lifecycle.states import EnvironmentState, OperationState
from provisioning.lifecycle.steps import change_sets
from provisioning.lifecycle.steps.base import Context, Outcome, stop
from provisioning.lifecycle.steps.stack_policy import needs_restoring, restore_first
from provisioning.lifecycle.steps.update import conclude
from provisioning.models import Request

OUT_OF_DATE: Final = "This plan is no longer current. Plan again."
_REMAKES: Final = 3


def compare(context: Context) -> Outcome:
    """Refuse whatever differs from the approved plan; else relax the stack policy, or execute."""
    approved = change_sets.change_of(context).change_set(context.operation.stack)
    live = change_sets.describe_live(context)
    name = change_sets.name_in_use(context)
    described = change_sets.describe(context, name) if approved.has_changes else None
    if approved.has_changes and change_sets.is_executed(context, live, described):
        return Outcome(to=OperationState.UPDATING, reason="The change set has already been executed.", stack_state=live)
    if (restored := restore_first(context)) is not None:
        return restored
    before = read_stack(context.aws, live.stack_id)
    if sentences := tuple(_fingerprint_differences(context, approved, before)):
        return _out_of_date(context, sentences, live)
    if not approved.has_changes:
        return _without_changes(context, live)
    try:
        return _compare_change_set(context, approved, before, described)
    except NotPlannableError as error:
        return _out_of_date(context, (error.sentence,), live)


def _compare_change_set(
    context: Context, approved: PlannedChangeSet, before: StackReading, described: ChangeSet | None
) -> Outcome:
    live = before.state
    decision = change_sets.decide(ChangeSetPhase.COMPARING, described)
    if decision.act is ChangeSetAct.WAIT:
        return Outcome(wait=context.poll_seconds())
    if decision.act in (ChangeSetAct.DONE, ChangeSetAct.REPORT):
        return _out_of_date(context, (decision.reason,), live)
    if decision.act is not ChangeSetAct.EXECUTE or described is None:
        # The stack is as it was when the plan was made, also if the change set is obsolete.
        return _create_again(context, live, described)
    reading = change_sets.read(context, context.planned, before, described, values=False)
    if sentences := _differences(context, approved, reading):
        return _out_of_date(context, sentences, live)
    if approved.is_dangerous and not _has_second_person(context.operation.request):
        return _out_of_date(context, ("The change may replace or delete data, and nobody else has approved it.",), live)
    to = OperationState.RELAXING if approved.policy_during else OperationState.EXECUTING
    added = {change.logical_id for change in approved.changes if change.action == "Add"}
    return Outcome(
        to=to,
        reason="The change set is the approved one.",
        stack_state=live,
        step_data=replace(context.step_data, compared=described.change_set_id),
        new_resources=[resource for resource in context.planned.resources if resource.logical_id in added],
    )


def _create_again(context: Context, live: StackState, described: ChangeSet | None) -> Outcome:
    """The change set was deleted or is obsolete, and the stack is unchanged: create the same again.
    It is executed only if it turns out to be exactly what was approved.
    """
    number = context.step_data.change_sets_remade + 1
    if number > _REMAKES:
        sentence = "The change set was deleted or made obsolete outside the portal several times."
        return _out_of_date(context, (sentence,), live)
    if described is not None and not described.status.startswith("DELETE_"):
        change_sets.delete(context, described.change_set_id)
    attempt = context.operation.pk.hex[:6]
    name = f"{change_sets.base_name(context)}-{attempt}-{number}"
    change_sets.create(context, change_sets.spec_of(context, context.planned, live, name))
    data = replace(
        context.step_data,
        change_sets={**context.step_data.change_sets, context.operation.stack: name},
        change_set_asked_at=context.now,
        change_sets_remade=number,
    )
    return Outcome(wait=context.poll_seconds(), step_data=data, stack_state=live)


def _differences(context: Context, approved: PlannedChangeSet, reading: ChangeReading) -> tuple[str, ...]:
    current = reading.change_set
    reverts_drift = change_sets.change_of(context).reverts_drift
    if not reverts_drift and not change_sets.is_same_template(context.planned.body, reading.template):
        return ("The change set's template is not the approved one.",)
    if as_read(approved) != current:
        return differences(approved, current)
    if judged(reading, reverts_drift=reverts_drift) != approved.verdicts:
        return ("The replacement firewall judges the change in another way than when it was planned.",)
    return ()


def _has_second_person(request: Request) -> bool:
    return request.decided_by_id not in (None, request.requested_by_id)


def _fingerprint_differences(context: Context, approved: PlannedChangeSet, before: StackReading) -> Iterator[str]:
    """What has changed in the stack since it was planned. Before the first stack is touched, the
    others are compared as well.
    """
    document = change_sets.change_of(context)
    review = ChangeReview.from_json(context.operation.request.plan.review)
    planned = review.fingerprints if review is not None else {}
    is_first = context.operation.stack == document.stacks[0].key
    for change_set in document.change_sets if is_first else (approved,):
        is_present = change_set.stack == approved.stack
        try:
            reading = before if is_present else read_stack(context.aws_in(change_set.region), change_set.stack_id)
        except NotFound:
            yield f"The stack “{change_set.stack}” no longer exists."
            continue
        now = reading.fingerprint()
        if now.digest != change_set.fingerprint:
            known = planned.get(change_set.stack)
            sentences = difference(known, now) if known is not None else ()
            yield from sentences or (f"The stack “{change_set.stack}” is no longer as it was when the plan was made.",)


def _without_changes(context: Context, live: StackState) -> Outcome:
    if needs_restoring(context, live):
        return Outcome(
            to=OperationState.RESTORING,
            reason="Only the protection of the stack changes.",
            stack_state=live,
        )
    return conclude(context, live)


def _out_of_date(context: Context, sentences: tuple[str, ...], live: StackState) -> Outcome:
    """Nothing of this stack was changed. If an earlier stack was, the environment is half changed."""
    document = change_sets.change_of(context)
    keys = [stack.key for stack in document.stacks]
    earlier = keys[: keys.index(context.operation.stack)]
    begun = any(document.change_set(key).has_changes for key in earlier)
    outcome = stop(
        OperationState.FAILED if begun else OperationState.REFUSED,
        OUT_OF_DATE,
        hint=(
            f"The stacks before “{context.operation.stack}” are changed, the rest is as before. Plan the change again."
            if begun
            else "Nothing was changed. Plan the change again, and have the new plan approved."
        ),
        detail="\n".join(sentences),
        button=Button.CHANGE,
    )
    outcome.stack_state = live
    outcome.environment = EnvironmentState.CHANGE_FAILED if begun else None
    return outcome
