"""What cancelling the open operation would do now, for pages and the API. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from provisioning.lifecycle.decisions.cancel import CancelAct
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.states import OperationState
from provisioning.lifecycle.step_data import StepData
from provisioning.models import Environment, Operation

STOP_WATCHING_AFTER: Final = timedelta(minutes=5)
"""How long every look at AWS must have failed before people may end an operation that only watches."""
# CloudFormation works on its own in these, or AWS has to be asked before the operation can end.
WATCHED: Final = frozenset(
    {
        OperationState.BUILDING,
        OperationState.ROLLING_BACK,
        OperationState.UPDATING,
        OperationState.DELETING,
        OperationState.CLEARING,
        OperationState.CANCELLING,
    }
)


@dataclass(frozen=True, slots=True)
class Cancellation:
    """`sentence` says what happens and `remains` what cannot be undone. `why_not` is why it cannot
    be cancelled; empty if it can.
    """

    noun: str
    sentence: str
    remains: str
    why_not: str


def open_operation_of(environment: Environment) -> Operation | None:
    return Operation.objects.filter(environment=environment, ended_at=None).first()


def cancellation(operation: Operation) -> Cancellation:
    """What cancelling the operation would do, by its stored state. AWS may be further already: then
    the operation goes on, and says so.
    """
    kind, data = kind_of(operation.kind), StepData.from_json(operation.step_data)
    noun = kind.words.noun.lower()
    if operation.ended_at is not None:
        return Cancellation(noun, "", "", f"The {noun} has ended.")
    if data.cancel_refused:
        return Cancellation(noun, "", "", data.cancel_refused)
    if operation.cancel_requested_at is not None:
        return Cancellation(noun, "", "", f"The {noun} is being cancelled.")
    cancel = kind.cancels[OperationState(operation.state)]
    why_not = cancel.sentence if cancel.act is CancelAct.REFUSE else ""
    return Cancellation(noun, cancel.sentence, cancel.remains, why_not)


def why_not_stop_watching(operation: Operation, *, now: datetime) -> str:
    """Why the operation cannot be ended without AWS, as a sentence; empty if it can."""
    data = StepData.from_json(operation.step_data)
    if operation.ended_at is not None:
        return "The operation has ended."
    if OperationState(operation.state) not in WATCHED:
        return "The operation does not only watch. Cancel it instead."
    if not data.misses or data.missing_since is None or now - data.missing_since < STOP_WATCHING_AFTER:
        return "AWS can be reached, so the operation ends by itself."
    return ""
