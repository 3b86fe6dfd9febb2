"""Recovers a stack: continues a rollback that is stuck, or rolls back what failed half way.

Nothing is deleted. Only the resources that were approved are skipped, and only if the rollback is
stuck exactly as it was when the plan was shown.
"""

from __future__ import annotations

from dataclasses import replace

from provisioning.aws import NotFound, WrongStatus, interface
from provisioning.lifecycle.decisions import Act, Button, Decision, Phase
from provisioning.lifecycle.failure_explanations import ROLLING_BACK, FailedResource, explain
from provisioning.lifecycle.plan_document import RecoverPlan, StackToRecover, from_json
from provisioning.lifecycle.states import EnvironmentState, OperationState
from provisioning.lifecycle.steps.base import Context, Outcome, continue_with, stop
from provisioning.lifecycle.steps.decide import decide_on_stack, is_of_request, newest_token
from provisioning.lifecycle.steps.stack_policy import restore_first
from provisioning.lifecycle.steps.watch import SHOWS_WITHIN
from provisioning.lifecycle.stuck_resources import stuck_resources


def recover(context: Context) -> Outcome:
    """Call ContinueUpdateRollback or RollbackStack, if the stack is as it was when this was planned."""
    if (restored := restore_first(context)) is not None:
        return restored
    planned = _plan(context).stack(context.operation.stack)
    state = context.aws.describe_stack(planned.stack_id)
    decision = decide_on_stack(context, Phase.ARRIVE, state)
    if decision.act not in (Act.CONTINUE, Act.ROLL_BACK) or state is None:
        return Outcome(to=OperationState.ROLLING_BACK, reason=decision.reason, stack_state=state)
    if state.status == planned.status and _is_ours(context, state, planned):
        # An earlier call of this operation has taken effect, and the rollback is stuck again.
        return Outcome(to=OperationState.ROLLING_BACK, reason=decision.reason, stack_state=state)
    if (why_not := _difference(state, planned, decision)) != "":
        outcome = stop(OperationState.REFUSED, why_not, hint="Nothing was changed in AWS.", button=Button.RECOVER)
        outcome.stack_state = state
        return outcome
    try:
        _call(context, planned)
    except WrongStatus:
        return Outcome(wait=context.poll_seconds(), stack_state=state)  # it has gone on; look again
    return Outcome(to=OperationState.ROLLING_BACK, reason=decision.reason, stack_state=state)


def _call(context: Context, planned: StackToRecover) -> None:
    token = context.token("recover")
    if planned.mode == "rollback":
        context.allow("RollbackStack", target=planned.stack_id)
        context.aws.rollback_stack(planned.stack_id, token=token)
    else:
        context.allow("ContinueUpdateRollback", target=planned.stack_id)
        context.aws.continue_rollback(planned.stack_id, token=token, skip=planned.skip)


def _is_ours(context: Context, state: interface.StackState, planned: StackToRecover) -> bool:
    """Whether the newest operation on the stack is one that this request has started."""
    if planned.operation_id and state.last_operation[1] == planned.operation_id:
        return False
    return is_of_request(context.operation, newest_token(context, state))


def _difference(state: interface.StackState, planned: StackToRecover, decision: Decision) -> str:
    """How the stack differs from what was planned, as a sentence; empty if it does not."""
    expected = Act.ROLL_BACK if planned.mode == "rollback" else Act.CONTINUE
    if decision.act is not expected:
        return f"The stack is {state.status} now; the recovery was planned for {planned.status}. Plan it again."
    if planned.mode == "skip" and state.last_operation[1] != planned.operation_id:
        return (
            "The rollback was continued outside the portal since this was planned, so other resources may be stuck. "
            "Plan the recovery again."
        )
    return ""


def watch_recovery(context: Context) -> Outcome:
    """Watch the rollback to its end."""
    document = _plan(context)
    planned = document.stack(context.operation.stack)
    state = context.look(planned.stack_id)
    asked = context.now - context.operation.state_changed_at
    if state is not None and state.status == planned.status and asked < SHOWS_WITHIN:
        return Outcome(wait=context.poll_seconds())  # the call may not be shown yet
    decision = decide_on_stack(context, Phase.WATCH, state)
    if decision.act is Act.WAIT or state is None:
        failed = decision.act is Act.FAIL
        outcome = _failed(context, decision, None) if failed else Outcome(wait=context.poll_seconds())
    elif decision.act is Act.FINISH:
        outcome = _finished(context, document, decision)
    else:
        outcome = _failed(context, decision, state)
    if outcome.to is not None and state is not None:
        outcome.resources = _resources(context, state.stack_id)
    return outcome


def _finished(context: Context, document: RecoverPlan, decision: Decision) -> Outcome:
    if (following := context.following) is not None:
        return continue_with(context, following, decision.reason)
    outcome = Outcome(to=OperationState.SUCCEEDED, reason=decision.reason, environment=decision.environment)
    skipped = [name for stack in document.stacks for name in stack.skip]
    if skipped:
        outcome.environment = EnvironmentState.NEEDS_REPAIR
        outcome.needs_repair = (
            f"{_listed(skipped)} {'was' if len(skipped) == 1 else 'were'} skipped when the stack was rolled back, "
            "so CloudFormation no longer knows in which state they are. Put the environment back as designed, or plan "
            "a change that replaces or removes them."
        )
    elif decision.environment is EnvironmentState.NEEDS_REPAIR:
        outcome.needs_repair = decision.reason
    elif decision.environment is None and context.operation.environment.needs_repair:
        outcome.environment = EnvironmentState.NEEDS_REPAIR  # resources that were skipped earlier
    return outcome


def _failed(context: Context, decision: Decision, state: interface.StackState | None) -> Outcome:
    stuck = stuck_resources(context.aws, state) if state is not None else ()
    if stuck:
        first = stuck[0]
        explained = replace(
            explain(FailedResource(first.logical_id, first.type, first.reason), ROLLING_BACK),
            hint=decision.reason,
            button=decision.button,
        )
        outcome = Outcome(to=OperationState.FAILED, reason=explained.sentence, explained=explained)
    else:
        detail = state.status_reason if state is not None else ""
        outcome = stop(OperationState.FAILED, decision.reason, detail=detail, button=decision.button)
    outcome.environment = decision.environment
    return outcome


def _plan(context: Context) -> RecoverPlan:
    document = from_json(context.operation.request.plan.content)
    if not isinstance(document, RecoverPlan):
        raise TypeError(f"Operation {context.operation.pk} is {context.operation.state} and has no recovery plan.")
    return document


def _resources(context: Context, stack_id: str) -> list[interface.StackResource]:
    try:
        return context.aws.stack_resources(stack_id)
    except NotFound:
        return []


def _listed(names: list[str]) -> str:
    return ", ".join(names) if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
