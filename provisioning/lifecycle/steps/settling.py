"""Waits until nothing late can come any more, and looks for stacks under the environment's names.

A call whose answer was lost may create a stack again after it was deleted, and services write logs a
little after they have ended. Only then is everything that may have come back checked once more.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Final

from provisioning.aws import aws_type
from provisioning.lifecycle.decisions import Button
from provisioning.lifecycle.late_calls import late_calls_until
from provisioning.lifecycle.plan_document import PlannedStack
from provisioning.lifecycle.sandbox_time import scaled
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome, stop
from provisioning.models import StackResource

LATE_LOGS: Final = timedelta(minutes=1)
_LONGEST_WAIT: Final = 60.0


def settle(context: Context) -> Outcome:
    """Wait, then check one stack name after the other, then begin the second sweep."""
    environment, data = context.operation.environment, context.step_data
    until = context.operation.state_changed_at + scaled(environment.account, LATE_LOGS)
    if (late := late_calls_until(environment)) is not None:
        until = max(until, late)
    if (seconds := (until - context.now).total_seconds()) > 0:
        return Outcome(wait=min(seconds, _LONGEST_WAIT))
    unchecked = [stack for stack in context.plan.stacks if stack.key not in (*data.settled, *data.given_up)]
    if unchecked:
        return _check_name(context, unchecked[0])
    return_again = _rows_that_may_return(context)
    answers = {key: answer for key, answer in data.answers.items() if key not in return_again}
    data = replace(data, second_sweep=True, answers=answers, scanned={}, settled_until=late)
    return Outcome(to=OperationState.SWEEPING, reason="Nothing late can arrive any more.", step_data=data)


def _check_name(context: Context, planned: PlannedStack) -> Outcome:
    """CloudFormation must know no stack of ours by this name. A stack of somebody else may have it."""
    data = replace(context.step_data, settled=(*context.step_data.settled, planned.key))
    state = context.aws_in(planned.region).describe_stack(planned.name)
    if state is None or state.status == "DELETE_COMPLETE":
        return Outcome(step_data=data)
    if context.operation.stack != planned.key:
        return Outcome(next_stack=planned)  # so that the stack is written to its own row
    if not context.is_ours(state):
        return Outcome(step_data=data)
    outcome = stop(
        OperationState.FAILED,
        f"The stack {planned.name} exists again: a call whose answer was lost has created it.",
        hint="Request the teardown again. Its preview shows what the stack contains.",
        detail=state.stack_id,
        button=Button.TEARDOWN,
    )
    row = context.stack
    outcome.adopts_stack = row is None or row.stack_id not in ("", state.stack_id)
    outcome.stack_id, outcome.stack_state = state.stack_id, state
    return outcome


def _rows_that_may_return(context: Context) -> set[str]:
    rows = StackResource.objects.filter(stack__in=context.stacks).values_list("pk", "type")
    return {str(pk) for pk, kind in rows if aws_type(kind).may_return}
