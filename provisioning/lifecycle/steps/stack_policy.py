"""Relaxes the stack policy for an approved replacement, and restores it.

The row of the stack remembers the policy to restore before it is relaxed. The next operation
on the stack restores it first, whatever became of the operation that relaxed it.
"""

from __future__ import annotations

from provisioning.aws import arguments, interface
from provisioning.lifecycle.change_plan.stack_policies import ALLOW_ALL
from provisioning.lifecycle.plan_document import ChangePlan
from provisioning.lifecycle.poller.sights import is_settled
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps import change_sets
from provisioning.lifecycle.steps.base import Context, Outcome


def relax(context: Context) -> Outcome:
    """Remember the policy first, then allow what was approved: once for each repetition of the step."""
    change_set = change_sets.change_of(context).change_set(context.operation.stack)
    to_restore = change_set.policy_before or ALLOW_ALL
    stack = context.the_stack
    if stack.policy_to_restore != to_restore:
        return Outcome(policy_to_restore=to_restore)
    _set_policy(context, stack.stack_id, change_set.policy_during)
    names = ", ".join(change_set.relaxed)
    return Outcome(
        to=OperationState.EXECUTING, reason=f"The stack policy allows {names} to be replaced during this change."
    )


def restore(context: Context) -> Outcome:
    """Set the policy that follows the change, or the one before if it did not succeed. Then continue
    with what the stack's status says.
    """
    from provisioning.lifecycle.steps.update import conclude  # noqa: PLC0415 - each of the two calls the other

    change_set = change_sets.change_of(context).change_set(context.operation.stack)
    stack = context.the_stack
    live = change_sets.describe_live(context)
    if not is_settled(live.status):
        return Outcome(wait=context.poll_seconds(), stack_state=live)
    succeeded = has_succeeded(context, live)
    policy = change_set.policy_after if succeeded else (stack.policy_to_restore or change_set.policy_before)
    if policy:
        _set_policy(context, stack.stack_id, policy)
    if succeeded and live.termination_protection != context.planned.termination_protection:
        context.allow("UpdateTerminationProtection", target=stack.stack_id)
        context.aws.set_termination_protection(stack.stack_id, enabled=context.planned.termination_protection)
    outcome = conclude(context, change_sets.describe_live(context))
    outcome.policy_to_restore = ""
    return outcome


def needs_restoring(context: Context, live: interface.StackState) -> bool:
    """Whether the stack's policy or its termination protection differs from what must follow."""
    change_set = change_sets.change_of(context).change_set(context.operation.stack)
    if context.the_stack.policy_to_restore:
        return True
    if not has_succeeded(context, live):
        return False
    protection_differs = live.termination_protection != context.planned.termination_protection
    return change_set.policy_after != change_set.policy_before or protection_differs


def has_succeeded(context: Context, live: interface.StackState) -> bool:
    """Whether the present stack is as this change wants it."""
    change_set = change_sets.change_of(context).change_set(context.operation.stack)
    if not change_set.has_changes:
        return True
    return live.status == "UPDATE_COMPLETE" and change_sets.is_executed(context, live, None)


def restore_first(context: Context) -> Outcome | None:
    """Restore the policy that an earlier operation has relaxed; None if none is relaxed. Every
    operation that works on a running stack begins with this.
    """
    stack = context.stack
    if stack is None or not stack.policy_to_restore or not stack.stack_id:
        return None
    live = context.aws.describe_stack(stack.stack_id)
    if live is None or live.status == "DELETE_COMPLETE":
        return Outcome(policy_to_restore="")
    if not is_settled(live.status):
        return Outcome(wait=context.poll_seconds(), stack_state=live)
    _set_policy(context, stack.stack_id, stack.policy_to_restore)
    return Outcome(policy_to_restore="")


def _set_policy(context: Context, stack_id: str, policy: str) -> None:
    request = arguments.set_stack_policy(stack_id, policy)
    context.allow("SetStackPolicy", digest=arguments.digest_of("SetStackPolicy", request))
    context.aws.set_stack_policy(stack_id, policy)


def policy_of(document: ChangePlan, stack: str) -> str:
    """The policy that a stack has after this change."""
    return document.change_set(stack).policy_after
