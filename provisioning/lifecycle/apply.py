"""Writes the outcome of a step: the operation, its stack, the ledger, and at its end the
environment and the request.

All of it is one transaction. It is refused if another worker has claimed the operation or changed
its state.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from django.db import connection, transaction
from django.db.models import QuerySet

from provisioning.errors import WrongState
from provisioning.lifecycle.audit import OPERATION_ENDS, AuditAction, audit
from provisioning.lifecycle.change_plan.completion import complete_plan, note_new_design
from provisioning.lifecycle.drift.after_change import outdate_drift
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.ledger import open_ledger, open_lines, write_events, write_resources
from provisioning.lifecycle.plan_document import ChangePlan, from_json
from provisioning.lifecycle.plan_queries import plan_in_effect
from provisioning.lifecycle.poller.events import write_once
from provisioning.lifecycle.poller.record import HAS_SEEN_THE_END, hand_over, seen_since
from provisioning.lifecycle.poller.sights import record_description
from provisioning.lifecycle.states import (
    ENVIRONMENT_GRAPH,
    OPERATION_GRAPH,
    OperationState,
    RequestState,
)
from provisioning.lifecycle.step_data import FailedAt, StepData
from provisioning.lifecycle.steps.base import Outcome
from provisioning.lifecycle.transitions import atomic_with, bump, change_state
from provisioning.models import Environment, Operation, Receipt, Request, ResourceEnd, Stack, StackResource


def write(
    operation: Operation,
    outcome: Outcome,
    *,
    at: datetime,
    probe: Callable[[str], None],
    call_answered: bool = False,
) -> None:
    """Write an outcome. `call_answered`: the last call that changes something is one of this step,
    and has an answer.

    Raises WrongState, and writes nothing, if another worker has claimed the operation.
    """
    if replace(outcome, wait=0.0, step_data=None, seen_at=None) == Outcome():
        _write_pause(operation, outcome, at=at, probe=probe, call_answered=call_answered)
        return
    key = operation.stack  # of the stack that the step was about, even if the operation moves to another one now
    with atomic_with(operation):
        changed = _write_operation(operation, outcome, at=at, call_answered=call_answered)
        changed |= _write_stack(operation, key, outcome, at=at)
        if outcome.to in OPERATION_ENDS:
            _end(operation, outcome, OPERATION_ENDS[outcome.to], at=at)
        hand_over(operation, moved=outcome.to is not None, seen_at=outcome.seen_at or at, at=at)
        if changed and outcome.to is None:  # a change of state has done so
            bump(operation.environment_id)
        probe("writing")


_PAUSE: Final = f"""
UPDATE provisioning_operation AS o
SET attempts = 0, deaths = 0, step_began_at = NULL, lease_until = NULL, memory = %(step_data)s::jsonb,
    call_ended_at = CASE WHEN %(answered)s THEN %(at)s ELSE o.call_ended_at END,
    due_at = CASE WHEN {HAS_SEEN_THE_END} THEN %(at)s ELSE %(due_at)s END
