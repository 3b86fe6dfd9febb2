"""The column of creations.

A stack that was rolled back is the only one that is deleted, because it was never complete.
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

_FINISH = Decision(Act.FINISH, "The stack is complete.")
# What exists is not what was approved, so the creation does not end as done.
_CHANGED = Decision(
    Act.FAIL,
    "The stack was changed outside the portal before its creation ended here, so it may differ from what was "
    "approved. It is left as it is. Tear the environment down and request it again.",
    Button.TEARDOWN,
)
_CHANGE_FAILED = Decision(
    Act.FAIL,
    "The stack was changed outside the portal, and that change failed. Tear the environment down.",
    Button.TEARDOWN,
)
_PARTLY_BUILT = Decision(
    Act.FAIL,
    "Some resources could not be created, and CloudFormation has left the others as they are. "
    "Roll the stack back, or tear the environment down.",
    Button.RECOVER,
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
_SUBMIT = Decision(Act.SUBMIT, "The stack does not exist yet.")

_CREATE: Final[dict[str, Decision]] = {
    **dict.fromkeys(BUSY, WAIT),
    "CREATE_COMPLETE": _FINISH,
    **dict.fromkeys(
        ("UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"), _CHANGED
    ),
    **dict.fromkeys(("UPDATE_FAILED", "UPDATE_ROLLBACK_FAILED", "IMPORT_ROLLBACK_FAILED"), _CHANGE_FAILED),
    "CREATE_FAILED": _PARTLY_BUILT,
    "ROLLBACK_FAILED": _STUCK,
    "DELETE_FAILED": _HALF_DELETED,
    "REVIEW_IN_PROGRESS": _REVIEW,
}
_WATCHED: Final[dict[str, Decision]] = {
    **_CREATE,
    NO_STACK: _DELETED_OUTSIDE,
    "DELETE_COMPLETE": _DELETED_OUTSIDE,
    "ROLLBACK_COMPLETE": _ROLLED_BACK,
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
    Phase.WATCH: _WATCHED,
    Phase.FOREIGN: {**_WATCHED, **dict.fromkeys(BUSY, WAIT_FOR_OTHERS)},
}
