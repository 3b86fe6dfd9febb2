"""What the steps of planning, comparing and executing share: one stack's change set, its calls and
its reading.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from provisioning.aws import NotFound, interface
from provisioning.aws.arguments import create_change_set, digest_of, put_object, template_key
from provisioning.aws.change_sets import ChangeSet, ChangeSetSpec, OperationEvent
from provisioning.cloudformation_limits import MAX_INLINE_BYTES
from provisioning.lifecycle.change_plan.freeze import ChangeReading, NotPlannableError
from provisioning.lifecycle.change_plan.normalise import planned_change_set, spec_for
from provisioning.lifecycle.change_plan.unneeded import base_name_of, unneeded
from provisioning.lifecycle.decisions.change_sets import (
    GONE,
    ChangeSetAct,
    ChangeSetDecision,
    ChangeSetPhase,
    decide_on_change_set,
)
from provisioning.lifecycle.fingerprint import StackReading
from provisioning.lifecycle.plan_document import ChangePlan, PlannedStack, StackInput
from provisioning.lifecycle.plan_queries import current_document
from provisioning.lifecycle.steps.base import Context


def change_of(context: Context) -> ChangePlan:
    """The operation's own plan. Raise TypeError in other operations."""
    document = context.plan
    if not isinstance(document, ChangePlan):
        raise TypeError(f"Operation {context.operation.pk} is {context.operation.state} and changes nothing.")
    return document


def base_name(context: Context) -> str:
    return base_name_of(context.operation.request.plan_id)


def name_in_use(context: Context) -> str:
    """The name of the change set that this operation works with: another one after the first was
    created again.
    """
    return context.step_data.change_sets.get(context.operation.stack) or base_name(context)


def is_executed(context: Context, state: interface.StackState, described: ChangeSet | None) -> bool:
    """Whether the stack's newest change is this plan's, as the stack or the change set says."""
    if _is_ours(state.change_set_id, base_name(context)):
        return True
    if described is None and not state.change_set_id:  # the stack does not say which change set ran last
        described = context.aws.describe_change_set(name_in_use(context), stack_id=state.stack_id)
    return described is not None and described.execution_status in (
        "EXECUTE_IN_PROGRESS",
        "EXECUTE_COMPLETE",
        "EXECUTE_FAILED",
    )


def _is_ours(change_set_id: str, name: str) -> bool:
    """`change_set_id` is an ARN with the name as its last part but one."""
    parts = change_set_id.split("/")
    return len(parts) > 1 and (parts[-2] == name or parts[-2].startswith(f"{name}-"))


def is_without_changes(described: ChangeSet) -> bool:
    return decide(ChangeSetPhase.PLANNING, described).act is ChangeSetAct.DONE


def decide(phase: ChangeSetPhase, described: ChangeSet | None) -> ChangeSetDecision:
    """The decision on a change set; None is one that CloudFormation does not know."""
    if described is None:
        return decide_on_change_set(phase, GONE)
    return decide_on_change_set(phase, described.status, described.execution_status, reason=described.status_reason)


def describe_live(context: Context) -> interface.StackState:
    """The stack as AWS has it now. Raise NotFound if it is gone."""
    stack_id = context.the_stack.stack_id
    state = context.aws.describe_stack(stack_id)
    if state is None or state.status == "DELETE_COMPLETE":
        raise NotFound(f"Stack [{stack_id}] does not exist")
    return state


def describe(context: Context, name: str, *, values: bool = False) -> ChangeSet | None:
    return context.aws.describe_change_set(name, stack_id=context.the_stack.stack_id, values=values)


def spec_of(context: Context, planned: PlannedStack, live: interface.StackState, name: str) -> ChangeSetSpec:
    return spec_for(
        planned,
        name=name,
        live=live,
        stack_inputs=stack_inputs_of(context, planned),
        reverts_drift=change_of(context).reverts_drift,
    )


