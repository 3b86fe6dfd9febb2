"""Lists the stacks of an environment into the ledger before its teardown decides anything, and
compares what exists with what was approved.

A creation that ended without a word may have left stacks whose resources the portal has never seen.
A stack whose id was never stored is found by its name, if it is ours. What is retained comes from
the templates in AWS. If there is more than the approver saw, or if something else is retained, the
teardown is refused, and its next preview shows the difference.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final
from uuid import UUID

from provisioning.aws import STACK_STATUSES, aws_type, interface
from provisioning.aws.arns import account_of
from provisioning.lifecycle.decisions import Button
from provisioning.lifecycle.deletion_policies import deletion_policies, may_be_emptied
from provisioning.lifecycle.ledger import existing_resources
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome, new_events, stop
from provisioning.lifecycle.steps.inspect_stack import inspect_stack
from provisioning.lifecycle.teardown_lines import TeardownLines, difference, teardown_lines
from provisioning.models import StackEvent, StackResource

_GONE: Final = "DELETE_COMPLETE"
# Statuses that only a resource has that this stack has created.
_CREATED: Final = frozenset(
    {
        "CREATE_COMPLETE",
        "UPDATE_COMPLETE",
        "UPDATE_FAILED",
        "UPDATE_IN_PROGRESS",
        "UPDATE_ROLLBACK_COMPLETE",
        "UPDATE_ROLLBACK_FAILED",
        "UPDATE_ROLLBACK_IN_PROGRESS",
    }
)


def list_stacks(context: Context) -> Outcome:
    """List one stack; after the last one, compare and begin with the first."""
    account, plan_account = context.operation.environment.account, context.teardown_account_id
    if account.account_id != plan_account:
        return _refuse(
            f"The account {account.name} is now a different AWS account.",
            detail=f"The plan is for {plan_account}; the account is now {account.account_id}.",
        )
    stacks = context.kind.in_order(context.plan.stacks)
    if context.operation.stack not in context.step_data.listed:
        return _list_stack(context)
    unlisted = [stack for stack in stacks if stack.key not in context.step_data.listed]
    if unlisted or context.operation.stack != stacks[0].key:
        return Outcome(next_stack=(unlisted or stacks)[0])
    return _compare(context)


def _list_stack(context: Context) -> Outcome:
    """Read the stack, its resources and its template, and write them to its row."""
    data, row = context.step_data, context.stack
    listed = replace(data, listed=(*data.listed, context.operation.stack))
    state = _state_of_stack(context)
    if state is None:
        return Outcome(step_data=listed)
    if account_of(state.stack_id) != context.teardown_account_id:
        return _refuse(f"The stack {state.name} is in another AWS account.", detail=state.stack_id)
    outcome = Outcome(stack_state=state, stack_id=state.stack_id)
    # A stack of ours without a row, or with a row that has another id, is taken into the ledger.
    outcome.adopts_stack = row is None or row.stack_id not in ("", state.stack_id)
    status = STACK_STATUSES.get(state.status)
    if status is None or (status.in_progress and state.status != "DELETE_IN_PROGRESS"):
        outcome.wait = context.poll_seconds()  # the list is complete only when nothing is in progress
        return outcome
    outcome.resources = context.aws.stack_resources(state.stack_id)
    outcome.policies = deletion_policies(
        context.aws.stack_template(state.stack_id), [resource.logical_id for resource in outcome.resources]
    )
    if row is not None and not outcome.adopts_stack and _history_is_needed(outcome, row.pk):
        outcome.events = new_events(context, row)
    if state.termination_protection:
        listed = replace(listed, protected=(*listed.protected, context.operation.stack))
    outcome.step_data = listed
    return outcome


def _state_of_stack(context: Context) -> interface.StackState | None:
    """The stack by its id; else one of ours by its name, as after an answer that was lost."""
    row = context.stack
    state = context.aws.describe_stack(row.stack_id) if row is not None and row.stack_id else None
    if state is not None and state.status != _GONE:
        return state
    by_name = context.aws.describe_stack(context.planned.name)
    if by_name is not None and by_name.status != _GONE and context.is_ours(by_name):
        return by_name
    return state


def _history_is_needed(outcome: Outcome, stack_pk: UUID) -> bool:
    """Whether only the events say if the stack has created something that is to be emptied."""
    unclear = [
        resource.physical_id
        for resource in outcome.resources
        if aws_type(resource.type).emptying
        and resource.status not in _CREATED
        and may_be_emptied((outcome.policies or {}).get(resource.logical_id))
    ]
    created = StackEvent.objects.filter(stack=stack_pk, physical_id__in=unclear, status="CREATE_COMPLETE")
    return created.values("physical_id").distinct().count() < len(unclear)


def _compare(context: Context) -> Outcome:
    """Refuse if the approver saw something else; then inspect the first stack."""
    plan, current = context.teardown, teardown_lines(context.stacks, context.plan)
    for line in current.all:
        if (account_id := account_of(line.physical_id)) not in ("", "aws", context.teardown_account_id):
            return _refuse(f"{line.title} is in another AWS account, {account_id}.", detail=line.physical_id)
    approved = TeardownLines((*plan.to_delete, *plan.to_leave), plan.to_retain)
    leaves = approved.to_delete if plan.is_forced else plan.to_leave
    if differences := difference(approved, current, agreed=leaves):
        return _refuse(
            "The environment contains resources that its teardown plan does not show, or retains others. "
            "Request the teardown again: its new preview shows them.",
            detail="\n".join(differences),
        )
    outcome = inspect_stack(context)
    rows = existing_resources(stack.pk for stack in context.stacks)
    created = tuple(row.pk for row in rows if aws_type(row.type).emptying and row.status in _CREATED)
    outcome.step_data = replace(outcome.step_data or context.step_data, created=created)
    return outcome


def was_created(context: Context, row: StackResource) -> bool:
    """Whether CloudFormation has reported that this stack created the resource.

    Nothing else is emptied.
    """
    if row.pk in context.step_data.created:
        return True
    created = StackEvent.objects.filter(stack=row.stack_id, physical_id=row.physical_id, status="CREATE_COMPLETE")
    return created.exists()


def _refuse(sentence: str, *, detail: str = "") -> Outcome:
    hint = "Nothing was changed in AWS."
    return stop(OperationState.REFUSED, sentence, hint=hint, detail=detail, button=Button.TEARDOWN)
