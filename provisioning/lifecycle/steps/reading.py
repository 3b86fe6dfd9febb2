"""Reads an existing stack completely, and changes nothing."""

from __future__ import annotations

from provisioning.aws import NotFound
from provisioning.lifecycle import fingerprint
from provisioning.lifecycle.adoption import is_held
from provisioning.lifecycle.decisions import Act, Button, Phase
from provisioning.lifecycle.plan_document import AdoptPlan
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome, stop

AGAIN = "Request the adoption again."


def read_stack(context: Context) -> Outcome:
    """Take the stack's resources into the ledger, if it is still as the approver saw it.

    Raises TypeError in an operation without a plan of an adoption.
    """
    plan = context.plan
    if not isinstance(plan, AdoptPlan):
        raise TypeError(f"Operation {context.operation.pk} reads a stack and has no plan of an adoption.")
    if is_held(plan.stack_id, beside=context.operation.environment):
        return stop(
            OperationState.REFUSED,
            "The stack belongs to another environment of the portal by now.",
            button=Button.ADOPT,
        )
    try:
        reading = fingerprint.read_stack(context.aws, plan.stack_id)
    except NotFound as error:
        return stop(OperationState.FAILED, "There is no such stack any more.", detail=str(error), button=Button.ADOPT)
    decision = context.kind.decide(Phase.WATCH, reading.state.status)
    if decision.act is Act.WAIT:
        return Outcome(wait=context.poll_seconds(), stack_state=reading.state)
    if decision.act is not Act.FINISH:
        return stop(OperationState.FAILED, decision.reason, hint=AGAIN, button=Button.ADOPT)
    if reading.fingerprint().digest != plan.fingerprint:
        return stop(
            OperationState.REFUSED,
            "The stack has changed since its adoption was requested.",
            hint=AGAIN,
            button=Button.ADOPT,
        )
    return Outcome(
        to=OperationState.SUCCEEDED,
        reason="The stack is watched from now on. Nothing in it was changed.",
        stack_state=reading.state,
        resources=reading.resources,
        environment=decision.environment,
    )
