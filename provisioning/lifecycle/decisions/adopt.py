"""The column of adoptions: an existing stack is only read, in whatever state it is."""

from __future__ import annotations

from typing import Final

from provisioning.lifecycle.decisions.record import BUSY, NO_STACK, WAIT, Act, Button, Column, Decision, Phase
from provisioning.lifecycle.states import EnvironmentState


def _refused(reason: str) -> Decision:
    return Decision(Act.FAIL, reason, Button.ADOPT)


_NOTHING = _refused("There is no such stack, so there is nothing to adopt.")
_ADOPT: Final[dict[str, Decision]] = {
    **dict.fromkeys(BUSY, WAIT),
    NO_STACK: _NOTHING,
    "DELETE_COMPLETE": _NOTHING,
    "DELETE_IN_PROGRESS": _refused("The stack is being deleted. It cannot be adopted."),
    "DELETE_FAILED": _refused("The stack is half deleted. Complete the deletion in AWS; it cannot be adopted."),
    "REVIEW_IN_PROGRESS": _refused("The stack contains only a change set; nothing has been created in it."),
    "ROLLBACK_COMPLETE": _refused("The creation of the stack failed and was rolled back, so it is empty."),
}
_COMPLETE = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
)
_TRACKED: Final[dict[str, EnvironmentState]] = {
    "CREATE_FAILED": EnvironmentState.CREATE_FAILED,
    "ROLLBACK_FAILED": EnvironmentState.CREATE_FAILED,
    "UPDATE_FAILED": EnvironmentState.CHANGE_FAILED,
    "UPDATE_ROLLBACK_FAILED": EnvironmentState.NEEDS_REPAIR,
    "IMPORT_ROLLBACK_FAILED": EnvironmentState.CHANGE_FAILED,
}


def _readable(act: Act) -> dict[str, Decision]:
    complete = Decision(act, "No operation is in progress on the stack.")
    failed = {
        status: Decision(act, "The last operation on the stack failed. It is adopted as it is.", environment=state)
        for status, state in _TRACKED.items()
    }
    return {**_ADOPT, **dict.fromkeys(_COMPLETE, complete), **failed}


ADOPT_COLUMN: Final[Column] = {
    Phase.ARRIVE: _readable(Act.READ),
    Phase.WATCH: _readable(Act.FINISH),
    # Before its adoption, every operation on the stack is somebody else's.
    Phase.FOREIGN: _readable(Act.READ),
}
