"""The first step: check the approval, inspect what exists in AWS, and go where the decision table
says.

Every further stack of an environment begins here as well, but without the check: an operation that
has begun may finish.
"""

from __future__ import annotations

from dataclasses import replace

from provisioning.aws import NotFound, interface
from provisioning.lifecycle.decisions import Act, Button, Phase
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome, continue_with, stop
from provisioning.lifecycle.steps.check_approval import refusal
from provisioning.lifecycle.steps.decide import decide_on_stack
from provisioning.lifecycle.team_resources import PLANNED_BEFORE_STACK_ROLES


def inspect_first_stack(context: Context) -> Outcome:
    """Refuse what differs from the approval. Then inspect the first stack.

    A former environment, from before teams had stack roles of their own, may finish what it has
    begun, but no stack of it is created.
    """
    if (refused := refusal(context)) is not None:
        return refused
    if OperationState.LISTING in context.kind.states:
        return Outcome(to=OperationState.LISTING, reason="The approval is valid.")
    outcome = inspect_stack(context)
    is_former = context.kind.creates_stacks and not context.operation.environment.generation
    if is_former and outcome.to in (OperationState.CLEARING, OperationState.SUBMITTING):
        return stop(
            OperationState.REFUSED,
            PLANNED_BEFORE_STACK_ROLES,
            hint="Nothing was changed in AWS. Tear this environment down and request it again.",
            button=Button.TEARDOWN,
        )
    return outcome


def inspect_stack(context: Context) -> Outcome:
    """Look up the stack in AWS and begin with it: submit it, adopt it, delete it, or go on to the
    next stack.
    """
    kind, row = context.kind, context.stack
    # A stack whose attempt ended before its id was stored is found by its name.
    known_by_id = row is not None and row.stack_id and not kind.creates_stacks
    name = row.stack_id if row is not None and known_by_id else context.planned.name
    state = context.aws.describe_stack(name)
    if state is not None and not known_by_id and not context.is_ours(state):
        if kind.creates_stacks:
            return stack_name_taken(name, detail=state.stack_id)
        state = None
    decision = decide_on_stack(context, Phase.ARRIVE, state)
    if decision.act is Act.WAIT:
        data = replace(context.step_data, waits_for=decision.reason)
        return Outcome(wait=context.poll_seconds(), step_data=data)
    if decision.act is Act.FAIL:
        detail = state.status_reason if state else ""
        outcome = stop(OperationState.FAILED, decision.reason, detail=detail, button=decision.button)
        outcome.environment = decision.environment
        return outcome
    if decision.act is Act.SWEEP and (following := context.following) is not None:
        outcome = continue_with(context, following, decision.reason)
        if context.operation.state == OperationState.CONTINUING:
            outcome.to = None  # the same state, at another stack
        return outcome
    outcome = Outcome(to=kind.arrivals[decision.act], reason=decision.reason)
    if state is None or decision.act in (Act.SUBMIT, Act.SWEEP):
        outcome.new_attempt = decision.act is Act.SUBMIT
        if outcome.new_attempt and row is not None and row.stack_id:
            outcome.resources = resources_of_deleted_stack(context, row.stack_id)
        return outcome
    # A stack of ours without a row, or with a row that has no id yet, is taken into the ledger.
    outcome.adopts_stack = row is None or row.stack_id not in ("", state.stack_id)
    outcome.stack_id, outcome.stack_state = state.stack_id, state
    if outcome.to == OperationState.DELETING:
        outcome.step_data = replace(context.step_data, asked_in_round=0)
    return outcome


def resources_of_deleted_stack(context: Context, stack_id: str) -> list[interface.StackResource]:
    """What an earlier attempt has created, before another stack takes its place in the ledger.

    CloudFormation lists the resources of a deleted stack by its id for ninety days. Somebody may
    have changed or deleted it outside the portal, while no operation looked at it.
    """
    try:
        return context.aws.stack_resources(stack_id)
    except NotFound:
        return []


def stack_name_taken(name: str, *, detail: str) -> Outcome:
    return stop(
        OperationState.REFUSED,
        f"The account already contains a stack named {name}, which does not belong to this environment.",
        hint="That stack is left as it is. Tear this environment down and request one with another name.",
        detail=detail,
        button=Button.TEARDOWN,
    )