WHERE o.id = %(id)s AND o.fence = %(fence)s AND o.state = %(state)s AND o.call_no = %(call_no)s
"""  # noqa: S608 - of constants only


def _write_pause(
    operation: Operation, outcome: Outcome, *, at: datetime, probe: Callable[[str], None], call_answered: bool
) -> None:
    """Write that the step runs again later: most steps find CloudFormation still at work. This is
    one statement, unless something has changed that pages show.
    """
    before = StepData.from_json(operation.step_data)
    after = outcome.step_data or before
    parameters: dict[str, Any] = {
        **seen_since(outcome.seen_at or at),
        "id": operation.pk,
        "fence": operation.fence,
        "state": operation.state,
        "call_no": operation.call_no,
        "step_data": json.dumps(after.as_json(operation.step_data)),
        "answered": call_answered,
        "at": at,
        "due_at": at + timedelta(seconds=outcome.wait),
    }
    probe("writing")
    visible = _shown(after) != _shown(before)
    with transaction.atomic() if visible else nullcontext(), connection.cursor() as cursor:
        cursor.execute(_PAUSE, parameters)
        if not cursor.rowcount:
            raise WrongState("Another worker has taken over this operation.")
        if visible:
            bump(operation.environment_id)


def _write_operation(operation: Operation, outcome: Outcome, *, at: datetime, call_answered: bool) -> bool:
    before = StepData.from_json(operation.step_data)
    after = outcome.step_data or before
    ended = outcome.to is not None and outcome.to in OPERATION_GRAPH.ends
    fields: dict[str, Any] = {
        "attempts": 0,  # read by processes of earlier versions
        "deaths": 0,
        "step_began_at": None,
        "lease_until": None,
        "due_at": None if ended else at + timedelta(seconds=outcome.wait),
        "ended_at": at if ended else None,
    }
    if call_answered:
        fields["call_ended_at"] = at
    if (next_stack := outcome.next_stack) is not None:
        fields |= {"stack": next_stack.key, "region": next_stack.region}
    if ended:
        after = replace(after, ended_in=operation.state)
    if (explained := outcome.explained) is not None:
        fields |= {"cause": explained.sentence, "cause_detail": explained.detail, "next_action": str(explained.button)}
        after = replace(after, failed_at=FailedAt(explained.logical_id, explained.type, explained.hint))
    fields["step_data"] = after.as_json(operation.step_data)
    visible = next_stack is not None or _shown(after) != _shown(before)
    if outcome.to is not None:
        change_state(
            operation,
            outcome.to,
            at=at,
            reason=outcome.reason,
            fence=operation.fence,
            call_no=operation.call_no,
            **fields,
        )
        return True
    unchanged = Operation.objects.filter(
        pk=operation.pk, fence=operation.fence, state=operation.state, call_no=operation.call_no
    )
    if not unchanged.update(**fields):
        raise WrongState("Another worker has taken over this operation.")
    return visible


def _shown(data: StepData) -> tuple[object, ...]:
    """The parts of step data that pages show.

    A change in them is a new version of the environment's page.
    """
    return (
        data.trouble,
        data.waits_for,
        data.cancel_refused,
        data.tasks_done,
        data.task,
        data.emptied,
        data.delete_round,
    )


def _write_stack(operation: Operation, key: str, outcome: Outcome, *, at: datetime) -> bool:
    rows = Stack.objects.filter(environment=operation.environment_id, role=key)
    stack = rows.order_by("created_at", "id").last()
    changed = False
    if outcome.stack_id and stack is not None and not stack.stack_id:
        stack = _row_of_earlier_attempt(rows, stack, outcome.stack_id) or stack
    if outcome.adopts_stack and (stack is None or stack.stack_id):
        stack = _open_stack(operation, key, at=at)
    if stack is not None:
        changed = _write_stack_state(stack, outcome, at=at)
    if outcome.new_attempt and (stack is None or stack.stack_id):
        _open_stack(operation, key, at=at)
    elif outcome.new_attempt and stack is not None and stack.inputs:
        # No stack was created with these values, and the stacks that they came from may have been
        # replaced.
        stack.inputs = {}
        stack.save(update_fields=["inputs"])
    return changed or outcome.adopts_stack or outcome.new_attempt


def _row_of_earlier_attempt(rows: QuerySet[Stack], unused: Stack, stack_id: str) -> Stack | None:
    """The row that has this stack already. This attempt has created none, so its own row, whose
    lines are only planned, is deleted: each resource has one line.
    """
    earlier = rows.filter(stack_id=stack_id).first()
    if earlier is not None:
        StackResource.objects.filter(stack=unused, physical_id="").delete()
        unused.delete()
    return earlier


def _columns(stack: Stack, outcome: Outcome, *, at: datetime) -> dict[str, Any]:
    """The columns of the stack's row that this step is about."""
    written: dict[str, Any] = {}
    if outcome.stack_id and outcome.stack_id != stack.stack_id:
        written["stack_id"] = outcome.stack_id
    if outcome.stack_inputs:
        written["inputs"] = dict(outcome.stack_inputs)
    if outcome.events:
        written["last_event_id"] = outcome.events[-1].event_id
    if outcome.policy_to_restore is not None:
        written["policy_to_restore"] = outcome.policy_to_restore
    if outcome.policies is not None:
        written |= {"policies": dict(outcome.policies), "listed_at": at}
    return written


