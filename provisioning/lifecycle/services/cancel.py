"""Cancel an operation, or stop watching an account that cannot be reached."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from provisioning.errors import WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.access import check_may, check_may_operate
from provisioning.lifecycle.apply import write
from provisioning.lifecycle.audit import AuditAction, audit
from provisioning.lifecycle.decisions import Button
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.nudge import nudge
from provisioning.lifecycle.read.cancellation import cancellation, why_not_stop_watching
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.step_data import StepData
from provisioning.lifecycle.steps.base import Outcome, stop
from provisioning.lifecycle.steps.cancel import environment_after_cancellation
from provisioning.lifecycle.transitions import bump
from provisioning.models import Environment, Operation, User


def cancel_operation(*, actor: User, environment: Environment) -> Operation:
    """Ask to cancel the environment's open operation. Before its first call it ends at once, without
    AWS; later, its next step asks AWS how far it is.

    A repetition changes nothing. Raises NotAllowed, and WrongState with the reason if it cannot be
    cancelled any more.
    """
    at = clock.now()
    with transaction.atomic():
        operation = _locked(actor, environment)
        if operation.cancel_requested_at is not None:
            return operation
        possible = cancellation(operation)
        if possible.why_not:
            raise WrongState(possible.why_not)
        Operation.objects.filter(pk=operation.pk).update(cancel_requested_at=at, cancel_requested_by=actor, due_at=at)
        operation.refresh_from_db()
        audit(
            AuditAction.OPERATION_CANCEL_REQUEST,
            actor=actor,
            environment=environment,
            at=at,
            operation=str(operation.pk),
            state=operation.state,
        )
        if operation.state == OperationState.QUEUED and not operation.call_no:
            outcome = stop(
                OperationState.CANCELLED,
                f"Cancelled by {actor.username} before anything was sent to AWS.",
                hint=possible.remains,
                button=Button.NONE,
            )
            outcome.environment = environment_after_cancellation(operation)
            _end(operation, outcome, at=at)
        else:
            bump(environment.pk)
            nudge(operation.pk)
    environment.refresh_from_db()
    return operation


def stop_watching(*, actor: User, environment: Environment) -> Operation:
    """End an operation that only watches, while its account cannot be reached. CloudFormation goes
    on with what it has begun; a retry continues from what exists then.

    Raises NotAllowed and WrongState.
    """
    at = clock.now()
    with transaction.atomic():
        operation = _locked(actor, environment)
        if why_not := why_not_stop_watching(operation, now=at):
            raise WrongState(why_not)
        audit(
            AuditAction.OPERATION_STOP_WATCHING,
            actor=actor,
            environment=environment,
            at=at,
            operation=str(operation.pk),
            state=operation.state,
        )
        outcome = stop(
            OperationState.FAILED,
            f"{actor.username} stopped watching, because the account could not be reached.",
            hint="CloudFormation goes on with what it has begun. “Retry” continues from what exists in AWS then.",
            detail=StepData.from_json(operation.step_data).trouble,
        )
        _end(operation, outcome, at=at)
    environment.refresh_from_db()
    return operation


def _locked(actor: User, environment: Environment) -> Operation:
    """The open operation, whose row nobody else changes until the transaction ends.

    Raises WrongState if there is none.
    """
    check_may_operate(actor, environment.team)
    operation = (
        Operation.objects.select_for_update(of=("self",))
        .select_related("environment", "request")
        .filter(environment=environment, ended_at=None)
        .first()
    )
    if operation is None:
        raise WrongState("Nothing is in progress, so there is nothing to cancel.")
    check_may(actor, environment.team, kind_of(operation.kind).permission)
    return operation


def _end(operation: Operation, outcome: Outcome, *, at: datetime) -> None:
    """Write the end. A worker that is in a step right now is too late with its own outcome."""
    write(operation, outcome, at=at, probe=lambda _point: None)
