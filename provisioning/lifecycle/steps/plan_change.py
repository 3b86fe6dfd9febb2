"""Plans a change: creates one change set for each stack, waits for it, and freezes the plan.

Nothing is executed, so the environment runs as before.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from provisioning.aws.change_sets import ChangeSet
from provisioning.lifecycle.change_plan.freeze import ChangeReading, FrozenPlan, NotPlannableError, freeze
from provisioning.lifecycle.decisions import Button
from provisioning.lifecycle.decisions.change_sets import ChangeSetAct, ChangeSetPhase
from provisioning.lifecycle.fingerprint import IN_PROGRESS, read_stack, status_class
from provisioning.lifecycle.plan_document import PlannedStack
from provisioning.lifecycle.plan_queries import current_document
from provisioning.lifecycle.rules import approval_rule_for
from provisioning.lifecycle.states import OperationState, RequestState
from provisioning.lifecycle.steps import change_sets
from provisioning.lifecycle.steps.base import Context, Outcome, continue_with, stop
from provisioning.lifecycle.steps.stack_policy import restore_first

BUDGET: Final = timedelta(minutes=15)
"""AWS needs seconds to a few minutes. A change set that takes longer is created once again."""
POLL_SECONDS: Final = 3.0
_CLEAN_UP_AT_ONCE: Final = 5
_REMAKES: Final = 1


def plan_change(context: Context) -> Outcome:
    """Create, await or read the change set of the present stack. After the last stack, freeze."""
    if (restored := restore_first(context)) is not None:
        return restored
    try:
        return _plan_stack(context)
    except NotPlannableError as error:
        return _stop(error.sentence, hint=error.hint)


def _plan_stack(context: Context) -> Outcome:
    if context.operation.stack not in context.step_data.change_sets:
        return _create(context, remade=0)
    name = change_sets.name_in_use(context)
    described = change_sets.describe(context, name)
    decision = change_sets.decide(ChangeSetPhase.PLANNING, described)
    match decision.act:
        case ChangeSetAct.READ | ChangeSetAct.DONE:
            return _next(context)
        case ChangeSetAct.REPORT if described is not None:
            return _failed(context, described)
        case ChangeSetAct.CREATE_AGAIN:
            return _create_again(context, decision.reason)
        case ChangeSetAct.WAIT if described is not None:
            return _wait(context, described)
    return _stop(f"{decision.reason} It was executed outside the portal.")


def _create(context: Context, *, remade: int) -> Outcome:
    """Delete change sets that nobody needs, then create this plan's."""
    for change_set_id in change_sets.unneeded_change_sets(context)[:_CLEAN_UP_AT_ONCE]:
        change_sets.delete(context, change_set_id)
    name = change_sets.base_name(context) + (f"-{remade}" if remade else "")
    live = change_sets.describe_live(context)
    change_sets.create(context, change_sets.spec_of(context, context.planned, live, name))
    data = replace(
        context.step_data,
        change_sets={**context.step_data.change_sets, context.operation.stack: name},
        change_set_asked_at=context.now,
        change_sets_remade=remade,
    )
    return Outcome(wait=_pause(context), step_data=data, stack_state=live)


def _create_again(context: Context, sentence: str) -> Outcome:
    remade = context.step_data.change_sets_remade
    if remade >= _REMAKES:
        return _stop(sentence, hint="Plan the change again.")
    return _create(context, remade=remade + 1)


def _wait(context: Context, described: ChangeSet) -> Outcome:
    asked_at = context.step_data.change_set_asked_at or context.now
    if context.now - asked_at < BUDGET:
        return Outcome(wait=_pause(context))
    if context.step_data.change_sets_remade >= _REMAKES:
        return _stop(
            "CloudFormation did not plan the change within twice 15 minutes.",
            hint="Look at the AWS Health Dashboard, then plan the change again.",
            detail=described.status_reason,
        )
    change_sets.delete(context, described.change_set_id)
    return _create_again(context, "CloudFormation did not plan the change in time.")


