"""What a cell of the decision table is, and how one is looked up."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, TypeAlias

from provisioning.aws.statuses import STACK_STATUSES
from provisioning.lifecycle.states import EnvironmentState

log = logging.getLogger(__name__)


class Phase(StrEnum):
    ARRIVE = "arrive"  # the operation has just come to the stack
    WATCH = "watch"  # it has sent the call that starts its work on the stack
    FOREIGN = "foreign"  # the newest operation on the stack was started outside the portal


class Act(StrEnum):
    SUBMIT = "submit"  # create the stack from its template
    ADOPT = "adopt"  # watch what an earlier attempt has started
    WAIT = "wait"  # look again later
    FINISH = "finish"  # the stack is as planned: run what follows it
    CLEAR = "clear"  # delete a stack that was rolled back and was never complete, then submit it again
    DELETE = "delete"  # request the stack's deletion, or request it again
    DELETE_DRAFT = "delete_draft"  # delete the change sets of a stack that has nothing else, then the stack
    UNBLOCK = "unblock"  # find out what prevents the deletion, remove that, delete again
    SWEEP = "sweep"  # the stack is gone: verify that its resources are gone too
    PLAN = "plan"  # create and read a change set
    COMPARE = "compare"  # compare the stack with the approved plan, then execute it
    READ = "read"  # read the stack in order to adopt it
    CONTINUE = "continue"  # ContinueUpdateRollback, with the approved list of resources to skip
    ROLL_BACK = "roll_back"  # RollbackStack
    FAIL = "fail"  # end the operation and offer the button


class Button(StrEnum):
    """The key of the action that follows a failure; stored in `Operation.next_action`."""

    NONE = ""
    RETRY = "try_again"
    TEARDOWN = "teardown"
    CHANGE = "change"  # plan the change again
    PUT_BACK = "put_back"
    RECOVER = "recover"
    ADOPT = "adopt"
    CANCEL = "cancel"
    STOP_WATCHING = "stop_watching"


@dataclass(frozen=True, slots=True)
class Decision:
    """`environment` is the environment's next state where it is not the kind's own for such an end."""

    act: Act
    reason: str
    button: Button = Button.NONE
    environment: EnvironmentState | None = None


Column: TypeAlias = Mapping[Phase, Mapping[str, Decision]]

NO_STACK: Final = ""
"""The key of the cell for a stack that CloudFormation does not know."""

BUSY: Final = tuple(name for name, status in STACK_STATUSES.items() if status.in_progress)
RESTS: Final = tuple(name for name, status in STACK_STATUSES.items() if status.terminal)

WAIT: Final = Decision(Act.WAIT, "CloudFormation is working on the stack.")
WAIT_FOR_OTHERS: Final = Decision(
    Act.WAIT,
    "An operation that was started outside the portal is in progress on the stack. The portal only watches it.",
)


def decide(column: Column, phase: Phase, status: str) -> Decision:
    """The decision for a stack's status.

    A status that botocore does not know yet is never acted on, only waited for.
    """
    if (decision := column[phase].get(status)) is not None:
        return decision
    log.error("CloudFormation reports the stack status %s, which this version of the portal does not know.", status)
    return Decision(Act.WAIT, f"CloudFormation reports {status}, a status that the portal does not know.")


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
