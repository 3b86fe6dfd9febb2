"""The columns of changes (also "put back as designed") and of the operations that plan them."""

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
_DRAFT = Decision(
    Act.FAIL,
    "The stack contains only a change set; nothing has been created. Tear the environment down.",
    Button.TEARDOWN,
    EnvironmentState.CHANGE_FAILED,
)
_NEVER_BUILT = Decision(
    Act.FAIL,
    "The creation of the stack failed and was rolled back. AWS accepts no change of it. Tear the environment down.",
    Button.TEARDOWN,
    EnvironmentState.CHANGE_FAILED,
)
_HALF_DELETED = Decision(
    Act.FAIL,
    "Someone tried to delete the stack outside the portal, and that failed. AWS accepts no change of it. Tear the environment down.",
    Button.TEARDOWN,
    EnvironmentState.CHANGE_FAILED,
)
_HALF_IMPORTED = Decision(
    Act.FAIL,
    "An import that was started outside the portal failed and could not be undone. AWS accepts no change of the stack. Tear the environment down.",
    Button.TEARDOWN,
    EnvironmentState.CHANGE_FAILED,
)
_STUCK = Decision(
    Act.FAIL,
    "The change failed, and CloudFormation could not roll it back: the stack is neither old nor new. Recover it.",
    Button.RECOVER,
    EnvironmentState.NEEDS_REPAIR,
)
_HALF_CHANGED = Decision(
    Act.FAIL,
    "The change failed half way and was not rolled back. Roll it back, or plan a change that completes it.",
    Button.RECOVER,
    EnvironmentState.CHANGE_FAILED,
)
_ROLLED_BACK = Decision(
    Act.FAIL,
    "The change failed and was rolled back: the environment runs as before.",
    Button.CHANGE,
    EnvironmentState.RUNNING,
)
_NOT_RUN = Decision(
    Act.FAIL,
    "The change did not run: the stack is as it was before. Plan the change again.",
    Button.CHANGE,
    EnvironmentState.RUNNING,
)
_BY_OTHERS = Decision(
    Act.FAIL,
    "The stack was changed outside the portal after this change had begun. Plan the change again.",
    Button.CHANGE,
    EnvironmentState.RUNNING,
)
_STABLE = (
    "CREATE_COMPLETE",
    "UPDATE_COMPLETE",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
)
# AWS accepts change sets in these, if they disable rollback.
_UNFINISHED = ("CREATE_FAILED", "UPDATE_FAILED")

_CHANGE: Final[dict[str, Decision]] = {
    **dict.fromkeys(BUSY, WAIT),
    NO_STACK: _GONE,
    "DELETE_COMPLETE": _GONE,
    "REVIEW_IN_PROGRESS": _DRAFT,
    "ROLLBACK_COMPLETE": _NEVER_BUILT,
    "ROLLBACK_FAILED": _NEVER_BUILT,
    "DELETE_FAILED": _HALF_DELETED,
    "IMPORT_ROLLBACK_FAILED": _HALF_IMPORTED,
    "UPDATE_ROLLBACK_FAILED": _STUCK,
}
_WATCHED: Final[dict[str, Decision]] = {
    **_CHANGE,
    "UPDATE_COMPLETE": Decision(Act.FINISH, "The stack has been changed."),
    "UPDATE_ROLLBACK_COMPLETE": _ROLLED_BACK,
    **dict.fromkeys(_UNFINISHED, _HALF_CHANGED),
    **dict.fromkeys(("CREATE_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"), _NOT_RUN),
}
CHANGE_COLUMN: Final[Column] = {
    Phase.ARRIVE: {
        **_CHANGE,
        **dict.fromkeys((*_STABLE, *_UNFINISHED), Decision(Act.COMPARE, "No operation is in progress on the stack.")),
        "UPDATE_IN_PROGRESS": Decision(Act.ADOPT, "The change of an earlier attempt is still in progress."),
        "UPDATE_ROLLBACK_IN_PROGRESS": Decision(Act.ADOPT, "The change of an earlier attempt is being rolled back."),
    },
    Phase.WATCH: _WATCHED,
    Phase.FOREIGN: {
        **_WATCHED,
        **dict.fromkeys(BUSY, WAIT_FOR_OTHERS),
        **dict.fromkeys(_STABLE, _BY_OTHERS),
    },
}

_PLANNABLE = dict.fromkeys((*_STABLE, *_UNFINISHED), Decision(Act.PLAN, "No operation is in progress on the stack."))
PLAN_COLUMN: Final[Column] = {
    Phase.ARRIVE: {**_CHANGE, **_PLANNABLE},
    Phase.WATCH: {**_CHANGE, **_PLANNABLE},
    Phase.FOREIGN: {**_CHANGE, **_PLANNABLE, **dict.fromkeys(BUSY, WAIT_FOR_OTHERS)},
}
