"""What cancelling an operation does in each of its states, and what it cannot undo.

The sentences are shown before people confirm. Where AWS may already be at work, the operation asks
it before it decides, and the answer may be that it is too late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from provisioning.lifecycle.states import OperationState


class CancelAct(StrEnum):
    END = "end"  # end the operation; no call is needed
    UNDO = "undo"  # look at the stack, and let AWS undo what can be undone
    REFUSE = "refuse"  # AWS cannot be stopped, or nothing is left to cancel


@dataclass(frozen=True, slots=True)
class Cancel:
    """`sentence` says what happens, or why it is refused; `remains` what cannot be undone."""

    act: CancelAct
    sentence: str
    remains: str = ""


Cancels: TypeAlias = Mapping[OperationState, Cancel]

_O = OperationState
_COMPLETE_STACKS: Final = "Stacks that are complete already stay until you tear the environment down."

CANCEL_CREATION: Final[Cancels] = {
    _O.QUEUED: Cancel(CancelAct.END, "Nothing is created in AWS."),
    _O.CONTINUING: Cancel(CancelAct.END, "No further stack is created.", _COMPLETE_STACKS),
    _O.CLEARING: Cancel(
        CancelAct.END, "No new attempt begins.", "CloudFormation goes on deleting the stack of the failed attempt."
    ),
    _O.SUBMITTING: Cancel(
        CancelAct.UNDO, "If CloudFormation has begun with the stack, it deletes it.", _COMPLETE_STACKS
    ),
    _O.BUILDING: Cancel(
        CancelAct.UNDO,
        "CloudFormation stops and deletes the stack with everything in it.",
        f"Resources that are retained stay, and so do snapshots. {_COMPLETE_STACKS}",
    ),
    _O.ROLLING_BACK: Cancel(
        CancelAct.REFUSE, "The creation has failed and is being rolled back, which AWS cannot stop."
    ),
    _O.FINISHING: Cancel(
        CancelAct.REFUSE, "All stacks are complete, so nothing is left to cancel. Tear the environment down instead."
    ),
}

_CHANGED_STACKS: Final = "Stacks that have been changed already stay changed."
_NOTHING_CHANGED: Final = "The stack is not changed, and its change set is deleted."
CANCEL_CHANGE: Final[Cancels] = {
    _O.QUEUED: Cancel(CancelAct.END, "Nothing is changed in AWS.", "Its change sets are deleted shortly afterwards."),
    _O.CONTINUING: Cancel(CancelAct.UNDO, "No further stack is changed.", _CHANGED_STACKS),
    _O.COMPARING: Cancel(CancelAct.UNDO, _NOTHING_CHANGED, _CHANGED_STACKS),
    _O.RELAXING: Cancel(CancelAct.UNDO, f"{_NOTHING_CHANGED} Its stack policy is restored.", _CHANGED_STACKS),
    _O.EXECUTING: Cancel(
        CancelAct.UNDO, "If CloudFormation has begun with the change, it rolls it back.", _CHANGED_STACKS
    ),
    _O.UPDATING: Cancel(
        CancelAct.UNDO,
        "CloudFormation rolls the change back, which may take as long as the change has taken so far. "
        "What was replaced still exists and is used again.",
        f"New data in resources that were created by the change is lost. {_CHANGED_STACKS}",
    ),
    _O.ROLLING_BACK: Cancel(CancelAct.REFUSE, "The change is being rolled back already, which AWS cannot stop."),
    _O.RESTORING: Cancel(CancelAct.REFUSE, "The change has ended. Only the stack policy is being restored."),
    _O.FINISHING: Cancel(
        CancelAct.REFUSE,
        "The change is complete, so nothing is left to cancel. To undo it, change the environment back.",
    ),
}

_DELETES_PLAN: Final = Cancel(CancelAct.UNDO, "Nothing is changed in AWS. The change sets of this plan are deleted.")
CANCEL_PLANNING: Final[Cancels] = {
    _O.QUEUED: Cancel(CancelAct.END, "Nothing is changed in AWS."),
    _O.CONTINUING: _DELETES_PLAN,
    _O.PLANNING: _DELETES_PLAN,
}

CANCEL_TEARDOWN: Final[Cancels] = {
    _O.QUEUED: Cancel(CancelAct.END, "Nothing is deleted in AWS."),
    _O.LISTING: Cancel(CancelAct.END, "Nothing is deleted in AWS."),
    _O.CONTINUING: Cancel(CancelAct.END, "No further stack is deleted.", "Stacks that are deleted are gone."),
    _O.PREPARING: Cancel(
        CancelAct.END,
        "No stack is deleted.",
        "Services are not started again, and deletion protection is not restored.",
    ),
    _O.EMPTYING: Cancel(
        CancelAct.END,
        "The stack is not deleted.",
        "What was deleted from buckets and vaults is gone. Services are not started again.",
    ),
    _O.DELETING: Cancel(
        CancelAct.UNDO,
        "If CloudFormation has not begun to delete the stack, it is not deleted. AWS cannot stop a deletion that has begun.",
        "What is deleted is gone.",
    ),
    _O.SWEEPING: Cancel(CancelAct.REFUSE, "The stacks are gone, so nothing is left to cancel. Only checks remain."),
    _O.SETTLING: Cancel(CancelAct.REFUSE, "The stacks are gone, so nothing is left to cancel. Only checks remain."),
}

CANCEL_ADOPTION: Final[Cancels] = dict.fromkeys(
    (_O.QUEUED, _O.CONTINUING, _O.READING), Cancel(CancelAct.END, "The stack is left as it is, and is not adopted.")
)

CANCEL_RECOVERY: Final[Cancels] = {
    _O.QUEUED: Cancel(CancelAct.END, "Nothing is changed in AWS."),
    _O.CONTINUING: Cancel(CancelAct.END, "No further stack is recovered."),
    _O.RECOVERING: Cancel(
        CancelAct.UNDO,
        "If CloudFormation has not begun to roll back, it does not. AWS cannot stop a rollback that has begun.",
    ),
    _O.ROLLING_BACK: Cancel(CancelAct.REFUSE, "The stack is being rolled back, which AWS cannot stop."),
}