def _failed(context: Context, described: ChangeSet) -> Outcome:
    """Say why CloudFormation cannot plan the change, and delete the change set."""
    events = context.aws.operation_events(change_set_id=described.change_set_id, failed_only=True)
    causes = [
        f"{event.logical_id or 'The template'}: {event.reason}{f' ({event.validation_path})' if event.validation_path else ''}"
        for event in events
        if event.reason
    ]
    change_sets.delete(context, described.change_set_id)
    return _stop(
        "CloudFormation cannot plan this change.",
        hint="Correct the inputs or choose another version, then request the change again.",
        detail="\n".join(dict.fromkeys(causes)) or described.status_reason,
    )


def _next(context: Context) -> Outcome:
    following = context.following
    if following is None:
        return _freeze(context)
    outcome = continue_with(context, following, "The change of the stack is planned.")
    outcome.step_data = replace(outcome.step_data or context.step_data, change_set_asked_at=None, change_sets_remade=0)
    return outcome


def _freeze(context: Context) -> Outcome:
    """Read all change sets again, now that they are complete, and store the plan."""
    draft = change_sets.change_of(context)
    readings = []
    for planned in draft.stacks:
        reading = _read(context, planned)
        if isinstance(reading, Outcome):
            return reading
        readings.append(reading)
    frozen = freeze(draft, current_document(context.operation.environment), readings, at=context.now)
    if blocking := [finding for finding in frozen.review.findings if finding.is_blocking]:
        return _stop(blocking[0].sentence, hint=blocking[0].remedy, detail="\n".join(f.sentence for f in blocking[1:]))
    state, reason = _decision_on(context, frozen)
    return Outcome(to=OperationState.SUCCEEDED, reason=reason, frozen=frozen, request=state)


def _read(context: Context, planned: PlannedStack) -> ChangeReading | Outcome:
    """Read one stack. An outcome ends the operation, because the plan would not be true, or waits."""
    row = context.newest(planned.key)
    name = context.step_data.change_sets.get(planned.key, "")
    aws = context.aws_in(planned.region)
    described = aws.describe_change_set(name, stack_id=row.stack_id) if row is not None and name else None
    if row is None or described is None:
        return _stop(f"The change set of the stack “{planned.key}” was deleted outside the portal.")
    before = read_stack(aws, row.stack_id)
    is_empty = change_sets.is_without_changes(described)
    if not is_empty and described.execution_status != "AVAILABLE":
        return _stop(
            f"The stack “{planned.key}” was changed outside the portal while the change was being planned.",
            hint="Plan the change again.",
            detail=f"Its change set is {described.execution_status.lower() or 'not available'}.",
        )
    if status_class(before.state.status) == IN_PROGRESS:
        # Read too early: a plan of it would be out of date as soon as the stack shows that it has settled.
        return Outcome(wait=_pause(context))
    if is_empty:
        return change_sets.read(context, planned, before, None, values=False)
    reading = change_sets.read(context, planned, before, described, values=True)
    reverts_drift = change_sets.change_of(context).reverts_drift
    if not reverts_drift and not change_sets.is_same_template(planned.body, reading.template):
        return _stop(f"CloudFormation has another template for the stack “{planned.key}” than the one that was sent.")
    return reading


def _decision_on(context: Context, frozen: FrozenPlan) -> tuple[RequestState, str]:
    document = frozen.document
    current = current_document(context.operation.environment)
    if not document.has_changes and document.size == current.size:
        return RequestState.DONE, "There is nothing to do: the change would not modify anything in AWS."
    if document.is_dangerous:
        return RequestState.WAITING, "The change may replace or delete data, so a second person has to approve it."
    if approval_rule_for(context.operation.request, document).requires_approval:
        return RequestState.WAITING, "The change is planned and is pending approval."
    return RequestState.APPROVED, f"The change is planned. Size {document.size} needs no approval."


def _pause(context: Context) -> float:
    return min(POLL_SECONDS, context.poll_seconds())


def _stop(sentence: str, *, hint: str = "", detail: str = "") -> Outcome:
    return stop(
        OperationState.FAILED,
        sentence,
        hint=hint or "Nothing was changed. Plan the change again.",
        detail=detail,
        button=Button.CHANGE,
    )