def _write_stack_state(stack: Stack, outcome: Outcome, *, at: datetime) -> bool:
    written = _columns(stack, outcome, at=at)
    new = write_events(stack, outcome.events) if outcome.events else []
    new += write_once(stack, outcome.failures)
    if outcome.resources:
        write_resources(stack, outcome.resources, at=at)
    if outcome.new_resources:
        open_lines(stack, outcome.new_resources)
    if outcome.left_over:
        lines = StackResource.objects.filter(stack=stack, physical_id__in=outcome.left_over, end="")
        lines.update(end=ResourceEnd.LEFT_OVER, ended_at=at)
    # Only what this step is about: the poller writes other columns of the row at the same time.
    if written:
        Stack.objects.filter(pk=stack.pk).update(**written)
    if outcome.stack_state is not None:
        record_description(outcome.stack_state, at=outcome.seen_at or at)
    return bool(new) or bool(outcome.resources) or "stack_id" in written


def _open_stack(operation: Operation, key: str, *, at: datetime) -> Stack:
    plan = plan_in_effect(operation).stack(key)
    stack = Stack.objects.create(
        environment=operation.environment,
        role=key,
        name=plan.name,
        region=plan.region,
        created_at=at,
    )
    open_ledger(stack, plan)
    return stack


def _end(operation: Operation, outcome: Outcome, action: AuditAction, *, at: datetime) -> None:
    """Move the environment and the request to the states that the operation's end implies."""
    kind = kind_of(operation.kind)
    environment, request = operation.environment, operation.request
    for row_id, end in outcome.ends.items():
        StackResource.objects.filter(pk=row_id).exclude(end=end).update(end=end, ended_at=at)
    if outcome.receipt is not None:
        Receipt.objects.create(
            operation=operation,
            environment=environment,
            lines=[line.as_json() for line in outcome.receipt.lines],
            scan=outcome.receipt.scan.as_json(),
            digest=outcome.receipt.digest(plan_digest=request.approved_digest),
            written_at=at,
        )
    to = outcome.environment or kind.environment_after(
        OperationState(operation.state), before=StepData.from_json(operation.step_data).state_before
    )
    # While an operation is open, only an administrator in the database moves these rows; such a
    # change wins.
    environment.refresh_from_db(fields=["state"])
    if ENVIRONMENT_GRAPH.allows(environment.state, to):
        change_state(environment, to, at=at, reason=outcome.reason)
    if environment.state in ENVIRONMENT_GRAPH.ends:
        _expire_pending(environment, at=at)
    repaired = "" if kind.repairs and outcome.to == OperationState.SUCCEEDED else None
    if (needs_repair := outcome.needs_repair if outcome.needs_repair is not None else repaired) is not None:
        Environment.objects.filter(pk=environment.pk).update(needs_repair=needs_repair)
    request.refresh_from_db(fields=["state"])
    if request.state in (RequestState.APPROVED, RequestState.PLANNING):
        change_state(request, _request_after(outcome), at=at, reason=outcome.reason)
        _write_change(operation, outcome, at=at)
    outdate_drift(operation, at=at)
    audit(action, actor=None, environment=environment, at=at, operation=str(operation.pk), kind=kind.key)


def _expire_pending(environment: Environment, *, at: datetime) -> None:
    """Nobody needs to decide any more on other requests of an environment that is gone."""
    for request in Request.objects.filter(environment=environment, state=RequestState.WAITING):
        change_state(request, RequestState.EXPIRED, at=at, reason="The environment no longer exists.")
        audit(AuditAction.REQUEST_EXPIRE, actor=None, environment=environment, at=at, request=str(request.pk))


def _write_change(operation: Operation, outcome: Outcome, *, at: datetime) -> None:
    """Complete the plan of a change that AWS has planned, or note the design that runs after it."""
    if outcome.frozen is not None:
        complete_plan(operation.request, outcome.frozen, at=at)
    elif outcome.to is OperationState.SUCCEEDED and kind_of(operation.kind).provides_plan:
        document = from_json(operation.request.plan.content)
        if isinstance(document, ChangePlan):
            note_new_design(operation.environment, document)


def _request_after(outcome: Outcome) -> RequestState:
    if outcome.request is not None:
        return outcome.request
    if outcome.expired:
        return RequestState.EXPIRED
    ends = {OperationState.SUCCEEDED: RequestState.DONE, OperationState.CANCELLED: RequestState.CANCELLED}
    return ends.get(OperationState(outcome.to), RequestState.FAILED) if outcome.to else RequestState.FAILED
