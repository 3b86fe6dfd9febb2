"""The column of teardowns: whatever exists is deleted, once nothing is in progress on it."""

from __future__ import annotations

from typing import Final

from provisioning.lifecycle.decisions.record import (
    BUSY,
    NO_STACK,
    RESTS,
    WAIT,
    WAIT_FOR_OTHERS,
    Act,
    Button,
    Column,
    Decision,
    Phase,
)

_DELETE = Decision(Act.DELETE, "The stack exists and no operation is in progress on it.")
_SWEEP = Decision(Act.SWEEP, "The stack is gone.")
_UNBLOCK = Decision(Act.UNBLOCK, "A resource prevents the deletion of the stack.")
# CloudFormation goes back to the status before if, for instance, another stack imports an output.
_TURNED_BACK = Decision(
    Act.FAIL,
    "CloudFormation has stopped the deletion and left the stack as it was, as when another stack imports one of its "
    "outputs. Remove what AWS names below, then retry.",
    Button.RETRY,
)
_COMPLETE = tuple(name for name in RESTS if name.endswith("_COMPLETE") and name != "DELETE_COMPLETE")

_TEARDOWN: Final[dict[str, Decision]] = {
    **dict.fromkeys(RESTS, _DELETE),
    **dict.fromkeys(BUSY, WAIT),
    "REVIEW_IN_PROGRESS": Decision(Act.DELETE_DRAFT, "The stack contains only change sets; nothing has been created."),
    "DELETE_COMPLETE": _SWEEP,
    NO_STACK: _SWEEP,
}
TEARDOWN_COLUMN: Final[Column] = {
    Phase.ARRIVE: {
        **_TEARDOWN,
        "DELETE_IN_PROGRESS": Decision(Act.ADOPT, "The stack is already being deleted."),
    },
    Phase.WATCH: {**_TEARDOWN, **dict.fromkeys(_COMPLETE, _TURNED_BACK), "DELETE_FAILED": _UNBLOCK},
    # The approved teardown deletes the stack, whatever others have done with it in the meantime.
    Phase.FOREIGN: {**_TEARDOWN, **dict.fromkeys(BUSY, WAIT_FOR_OTHERS), "DELETE_FAILED": _UNBLOCK},
}
