"""What to do about a stack that CloudFormation could not delete.

Each round removes what is in the way and deletes again, with growing pauses: managed services take
minutes to release network interfaces, Lambda up to 40 minutes
(https://repost.aws/knowledge-center/lambda-eni-find-delete). Then the resources are named, and the
teardown goes on with everything else. It leaves resources in the account only if the approved plan
names them, or if it is a forced removal.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Final

from provisioning.aws import aws_type, interface
from provisioning.lifecycle.ledger import existing_resources
from provisioning.lifecycle.sandbox_time import scaled_seconds
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.steps.base import Context, Outcome, continue_with
from provisioning.lifecycle.steps.prepare import holds_on
from provisioning.models import StackResource

# Seconds before each repetition. The long one takes 50 minutes in all, not counting the deletions.
SHORT_ROUNDS: Final = (2.0, 15.0, 60.0, 180.0)
LONG_ROUNDS: Final = (*SHORT_ROUNDS, 300.0, 600.0, 600.0, 600.0, 600.0)
FORCED_ROUNDS: Final = (2.0,)
# Reasons that pass by themselves: a backup, a modification, a network interface that is still attached.
_NOT_NOW: Final = re.compile(
    r"Invalid\w*State|not in (an? |the )?available state|currently|dependent object|DependencyViolation|in use",
    re.IGNORECASE,
)
_NAMED: Final = 5


def unblock(context: Context, resources: Sequence[interface.StackResource]) -> Outcome:
    """Remove what is in the way and delete again; after the last round, leave what is named, force
    the removal, or give the stack up.
    """
    blocked = blocked_rows(context, resources)
    is_forced = context.teardown.is_forced  # CloudFormation chooses then what it leaves
    agreed = set() if is_forced else {(line.stack, line.logical_id) for line in context.teardown.to_leave}
    leave = tuple(row.logical_id for row in blocked if (context.operation.stack, row.logical_id) in agreed)
    number = context.step_data.delete_round
    again = replace(
        context.step_data, delete_round=number + 1, emptied=(), idle_rounds=0, prepared=(), requests=0, retaining=leave
    )
    if leave and len(leave) == len(blocked) and leave != context.step_data.retaining:
        # CloudFormation forgets the reason when it leaves them; the receipt names it.
        again = replace(again, problems={**again.problems, **{str(row.pk): row.reason for row in blocked}})
        return Outcome(reason=f"{_names(blocked)} could not be deleted and is left, as agreed.", step_data=again)
    rounds = _rounds(context, blocked)
    if number >= len(rounds):
        if is_forced and not context.step_data.forcing:
            forced = replace(again, forcing=True)
            return Outcome(reason=f"{_names(blocked)} could not be deleted. The removal is forced.", step_data=forced)
        return give_up_stack(context, _reason(blocked), blocked)
    _release_network_interfaces(context, blocked)
    to, action = None, ""
    if any(holds_on(row) for row in blocked):
        to, action = OperationState.PREPARING, "stopping and unprotecting again"
    elif any(aws_type(row.type).emptying for row in blocked):
        to, action = OperationState.EMPTYING, "emptying again"
    reason = f"{_names(blocked)} prevented the deletion; {action}." if action else ""
    wait = scaled_seconds(context.operation.environment.account, rounds[number])
    again = replace(again, wait_until=context.now + timedelta(seconds=wait))
    return Outcome(to=to, reason=reason, wait=0.0 if to else wait, step_data=again)


def blocked_rows(context: Context, resources: Sequence[interface.StackResource]) -> list[StackResource]:
    """The ledger's rows of the resources that CloudFormation could not delete, with its reasons."""
    rows = {(row.logical_id, row.physical_id): row for row in existing_resources([context.the_stack.pk])}
    blocked = []
    for resource in resources:
        row = rows.get((resource.logical_id, resource.physical_id))
        if resource.status == "DELETE_FAILED" and row is not None:
            row.status, row.reason = resource.status, resource.reason
            blocked.append(row)
    return blocked


def _rounds(context: Context, blocked: Sequence[StackResource]) -> Sequence[float]:
    """Network interfaces and busy resources get time; what nothing helps against does not."""
    if context.teardown.is_forced:
        return FORCED_ROUNDS
    slow = any(aws_type(row.type).network_interface_filter or _NOT_NOW.search(row.reason) for row in blocked)
    return LONG_ROUNDS if slow else SHORT_ROUNDS


def _release_network_interfaces(context: Context, blocked: Sequence[StackResource]) -> None:
    used_by: dict[str, list[str]] = defaultdict(list)
    for row in blocked:
        if (name := aws_type(row.type).network_interface_filter) and row.physical_id:
            used_by[name].append(row.physical_id)
    if used_by:
        context.allow("DeleteNetworkInterface")
        context.aws.release_network_interfaces(used_by)


def give_up_stack(context: Context, reason: str, blocked: Sequence[StackResource] = ()) -> Outcome:
    """Leave the stack, note why, and go on with the next one, or with the check of everything else."""
    data = context.step_data
    problems = {str(row.pk): row.reason or reason for row in blocked if str(row.pk) not in data.problems}
    data = replace(
        data,
        given_up={**data.given_up, context.operation.stack: reason},
        problems={**data.problems, **problems},
    )
    following = context.following
    if following is not None:
        outcome = continue_with(context, following, f"{context.planned.name} could not be deleted.")
        outcome.step_data = replace(outcome.step_data or data, given_up=data.given_up, problems=data.problems)
        return outcome
    return Outcome(to=OperationState.SWEEPING, reason="Everything else is checked.", step_data=data)


def _reason(blocked: Sequence[StackResource]) -> str:
    if not blocked:
        return "CloudFormation could not delete the stack and does not report why."
    first = blocked[0]
    return f"{first.logical_id}: {first.reason}"


def _names(rows: Sequence[StackResource]) -> str:
    return ", ".join(row.logical_id for row in rows[:_NAMED]) or "A resource"
