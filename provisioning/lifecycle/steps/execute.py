"""Executes the change set that was compared with the approved plan, after its code packages are in place."""

from __future__ import annotations

from provisioning.aws import AwsError, WrongStatus
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
    live = change_sets.describe_live(context)
    described = change_sets.describe(context, change_sets.name_in_use(context))
    if change_sets.is_executed(context, live, described):
        return _watch()
    if described is None or described.execution_status != "AVAILABLE":
        return _not_executable(context, "The change set is no longer executable.")
    # A change set never changes, but somebody may have created another one with the same name.
    if described.change_set_id != context.step_data.compared:
        return _not_executable(context, "The change set is another one than the one that was compared with the plan.")
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
