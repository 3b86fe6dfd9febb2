"""What follows a step that did not come to its end: an error of AWS or of the portal, a refusal, a
delay, or a worker that crashed in it too often.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from provisioning.aws import AwsError, SlotReserved, Unreachable
from provisioning.lifecycle.decisions import Button
from provisioning.lifecycle.intentions import NotApproved, TooLate
from provisioning.lifecycle.retry_policy import BACK_OFF, WATCHING, Cause, Retry
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome, stop
from provisioning.lifecycle.steps.check_approval import refusal
from provisioning.models import Operation

PORTAL_ERRORS: Final = 5
MOST_DEATHS: Final = 5
QUARANTINE_AT: Final = 2
"""An operation that has cost so many workers runs in a process of its own. The first death may be
that of another operation, which ran in the same process.
"""
_LOG: Final = (
    "An administrator of the portal finds the cause in the worker's log. “Retry” continues from what exists in AWS."
)
_CONTINUES: Final = "CloudFormation continues on its own. “Retry” continues from what exists in AWS then."


def after_success(context: Context, outcome: Outcome) -> Outcome:
    """A step that came to its end clears the trouble of earlier ones."""
    outcome.seen_at = context.now
    data = outcome.step_data or context.step_data
    outcome.step_data = replace(data, misses=0, missing_since=None, errors=0, trouble="")
    return outcome


def after_aws_error(context: Context, error: AwsError, *, sent: bool) -> Outcome:
    """Repeat the step with growing pauses for as long as the cause may pass; then fail with it.

    `sent`: the step has recorded a call that changes something.
    """
    if isinstance(error, SlotReserved):
        return Outcome(wait=error.retry_after or 0.0)  # nothing went wrong: it waits in line
    state = OperationState(context.operation.state)
    data = context.step_data
    retry = Retry.by_cause(error, state, misses=data.misses, since=data.missing_since, now=context.now, sent=sent)
    if retry.wait is not None:
        since = data.missing_since or context.now
        data = replace(data, misses=data.misses + 1, missing_since=since, trouble=str(error))
        return Outcome(wait=retry.wait, step_data=data)
    sentence = _ENDED[retry.cause].format(step=state.label.lower())
    hint = f"{_HINTS.get(retry.cause, error.advice)} {_CONTINUES if state in WATCHING else ''}".rstrip()
    return stop(OperationState.FAILED, sentence, hint=hint, detail=str(error))


_ENDED: Final = {
    Cause.THROTTLED: "AWS limited the portal's calls for too long ({step}).",
    Cause.UNREACHABLE: "AWS could not be reached for too long ({step}).",
    Cause.UNCLEAR: "AWS's answers were lost for too long ({step}).",
    Cause.INTERNAL: "AWS reported internal errors for too long ({step}).",
    Cause.BUSY: "Another operation was in progress on the resource for too long ({step}).",
    Cause.CREDENTIALS: "The portal has no usable credentials for the account ({step}).",
    Cause.DENIED: "The portal's role may not do this in the account ({step}).",
    Cause.REJECTED: "AWS rejected a step ({step}).",
}
# The advice of these errors is that no action is needed, which is not so once the budget is used up.
_HINTS: Final = {
    Cause.THROTTLED: "Find out what else makes so many calls in this account, or have its rates raised. Then retry.",
    Cause.UNREACHABLE: "Check the network between the portal and AWS. Then retry.",
    Cause.UNCLEAR: "Check the network between the portal and AWS. Then retry.",
    Cause.INTERNAL: "Check AWS's health dashboard and what is between the portal and AWS. Then retry.",
    Cause.BUSY: "Wait until that operation has ended. Then retry.",
}


def after_delay(context: Context, error: TooLate) -> Outcome:
    """Nothing was sent, because the process was paused or the machine is overloaded."""
    late = Unreachable(f"The portal was too slow: {error}", operation="portal:Get")
    return after_aws_error(context, late, sent=False)


def after_portal_error(context: Context, error: Exception) -> Outcome:
    """Repeat the step with growing pauses; end the operation after `PORTAL_ERRORS` in a row."""
    data = context.step_data
    errors = data.errors + 1
    if errors >= PORTAL_ERRORS:
        sentence = "A portal error ended this step, each time it was repeated."
        return stop(OperationState.ERRORED, sentence, hint=_LOG, detail=f"{type(error).__name__}: {error}")
    trouble = "A portal error interrupted this step. It is being repeated."
    return Outcome(wait=BACK_OFF[errors], step_data=replace(data, errors=errors, trouble=trouble))


def after_refusal(context: Context, error: NotApproved) -> Outcome:
    """A call is no longer what was approved. Nothing more is sent; what was sent before remains."""
    operation = context.operation
    operation.request.refresh_from_db()
    operation.environment.refresh_from_db()
    # With the rows as they are now, which say what differs.
    outcome = refusal(replace(context)) or stop(
        OperationState.REFUSED,
        "The account, its role, the region or the size differ from those that were approved.",
        hint="Nothing was changed in AWS.",
        detail=str(error),
        button=Button.TEARDOWN,
    )
    if operation.call_no and outcome.explained is not None:
        hint = "Nothing more was sent to AWS. What was sent before remains; “Tear down” removes it."
        outcome.explained = replace(outcome.explained, hint=hint)
        outcome.environment = context.kind.failed
    return outcome


def has_lost_too_many_workers(operation: Operation) -> bool:
    """Whether its steps have cost `MOST_DEATHS` workers in a row, and it is one that acts.

    An operation that watches CloudFormation work has an end of its own, and no crash of the portal
    takes that away. It acts if its last call never had an answer.
    """
    if operation.deaths < MOST_DEATHS:
        return False
    is_open = operation.call_deadline is not None and operation.call_ended_at is None
    return is_open or OperationState(operation.state) not in WATCHING


def after_deaths() -> Outcome:
    return stop(OperationState.ABANDONED, f"The worker crashed {MOST_DEATHS} times during this step.", hint=_LOG)
