"""The total table: whatever CloudFormation says of a stack, the one safe thing to do, why, and what people can do.

Each cell is (kind of operation, phase, StackStatus). `ARRIVE`: the operation has just begun and finds this. `WATCH`: it
has handed its stack over, or its deletion. Two rules stand behind every cell: what was once complete is never deleted to
recover a creation, and a stack that is not this environment's own is never touched.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from provisioning.aws.statuses import STACK_STATUSES
from provisioning.models import RequestKind


class Phase(StrEnum):
    ARRIVE = "arrive"
    WATCH = "watch"


class Act(StrEnum):
    SUBMIT = "submit"  # hand the template over
    WAIT = "wait"  # look again later
    FINISH = "finish"  # the stack is there: do what comes after
    CLEAR = "clear"  # delete what was rolled back and never was complete, then hand over anew
    DELETE = "delete"  # (again) ask for the stack's deletion
    UNBLOCK = "unblock"  # find out what keeps it, take that away, delete again
    SWEEP = "sweep"  # the stack is gone: prove that all is
    FAIL = "fail"  # end this attempt, with the button


class Button(StrEnum):
    NONE = ""
    RETRY = "try_again"
    TEARDOWN = "teardown"


@dataclass(frozen=True, slots=True)
class Decision:
    act: Act
    reason: str
    button: Button = Button.NONE


NO_STACK: Final = ""
"""Stands in the table for a stack that CloudFormation does not know."""

_WAIT = Decision(Act.WAIT, "CloudFormation is at work.")
_FINISH = Decision(Act.FINISH, "The stack is complete.")
_CHANGED = Decision(Act.FINISH, "The stack was complete and has been changed outside the portal; it is left as it is.")
_CHANGED_BADLY = Decision(
    Act.FAIL,
    "The stack was changed outside the portal, and that change failed. Tear the environment down.",
    Button.TEARDOWN,
)
_STUCK = Decision(
    Act.FAIL, "CloudFormation could not undo the failed creation. Tear the environment down.", Button.TEARDOWN
)
_HALF_DELETED = Decision(
    Act.FAIL, "Somebody began to delete the stack, and that failed. Tear the environment down.", Button.TEARDOWN
)
_REVIEW = Decision(
    Act.FAIL,
    "The stack holds only a change set that was made outside the portal. Tear the environment down.",
    Button.TEARDOWN,
)
_ROLLED_BACK = Decision(Act.FAIL, "The creation failed and was rolled back.", Button.RETRY)
_TAKEN_AWAY = Decision(Act.FAIL, "The stack was deleted outside the portal while it was being created.", Button.RETRY)
_DELETE = Decision(Act.DELETE, "The stack is there and nothing is at work on it.")
_SWEEP = Decision(Act.SWEEP, "The stack is gone.")
_SUBMIT = Decision(Act.SUBMIT, "There is no such stack yet.")

_UPDATED = ("UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE")
_UPDATED_BADLY = ("UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED")
_BUSY = tuple(name for name, status in STACK_STATUSES.items() if status.in_progress)

_CREATE: Final[dict[str, Decision]] = {
    **dict.fromkeys(_BUSY, _WAIT),
    "CREATE_COMPLETE": _FINISH,
    **dict.fromkeys(_UPDATED, _CHANGED),
    **dict.fromkeys(_UPDATED_BADLY, _CHANGED_BADLY),
    "CREATE_FAILED": _STUCK,
    "ROLLBACK_FAILED": _STUCK,
    "DELETE_FAILED": _HALF_DELETED,
    "REVIEW_IN_PROGRESS": _REVIEW,
}
_TEARDOWN: Final[dict[str, Decision]] = {
    **{name: _DELETE for name in STACK_STATUSES if name not in _BUSY},
    **dict.fromkeys(_BUSY, _WAIT),
    "DELETE_COMPLETE": _SWEEP,
    NO_STACK: _SWEEP,
}

TABLE: Final[dict[tuple[RequestKind, Phase], dict[str, Decision]]] = {
    (RequestKind.CREATE, Phase.ARRIVE): {
        **_CREATE,
        NO_STACK: _SUBMIT,
        "DELETE_COMPLETE": _SUBMIT,
        "ROLLBACK_COMPLETE": Decision(
            Act.CLEAR, "An earlier attempt was rolled back; what is left of it never was complete."
        ),
    },
    (RequestKind.CREATE, Phase.WATCH): {
        **_CREATE,
        NO_STACK: _TAKEN_AWAY,
        "DELETE_COMPLETE": _TAKEN_AWAY,
        "ROLLBACK_COMPLETE": _ROLLED_BACK,
    },
    (RequestKind.TEARDOWN, Phase.ARRIVE): _TEARDOWN,
    (RequestKind.TEARDOWN, Phase.WATCH): {
        **_TEARDOWN,
        "DELETE_FAILED": Decision(Act.UNBLOCK, "Something keeps the stack from going."),
    },
}


def decide(kind: RequestKind, phase: Phase, status: str) -> Decision:
    """A status that botocore does not know yet is waited for: it is named in the log of the environment, not acted on."""
    return TABLE[kind, phase].get(status, Decision(Act.WAIT, f"CloudFormation says {status}, which is not known here."))
