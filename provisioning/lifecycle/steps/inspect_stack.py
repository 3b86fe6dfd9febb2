"""The first step: prove the approval again, look at what AWS has under the stack's name, and go where the table says.

Each further stack of an environment begins here as well, without the proof: once begun, an approval is not asked for again.
"""

from __future__ import annotations

from dataclasses import replace

from provisioning.aws import interface
from provisioning.lifecycle.decisions import NO_STACK, Act, Button, Phase, decide
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome, go_on, stop
from provisioning.lifecycle.steps.check_approval import objection
from provisioning.models import RequestKind


def arrive(context: Context) -> Outcome:
    if (refusal := objection(context)) is not None:
        return refusal
    return look_at_next(context)


def look_at_next(context: Context) -> Outcome:
    if context.operation.kind == RequestKind.CREATE:
        return _arrive_to_create(context)
    return _arrive_to_tear_down(context)


def _arrive_to_create(context: Context) -> Outcome:  # noqa: PLR0911 - one answer for each act of the table
    name = context.plan["stack_name"]
    found = context.aws.describe_stack(name)
    if found is not None and not context.is_ours(found):
        return stop(
            OperationState.REFUSED,
            f"A stack called {name} is in the account already, and this environment has not made it.",
            hint="It is left alone. Tear this environment down and ask for one with another name.",
            detail=found.stack_id,
            button=Button.TEARDOWN,
        )
    status = found.status if found else NO_STACK
    decision = decide(RequestKind.CREATE, Phase.ARRIVE, status)
    match decision.act:
        case Act.SUBMIT:
            return Outcome(to=OperationState.SUBMITTING, reason=decision.reason, next_stack=True)
        case Act.CLEAR:
            return _adopt(context, found, Outcome(to=OperationState.CLEARING, reason=decision.reason))
        case Act.FINISH:
            return _adopt(context, found, Outcome(to=OperationState.BUILDING, reason=decision.reason))
        case Act.WAIT if status == "CREATE_IN_PROGRESS":
            reason = "An earlier attempt's stack is still being created."
            return _adopt(context, found, Outcome(to=OperationState.BUILDING, reason=reason))
        case Act.WAIT:
            return Outcome(wait=context.poll_seconds())
    return stop(
        OperationState.FAILED, decision.reason, detail=found.status_reason if found else "", button=decision.button
    )


def _arrive_to_tear_down(context: Context) -> Outcome:
    found = _find(context)
    status = found.status if found else NO_STACK
    decision = decide(RequestKind.TEARDOWN, Phase.ARRIVE, status)
    match decision.act:
        case Act.SWEEP:
            return _past(context, decision.reason)
        case Act.WAIT if status == "DELETE_IN_PROGRESS":
            data = replace(context.step_data, asked_in_round=0)
            return _adopt(context, found, Outcome(to=OperationState.DELETING, step_data=data))
        case Act.WAIT:
            return Outcome(wait=context.poll_seconds())
    return _adopt(context, found, Outcome(to=OperationState.PREPARING, reason=decision.reason))


def _past(context: Context, reason: str) -> Outcome:
    """There is nothing of this stack: on to the one before it, and after the last to the proof that nothing is left."""
    if (following := context.following) is None:
        return Outcome(to=OperationState.SWEEPING, reason=reason)
    outcome = go_on(context, following, reason)
    if context.operation.state == OperationState.CONTINUING:
        outcome.to = None
    return outcome


def _find(context: Context) -> interface.StackState | None:
    """By its id where that is known. By its name only where an attempt ended before it could write the id down."""
    if context.stack is not None and context.stack.stack_id:
        return context.aws.describe_stack(context.stack.stack_id)
    found = context.aws.describe_stack(context.plan["stack_name"])
    return found if found is not None and context.is_ours(found) else None


def _adopt(context: Context, found: interface.StackState | None, outcome: Outcome) -> Outcome:
    """Take a stack of ours over into the ledger when its id was never written down."""
    if found is None:
        raise LookupError("A decision about a stack was made where there is none.")
    known = context.stack is not None and context.stack.stack_id == found.stack_id
    unnamed = context.stack is not None and not context.stack.stack_id
    outcome.found_stack = not known and not unnamed
    outcome.stack_id = found.stack_id
    outcome.seen = found
    return outcome
