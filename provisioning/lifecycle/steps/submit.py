"""Submits a stack to CloudFormation, after its code packages and its stack inputs.

Each call of the step does one thing, so that a crash repeats little.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import replace

from provisioning.aws import AlreadyExists, InternalFailure, TokenConflict, arguments, interface
from provisioning.cloudformation_limits import MAX_INLINE_BYTES
from provisioning.lifecycle.decisions import NO_STACK, Act, Button, Phase
from provisioning.lifecycle.poller.sights import WATCH_SECONDS
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome, stop
from provisioning.lifecycle.steps.inspect_stack import inspect_stack
from provisioning.models import Artefact


def submit(context: Context) -> Outcome:
    """Upload the next package, read the stack inputs, or call CreateStack with a stored token."""
    if (uploaded := upload_next_package(context)) is not None:
        return uploaded
    if context.planned.inputs and not context.the_stack.inputs:
        return _read_inputs(context)
    return _create(context)


def upload_next_package(context: Context) -> Outcome | None:
    """Store the next code package where the stack expects it; None if all are there."""
    planned, shipped = context.planned, context.step_data.shipped
    for artefact in planned.artefacts:
        location = f"{planned.artefact_bucket}/{artefact.key}"
        if location not in shipped:
            # The bytes that were stored with the plan: the approved digest covers their SHA-256.
            body = bytes(Artefact.objects.values_list("body", flat=True).get(pk=artefact.sha256))
            sent = arguments.put_object(planned.artefact_bucket, artefact.key, sha256=artefact.sha256)
            context.allow("PutObject", digest=arguments.digest_of("PutObject", sent))
            context.aws.put_artefact(planned.artefact_bucket, artefact.key, body, sha256=artefact.sha256)
            return Outcome(step_data=replace(context.step_data, shipped=(*shipped, location)))
    return None


def _read_inputs(context: Context) -> Outcome:
    """Read the outputs of earlier stacks from AWS, and store them before they are used.

    Every repetition then sends the same values, whatever has become of those stacks since.
    """
    outputs: dict[str, Mapping[str, str]] = {}
    values: dict[str, str] = {}
    for needed in context.planned.inputs:
        key = needed.stack
        if key not in outputs:
            row = context.newest(key)
            known = row is not None and row.stack_id
            state = context.aws_in(row.region).describe_stack(row.stack_id) if row is not None and known else None
            decision = context.kind.decide(Phase.WATCH, state.status if state else NO_STACK)
            if state is None or decision.act is not Act.FINISH:
                return stop(
                    OperationState.FAILED,
                    f"The stack “{key}”, whose outputs this stack needs, is no longer complete.",
                    hint="“Retry” starts with the stack that is missing.",
                )
            outputs[key] = state.outputs
        if needed.output not in outputs[key]:
            return stop(
                OperationState.FAILED,
                f"The stack “{key}” has no output {needed.output}, which this stack needs.",
                hint="It was changed outside the portal. Tear the environment down and request it again.",
                button=Button.TEARDOWN,
            )
        values[needed.parameter] = outputs[key][needed.output]
    return Outcome(stack_inputs=values)


def _create(context: Context) -> Outcome:
    planned = context.planned
    spec = interface.StackSpec(
        name=planned.name,
        body=planned.body,
        parameters={**planned.parameters, **context.the_stack.inputs},
        tags=planned.tags,
        capabilities=planned.capabilities,
        termination_protection=planned.termination_protection,
        stack_policy=planned.stack_policy,
        express=planned.express,
    )
    _allow(context, spec)
    try:
        stack_id = context.aws.create_stack(spec, token=context.token("create"))
    except AlreadyExists as error:
        return _take_over(context, error)
    except TokenConflict:
        # An earlier version has sent this token with other tags, and its answer was lost.
        state = context.aws.describe_stack(spec.name)
        if state is None or not context.is_ours(state):
            raise
        stack_id = state.stack_id
    return Outcome(to=OperationState.BUILDING, stack_id=stack_id, wait=WATCH_SECONDS)


def _take_over(context: Context, error: AlreadyExists) -> Outcome:
    """Continue with the stack that has the name already, if it is ours.

    DescribeStacks may be late: the step that chose to create the stack may not have seen that of an
    earlier attempt. What was decided then is decided again.
    """
    outcome = inspect_stack(context)
    if outcome.to is OperationState.SUBMITTING:
        raise InternalFailure(
            f"CloudFormation does not show the stack yet that has the name {context.planned.name}: {error.message}",
            operation=error.operation,
            code=error.code,
        ) from error
    return outcome


def _allow(context: Context, spec: interface.StackSpec) -> None:
    """Allow CreateStack with exactly these arguments, and the upload of a template that is too long
    for them.
    """
    role_arn = context.operation.environment.role_for_stacks
    sent = arguments.create_stack(spec, role_arn=role_arn)
    context.allow("CreateStack", digest=arguments.digest_of("CreateStack", sent))
    template = spec.body.encode()
    if len(template) > MAX_INLINE_BYTES:
        upload = arguments.put_object(
            context.aws.access.artefact_bucket,
            arguments.template_key(spec.body),
            sha256=hashlib.sha256(template).hexdigest(),
        )
        context.allow("PutObject", digest=arguments.digest_of("PutObject", upload))
