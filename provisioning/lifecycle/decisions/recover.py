"""The column of recoveries: a stuck rollback is continued, and a half-done change or creation is
rolled back.

A recovery never deletes a stack.
"""

from __future__ import annotations

from typing import Final

from provisioning.lifecycle.decisions.record import (
    BUSY,
    NO_STACK,
    WAIT,
    WAIT_FOR_OTHERS,
    Act,
    Button,
    Column,
    Decision,
    Phase,
)
from provisioning.lifecycle.states import EnvironmentState

_GONE = Decision(
    Act.FAIL,
    "There is no such stack any more: it was deleted outside the portal. Tear the environment down, which checks for leftovers.",
    Button.TEARDOWN,
    EnvironmentState.CHANGE_FAILED,
)
_ONLY_DELETION = Decision(
    Act.FAIL,
    "AWS accepts only the deletion of the stack in its present state. Tear the environment down.",
    Button.TEARDOWN,
    EnvironmentState.CHANGE_FAILED,
)
_STILL_STUCK = Decision(
    Act.FAIL,
    "The rollback failed again. Fix what AWS names below and recover again, or skip the resources that are stuck.",
    Button.RECOVER,
    EnvironmentState.NEEDS_REPAIR,
)
_STILL_HALF = Decision(
    Act.FAIL, "The rollback did not begin. Recover again.", Button.RECOVER, EnvironmentState.CHANGE_FAILED
)
_NEVER_COMPLETE = Decision(
    Act.FINISH,
    "The failed creation is rolled back. Retry it, or tear the environment down.",
    environment=EnvironmentState.CREATE_FAILED,
)
_STABLE = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
)

_RECOVER: Final[dict[str, Decision]] = {
    **dict.fromkeys(BUSY, WAIT),
    **dict.fromkeys(_STABLE, Decision(Act.FINISH, "The stack is complete again.")),
    NO_STACK: _GONE,
    "DELETE_COMPLETE": _GONE,
    **dict.fromkeys(
        ("REVIEW_IN_PROGRESS", "ROLLBACK_FAILED", "DELETE_FAILED", "IMPORT_ROLLBACK_FAILED"), _ONLY_DELETION
    ),
    "ROLLBACK_COMPLETE": _NEVER_COMPLETE,
}
_WATCHED: Final[dict[str, Decision]] = {
    **_RECOVER,
    "UPDATE_ROLLBACK_FAILED": _STILL_STUCK,
    **dict.fromkeys(("UPDATE_FAILED", "CREATE_FAILED"), _STILL_HALF),
}
RECOVER_COLUMN: Final[Column] = {
    Phase.ARRIVE: {
        **_RECOVER,
        "UPDATE_ROLLBACK_FAILED": Decision(Act.CONTINUE, "The rollback of the stack is stuck."),
        **dict.fromkeys(
            ("UPDATE_FAILED", "CREATE_FAILED"),
            Decision(Act.ROLL_BACK, "The last operation on the stack failed and was not rolled back."),
        ),
        **dict.fromkeys(
            ("UPDATE_ROLLBACK_IN_PROGRESS", "UPDATE_ROLLBACK_COMPLETE_CLEANUP_IN_PROGRESS", "ROLLBACK_IN_PROGRESS"),
            Decision(Act.ADOPT, "The stack is already being rolled back."),
        ),
    },
    Phase.WATCH: _WATCHED,
    # Others may have skipped resources, which nobody can see afterwards.
    Phase.FOREIGN: {
        **_WATCHED,
        **dict.fromkeys(BUSY, WAIT_FOR_OTHERS),
        **dict.fromkeys(
            _STABLE,
            Decision(
                Act.FINISH,
                "The stack was recovered outside the portal. Resources may have been skipped: put it back as designed.",
                environment=EnvironmentState.NEEDS_REPAIR,
            ),
        ),
    },
}
