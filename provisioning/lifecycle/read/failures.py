"""Why the last operation of an environment failed, and what to do next. Reads only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from provisioning.lifecycle.read.operation_view import last_operation
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.step_data import FailedAt, StepData
from provisioning.models import Environment, Operation


@dataclass(frozen=True, slots=True)
class Failure:
    """`cause` is in plain words, `detail` is AWS's own sentence, `next_action` is the key of an
    action.
    """

    cause: str
    detail: str
    logical_id: str
    type: str
    next_action: str
    hint: str

    @property
    def lines(self) -> Sequence[str]:
        """The sentences of `detail`, such as what differs from the approved plan."""
        return [line for line in self.detail.splitlines() if line]


def failure(environment: Environment, *, operation: Operation | None = None) -> Failure | None:
    """The failure of the last operation; None if it succeeded or is still running."""
    operation = operation or last_operation(environment)
    if operation is None or operation.ended_at is None or operation.state == OperationState.SUCCEEDED:
        return None
    failed_at = StepData.from_json(operation.step_data).failed_at or FailedAt("", "", "")
    return Failure(
        cause=operation.cause,
        detail=operation.cause_detail,
        logical_id=failed_at.logical_id,
        type=failed_at.type,
        next_action=operation.next_action,
        hint=failed_at.hint,
    )
