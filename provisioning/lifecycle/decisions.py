"""The decision table: for every status of a stack, the one safe action, its reason, and the button
that people get.

Each kind of request has one column; a cell is found by phase and StackStatus. The columns are
total: a record of `kinds/` that refers to an incomplete column fails at import. Two rules apply to
every cell. A stack that was once COMPLETE is never deleted to recover a creation. A stack that
belongs to somebody else is never touched.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from provisioning.aws.statuses import STACK_STATUSES


class Phase(StrEnum):
    ARRIVE = "arrive"  # the operation has just come to the stack
    WATCH = "watch"  # it has submitted the stack, or requested its deletion


class Act(StrEnum):
    SUBMIT = "submit"  # create the stack from its template
    ADOPT = "adopt"  # watch what an earlier attempt has started
    WAIT = "wait"  # look again later
    FINISH = "finish"  # the stack is complete: run what follows it
    CLEAR = "clear"  # delete a stack that was rolled back and was never complete, then submit it again
    DELETE = "delete"  # request the stack's deletion, or request it again
    UNBLOCK = "unblock"  # find out what prevents the deletion, remove that, delete again
    SWEEP = "sweep"  # the stack is gone: verify that its resources are gone too
    FAIL = "fail"  # end the operation and offer the button


class Button(StrEnum):
    """The key of the action that follows a failure; stored in `Operation.next_action`."""

    NONE = ""
    RETRY = "try_again"
    TEARDOWN = "teardown"


@dataclass(frozen=True, slots=True)
class Decision:
    act: Act
    reason: str
    button: Button = Button.NONE


Column: TypeAlias = Mapping[Phase, Mapping[str, Decision]]

NO_STACK: Final = ""
"""The key of the cell for a stack that CloudFormation does not know."""

_WAIT = Decision(Act.WAIT, "CloudFormation is working on the stack.")
_FINISH = Decision(Act.FINISH, "The stack is complete.")
_CHANGED = Decision(Act.FINISH, "The stack was complete and has been changed outside the portal; it is left as it is.")
_CHANGE_FAILED = Decision(
    Act.FAIL,
    "The stack was changed outside the portal, and that change failed. Tear the environment down.",
    Button.TEARDOWN,
)
_STUCK = Decision(
    Act.FAIL, "CloudFormation could not roll back the failed creation. Tear the environment down.", Button.TEARDOWN
)
_HALF_DELETED = Decision(
    Act.FAIL,
    "Someone tried to delete the stack outside the portal, and that failed. Tear the environment down.",
    Button.TEARDOWN,
)
_REVIEW = Decision(
    Act.FAIL,
    "The stack contains only a change set that was created outside the portal. Tear the environment down.",
    Button.TEARDOWN,
)
_ROLLED_BACK = Decision(Act.FAIL, "The creation failed and was rolled back.", Button.RETRY)
_DELETED_OUTSIDE = Decision(
    Act.FAIL, "The stack was deleted outside the portal while it was being created.", Button.RETRY
)
_DELETE = Decision(Act.DELETE, "The stack exists and no operation is in progress on it.")
_SWEEP = Decision(Act.SWEEP, "The stack is gone.")
_SUBMIT = Decision(Act.SUBMIT, "The stack does not exist yet.")

_UPDATED = ("UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE")
_UPDATE_FAILED = ("UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED")
_BUSY = tuple(name for name, status in STACK_STATUSES.items() if status.in_progress)

_CREATE: Final[dict[str, Decision]] = {
    **dict.fromkeys(_BUSY, _WAIT),
    "CREATE_COMPLETE": _FINISH,
    **dict.fromkeys(_UPDATED, _CHANGED),
    **dict.fromkeys(_UPDATE_FAILED, _CHANGE_FAILED),
    "CREATE_FAILED": _STUCK,
    "ROLLBACK_FAILED": _STUCK,
    "DELETE_FAILED": _HALF_DELETED,
    "REVIEW_IN_PROGRESS": _REVIEW,
}
CREATE_COLUMN: Final[Column] = {
    Phase.ARRIVE: {
        **_CREATE,
        NO_STACK: _SUBMIT,
        "DELETE_COMPLETE": _SUBMIT,
        "CREATE_IN_PROGRESS": Decision(Act.ADOPT, "The stack of an earlier attempt is still being created."),
        "ROLLBACK_COMPLETE": Decision(
            Act.CLEAR, "An earlier attempt was rolled back; what is left of it was never complete."
        ),
    },
    Phase.WATCH: {
        **_CREATE,
        NO_STACK: _DELETED_OUTSIDE,
        "DELETE_COMPLETE": _DELETED_OUTSIDE,
        "ROLLBACK_COMPLETE": _ROLLED_BACK,
    },
}

_TEARDOWN: Final[dict[str, Decision]] = {
    **{name: _DELETE for name in STACK_STATUSES if name not in _BUSY},
    **dict.fromkeys(_BUSY, _WAIT),
    "DELETE_COMPLETE": _SWEEP,
    NO_STACK: _SWEEP,
}
TEARDOWN_COLUMN: Final[Column] = {
    Phase.ARRIVE: {
        **_TEARDOWN,
        "DELETE_IN_PROGRESS": Decision(Act.ADOPT, "The stack is already being deleted."),
    },
    Phase.WATCH: {
        **_TEARDOWN,
        "DELETE_FAILED": Decision(Act.UNBLOCK, "A resource prevents the deletion of the stack."),
    },
}


def decide(column: Column, phase: Phase, status: str) -> Decision:
    """The decision for a stack's status.

    A status that botocore does not know yet is never acted on, only waited for.
    """
    unknown = Decision(Act.WAIT, f"CloudFormation reports {status}, a status that the portal does not know.")
    return column[phase].get(status, unknown)


def column_problem(column: Column) -> str:
    """Which cells a column lacks or should not have, as a sentence; empty if it is total."""
    known = {NO_STACK, *STACK_STATUSES}
    for phase in Phase:
        cells = set(column.get(phase, ()))
        if missing := known - cells:
            return f"its decision column has no cell for {phase} and {_named(missing)}"
        if strange := cells - known:
            return (
                f"its decision column has a cell for {phase} and {_named(strange)}, which CloudFormation does not have"
            )
    return ""


def _named(statuses: set[str]) -> str:
    return ", ".join(sorted(status or "no stack" for status in statuses))
