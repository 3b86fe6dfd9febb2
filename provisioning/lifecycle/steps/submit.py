"""Handing a stack over to CloudFormation, with all that has to be there before: its packages, and values of earlier stacks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from provisioning.aws import AlreadyExists, interface
from provisioning.lifecycle.decisions import NO_STACK, Act, Button, Phase
from provisioning.lifecycle.plan_document import PlannedArtefact
from provisioning.lifecycle.planning import OPERATION_TAG
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome, stop
from provisioning.lifecycle.steps.inspect_stack import stack_name_taken
from provisioning.models import Artefact

HINT_HANDED: Final = "“Try again” begins with the stack that is missing."


def submit(context: Context) -> Outcome:
    """One thing at a time: a package, the values of earlier stacks, and at last CreateStack with the stored token."""
    if (artefact := _next_artefact(context)) is not None:
        return _ship(context, artefact)
    if context.planned.inputs and not context.the_stack.handed:
        return _receive(context)
    return _create(context)


def _next_artefact(context: Context) -> PlannedArtefact | None:
    shipped = context.step_data.shipped
    return next((made for made in context.planned.artefacts if _place(context, made) not in shipped), None)


def _place(context: Context, artefact: PlannedArtefact) -> str:
    return f"{context.planned.artefact_bucket}/{artefact.key}"


def _ship(context: Context, artefact: PlannedArtefact) -> Outcome:
    """Put a package where the stack will look for it: the bytes that were stored with the plan, whose digest was approved."""
    body = Artefact.objects.values_list("body", flat=True).get(pk=artefact.sha256)
    context.aws.put_artefact(context.planned.artefact_bucket, artefact.key, bytes(body), sha256=artefact.sha256)
    shipped = (*context.step_data.shipped, _place(context, artefact))
    return Outcome(step_data=replace(context.step_data, shipped=shipped))


def _receive(context: Context) -> Outcome:
    """Read what earlier stacks hand on, from AWS at this moment, and write it down before it is used.

    Every further try then says the same, whatever has become of those stacks since.
    """
    outputs: dict[str, Mapping[str, str]] = {}
    values: dict[str, str] = {}
    for needed in context.planned.inputs:
        key = needed.stack
        if key not in outputs:
            state = _look_at(context, key)
            if state is None:
                return stop(
                    OperationState.FAILED,
                    f"The stack “{key}”, whose values this one needs, is not complete any more.",
                    hint=HINT_HANDED,
                )
            outputs[key] = state.outputs
        if needed.output not in outputs[key]:
            return stop(
                OperationState.FAILED,
                f"The stack “{key}” gives no value {needed.output}, which this one needs.",
                hint="It was changed outside the portal. Tear the environment down and ask for it again.",
                button=Button.TEARDOWN,
            )
        values[needed.parameter] = outputs[key][needed.output]
    return Outcome(handed=values)


def _look_at(context: Context, key: str) -> interface.StackState | None:
    """An earlier stack of this environment, where it is complete."""
    row = context.newest(key)
    if row is None or not row.stack_id:
        return None
    state = context.aws_in(row.region).describe_stack(row.stack_id)
    status = state.status if state else NO_STACK
    return state if context.kind.decide(Phase.WATCH, status).act is Act.FINISH else None


def _create(context: Context) -> Outcome:
    plan = context.planned
    spec = interface.StackSpec(
        name=plan.name,
        body=plan.body,
        parameters={**plan.parameters, **context.the_stack.handed},
        tags={**plan.tags, OPERATION_TAG: context.operation.token},
        capabilities=plan.capabilities,
        termination_protection=plan.termination_protection,
        stack_policy=plan.stack_policy,
        express=plan.express,
    )
    try:
        stack_id = context.aws.create_stack(spec, token=context.token("create"))
    except AlreadyExists as error:
        return stack_name_taken(spec.name, detail=str(error))
    return Outcome(to=OperationState.BUILDING, stack_id=stack_id, wait=min(1.0, context.poll_seconds()))
