"""Executes an approved change set, after its code packages are in place."""

from __future__ import annotations

from provisioning.aws import AwsError, WrongStatus
from provisioning.lifecycle.change_plan.normalise import normal_changes
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps import change_sets
from provisioning.lifecycle.steps.base import Context, Outcome
from provisioning.lifecycle.steps.submit import upload_next_package


def execute(context: Context) -> Outcome:
    """Upload the next package, or execute. What AWS says about the change set decides, so a
    repetition changes nothing.
    """
    return upload_next_package(context) or _execute(context)


def _execute(context: Context) -> Outcome:
    approved = change_sets.change_of(context).change_set(context.operation.stack)
    live = change_sets.describe_live(context)
    described = change_sets.describe(context, change_sets.name_in_use(context))
    if change_sets.is_executed(context, live, described):
        return _watch()
    if described is None or described.execution_status != "AVAILABLE":
        return _not_executable(context, "The change set is no longer executable.")
    changes = normal_changes(
        described.changes, lambda nested: context.aws.describe_change_set(nested, stack_id=live.stack_id)
    )
    if changes != approved.changes:
        return _not_executable(context, "The change set is no longer the approved one.")
    context.allow("ExecuteChangeSet", target=described.change_set_id)
    try:
        context.aws.execute_change_set(described.change_set_id, stack_id=live.stack_id, token=context.token("execute"))
    except WrongStatus as error:
        # Another operation has begun on the stack, or AWS is still at work on the change set.
        return _not_executable(context, str(error))
    except AwsError as error:
        if error.retryable or not context.the_stack.policy_to_restore:
            raise
        return _not_executable(context, str(error))
    return _watch()


def _watch() -> Outcome:
    return Outcome(to=OperationState.UPDATING, reason="CloudFormation has begun to change the stack.", wait=1.0)


def _not_executable(context: Context, reason: str) -> Outcome:
    """Restore the policy first if it is relaxed; else compare again, which says what has changed."""
    to = OperationState.RESTORING if context.the_stack.policy_to_restore else OperationState.COMPARING
    return Outcome(to=to, reason=reason, wait=context.poll_seconds())