def stack_inputs_of(context: Context, planned: PlannedStack) -> Mapping[str, str]:
    """The outputs of other stacks that this one takes, as they are now."""
    values = {}
    for needed in planned.inputs:
        row = context.newest(needed.stack)
        state = context.aws_in(row.region).describe_stack(row.stack_id) if row is not None and row.stack_id else None
        if state is None or needed.output not in state.outputs:
            raise NotPlannableError(*_without_output(context, planned, needed))
        values[needed.parameter] = state.outputs[needed.output]
    return values


def _without_output(context: Context, planned: PlannedStack, needed: StackInput) -> tuple[str, str]:
    """Why a stack input has no value now, and what to do."""
    before = current_document(context.operation.environment).stack(planned.key)
    if needed not in before.inputs:
        sentence = (
            f"The stack “{planned.key}” takes {needed.parameter} from “{needed.stack}”, which has no output "
            f"{needed.output} before this change. CloudFormation cannot plan both in one change."
        )
        return (
            sentence,
            "Choose a version that only adds the output first. Otherwise request a new environment with this design.",
        )
    return (
        f"The stack “{needed.stack}” has no output {needed.output}, which the stack “{planned.key}” needs.",
        "It was changed outside the portal. Put it back as designed, then plan the change again.",
    )


def create(context: Context, spec: ChangeSetSpec) -> str:
    """Create the change set, and allow exactly this call. Return its id."""
    role_arn = context.aws.access.stack_role_arn
    context.allow("CreateChangeSet", digest=digest_of("CreateChangeSet", create_change_set(spec, role_arn=role_arn)))
    if spec.body is not None and len(spec.body.encode()) > MAX_INLINE_BYTES:
        allow_template(context, spec.body)
    return context.aws.create_change_set(spec, token=spec.name)


def allow_template(context: Context, body: str) -> None:
    """Allow the upload of a template that is too long for a request."""
    key = template_key(body)
    arguments = put_object(context.aws.access.artefact_bucket, key, sha256=key.split("/")[1].split(".")[0])
    context.allow("PutObject", digest=digest_of("PutObject", arguments))


def delete(context: Context, change_set_id: str) -> None:
    context.allow("DeleteChangeSet", target=change_set_id)
    context.aws.delete_change_set(change_set_id, stack_id=context.the_stack.stack_id)


def unneeded_change_sets(context: Context) -> list[str]:
    """The ids of the portal's change sets of the stack that no open request needs."""
    change_sets = context.aws.list_change_sets(context.the_stack.stack_id)
    return [one.change_set_id for one in unneeded(context.operation.environment_id, change_sets)]


def read(
    context: Context, planned: PlannedStack, before: StackReading, described: ChangeSet | None, *, values: bool
) -> ChangeReading:
    """Read everything about one stack that its plan binds to. `described` is None if there is nothing
    to do; `before` is the stack as it was just read. With `values`, what pages show is read as well.
    """
    aws, live = context.aws_in(planned.region), before.state
    stack_id = live.stack_id
    name = described.name if described is not None else base_name(context)
    template = (
        aws.stack_template(stack_id, change_set_id=described.change_set_id)
        if described is not None
        else before.template
    )
    change_set = planned_change_set(
        planned,
        spec_of(context, planned, live, name),
        described,
        role_arn=aws.access.stack_role_arn,
        fingerprint=before.fingerprint().digest,
        body=template,
        describe_nested=lambda nested: aws.describe_change_set(nested, stack_id=stack_id),
    )
    valued, warnings = None, list[OperationEvent]()
    if values and described is not None:
        valued = aws.describe_change_set(name, stack_id=stack_id, values=True)
        warnings = aws.operation_events(change_set_id=described.change_set_id, failed_only=True)
    return ChangeReading(
        planned=planned,
        change_set=change_set,
        described=described,
        valued=valued,
        template=template,
        before=before,
        warnings=tuple(event for event in warnings if event.validation_mode == "WARN" and event.reason),
    )


def is_same_template(sent: str, stored: str) -> bool:
    """Whether CloudFormation has stored the template that was sent, whatever its whitespace."""
    if sent == stored:
        return True
    try:
        return bool(json.loads(sent) == json.loads(stored))
    except ValueError:
        return False
