"""The decisions on a change set: by phase, ChangeSetStatus and ExecutionStatus.

ChangeSetStatus decides first; only a change set that was created is executed, and then
ExecutionStatus decides. Once a change set runs, the stack's own status decides everything.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

log = logging.getLogger(__name__)


class ChangeSetPhase(StrEnum):
    PLANNING = "planning"  # it was created for a plan that is being made
    COMPARING = "comparing"  # it was approved, and is about to be executed
    EXECUTED = "executed"  # its execution was requested


class ChangeSetAct(StrEnum):
    WAIT = "wait"  # look again later
    READ = "read"  # read its changes; the plan is complete with them
    EXECUTE = "execute"  # execute it, if what it changes is what was approved
    DONE = "done"  # the stack already is as planned: nothing to do
    REPORT = "report"  # it failed: show why, and delete it
    CREATE_AGAIN = "create_again"  # it is gone: create it again under a new name
    COMPARE_AGAIN = "compare_again"  # gone; if the stack is unchanged, create it again, else refuse
    REFUSE = "refuse"  # somebody has changed the stack since: show the difference, plan again
    WATCH_STACK = "watch_stack"  # it runs or ran: the stack's status decides
    CHECK_OWNER = "check_owner"  # it runs: watch it if this operation started it, else refuse


@dataclass(frozen=True, slots=True)
class ChangeSetDecision:
    act: ChangeSetAct
    reason: str


GONE: Final = ""
"""The key of the cell for a change set that CloudFormation does not know."""

_WAIT = ChangeSetDecision(ChangeSetAct.WAIT, "CloudFormation is computing the changes.")
_WAIT_FOR_DELETION = ChangeSetDecision(ChangeSetAct.WAIT, "The change set is being deleted.")
_FAILED = ChangeSetDecision(ChangeSetAct.REPORT, "CloudFormation could not create the change set.")
_CREATE_AGAIN = ChangeSetDecision(ChangeSetAct.CREATE_AGAIN, "The change set is gone, so it is created again.")
_COMPARE_AGAIN = ChangeSetDecision(
    ChangeSetAct.COMPARE_AGAIN, "The change set is gone. If the stack is unchanged, it is created again."
)
_WATCH = ChangeSetDecision(ChangeSetAct.WATCH_STACK, "The change set was executed.")
_READ = ChangeSetDecision(ChangeSetAct.READ, "The change set is complete.")
_OBSOLETE = ChangeSetDecision(
    ChangeSetAct.REFUSE, "The stack has been changed since the change set was created. Plan the change again."
)
_CHECK_OWNER = ChangeSetDecision(ChangeSetAct.CHECK_OWNER, "The change set is being executed.")
_ALREADY_RUN = ChangeSetDecision(
    ChangeSetAct.CHECK_OWNER, "The change set has been executed already. The stack's status says how it ended."
)
_EXECUTE = ChangeSetDecision(ChangeSetAct.EXECUTE, "The change set can be executed.")
NOTHING_TO_DO: Final = ChangeSetDecision(
    ChangeSetAct.DONE, "There is nothing to do: the stack already is as the plan would leave it."
)

_CREATING: Final = {"CREATE_PENDING": _WAIT, "CREATE_IN_PROGRESS": _WAIT}
_DELETING: Final = {"DELETE_PENDING": _WAIT_FOR_DELETION, "DELETE_IN_PROGRESS": _WAIT_FOR_DELETION}

CHANGE_SET_CELLS: Final[Mapping[ChangeSetPhase, Mapping[str, ChangeSetDecision]]] = {
    ChangeSetPhase.PLANNING: {
        **_CREATING,
        **_DELETING,
        "CREATE_COMPLETE": _READ,
        "FAILED": _FAILED,
        "DELETE_COMPLETE": _CREATE_AGAIN,
        "DELETE_FAILED": _CREATE_AGAIN,
        GONE: _CREATE_AGAIN,
    },
    ChangeSetPhase.COMPARING: {
        **_CREATING,  # of one that was created again
        **_DELETING,
        "CREATE_COMPLETE": _EXECUTE,
        "FAILED": _FAILED,
        "DELETE_COMPLETE": _COMPARE_AGAIN,
        "DELETE_FAILED": _COMPARE_AGAIN,
        GONE: _COMPARE_AGAIN,
    },
    # CloudFormation deletes a change set after it was executed.
    ChangeSetPhase.EXECUTED: dict.fromkeys(
        (*_CREATING, *_DELETING, "CREATE_COMPLETE", "FAILED", "DELETE_COMPLETE", "DELETE_FAILED", GONE), _WATCH
    ),
}

EXECUTION_CELLS: Final[Mapping[ChangeSetPhase, Mapping[str, ChangeSetDecision]]] = {
    ChangeSetPhase.PLANNING: {
        "UNAVAILABLE": _WAIT,
        "AVAILABLE": _READ,
        "EXECUTE_IN_PROGRESS": _CHECK_OWNER,
        "EXECUTE_COMPLETE": _CREATE_AGAIN,
        "EXECUTE_FAILED": _CREATE_AGAIN,
        "OBSOLETE": _CREATE_AGAIN,
    },
    ChangeSetPhase.COMPARING: {
        "UNAVAILABLE": _WAIT,
        "AVAILABLE": _EXECUTE,
        "EXECUTE_IN_PROGRESS": _CHECK_OWNER,
        "EXECUTE_COMPLETE": _ALREADY_RUN,
        "EXECUTE_FAILED": _ALREADY_RUN,
        "OBSOLETE": _OBSOLETE,
    },
    ChangeSetPhase.EXECUTED: {
        "UNAVAILABLE": _WATCH,
        # The execution was requested a moment ago, or its call was lost: the stack shows which.
        "AVAILABLE": _WATCH,
        "EXECUTE_IN_PROGRESS": _WATCH,
        "EXECUTE_COMPLETE": _WATCH,
        "EXECUTE_FAILED": _WATCH,
        "OBSOLETE": _WATCH,
    },
}

# The beginnings of the reasons by which CloudFormation says that a change set has no changes. The
# AWS CLI (`aws cloudformation deploy`) and the AWS CDK test for the same two.
EMPTY_REASONS: Final = ("The submitted information didn't contain changes.", "No updates are to be performed")


def decide_on_change_set(
    phase: ChangeSetPhase, status: str, execution_status: str = "", *, reason: str = ""
) -> ChangeSetDecision:
    """The decision on a change set; an empty status means that CloudFormation does not know it.

    A status that botocore does not know yet is never acted on, only waited for.
    """
    cells = CHANGE_SET_CELLS[phase]
    if status == "FAILED" and reason.startswith(EMPTY_REASONS):
        return NOTHING_TO_DO if phase is not ChangeSetPhase.EXECUTED else _WATCH
    if status not in cells:
        return _unknown(status)
    if status != "CREATE_COMPLETE":
        return cells[status]
    if execution_status not in EXECUTION_CELLS[phase]:
        return _unknown(execution_status)
    return EXECUTION_CELLS[phase][execution_status]


def _unknown(status: str) -> ChangeSetDecision:
    log.error("CloudFormation reports the change set status %s, which this version does not know.", status)
    return ChangeSetDecision(
        ChangeSetAct.WAIT, f"CloudFormation reports {status}, a status that the portal does not know."
    )
