"""The decision table against botocore's enumerations: it is total, it asks AWS only for what AWS
accepts, and every cell has a way to an end that needs no AWS console.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping

import botocore.session
import pytest

from provisioning.aws import STACK_STATUSES
from provisioning.lifecycle.decisions import NO_STACK, Act, Button, Phase
from provisioning.lifecycle.decisions.change_sets import (
    CHANGE_SET_CELLS,
    EXECUTION_CELLS,
    GONE,
    ChangeSetAct,
    ChangeSetPhase,
    decide_on_change_set,
)
from provisioning.lifecycle.kinds.adopt import ADOPT
from provisioning.lifecycle.kinds.change import CHANGE, PLAN, PUT_BACK
from provisioning.lifecycle.kinds.create import CREATE
from provisioning.lifecycle.kinds.record import Kind
from provisioning.lifecycle.kinds.recover import RECOVER
from provisioning.lifecycle.kinds.registry import KINDS
from provisioning.lifecycle.kinds.teardown import TEARDOWN
from provisioning.lifecycle.states import EnvironmentState

CELLS = [(kind, phase, status) for kind in KINDS.values() for phase in Phase for status in (NO_STACK, *STACK_STATUSES)]


def enumeration(shape: str) -> set[str]:
    """An enumeration of botocore's model of CloudFormation."""
    model = botocore.session.get_session().get_service_model("cloudformation")
    return set(model.shape_for(shape).enum)


def test_every_stack_status_of_botocore_has_a_cell_in_every_phase_of_every_kind() -> None:
    for kind in KINDS.values():
        for phase in Phase:
            assert set(kind.decisions[phase]) == {NO_STACK, *enumeration("StackStatus")}, (kind.key, phase)


def test_every_change_set_status_of_botocore_has_a_cell_in_every_phase() -> None:
    for phase in ChangeSetPhase:
        assert set(CHANGE_SET_CELLS[phase]) == {GONE, *enumeration("ChangeSetStatus")}
        assert set(EXECUTION_CELLS[phase]) == enumeration("ExecutionStatus")


@pytest.mark.parametrize("kind", KINDS.values(), ids=list(KINDS))
def test_a_status_that_nobody_knows_yet_is_waited_for_and_logged(kind: Kind, caplog: pytest.LogCaptureFixture) -> None:
    for phase in Phase:
        with caplog.at_level(logging.ERROR):
            decision = kind.decide(phase, "DELETE_PONDERING")
        assert decision.act is Act.WAIT
        assert "DELETE_PONDERING" in decision.reason
        assert "DELETE_PONDERING" in caplog.text
        caplog.clear()


def test_an_unknown_status_of_a_change_set_is_waited_for_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    for phase in ChangeSetPhase:
        assert decide_on_change_set(phase, "PONDERING").act is ChangeSetAct.WAIT
        assert decide_on_change_set(phase, "CREATE_COMPLETE", "PONDERING").act is ChangeSetAct.WAIT
    assert caplog.text.count("PONDERING") == 2 * len(ChangeSetPhase)


# What AWS accepts

CHANGEABLE = {
    "CREATE_COMPLETE",
    "CREATE_FAILED",
    "UPDATE_COMPLETE",
    "UPDATE_FAILED",
    "UPDATE_ROLLBACK_COMPLETE",
    "IMPORT_COMPLETE",
    "IMPORT_ROLLBACK_COMPLETE",
}
# "Stack failure options" and the API reference of RollbackStack, ContinueUpdateRollback, DeleteStack
# and CreateChangeSet. Nothing is accepted while an operation is in progress.
ACCEPTED: Mapping[Act, set[str]] = {
    Act.SUBMIT: {NO_STACK, "DELETE_COMPLETE"},
    Act.CLEAR: {"ROLLBACK_COMPLETE"},
    Act.CONTINUE: {"UPDATE_ROLLBACK_FAILED"},
    Act.ROLL_BACK: {"CREATE_FAILED", "UPDATE_FAILED"},
    Act.DELETE_DRAFT: {"REVIEW_IN_PROGRESS"},
    Act.UNBLOCK: {"DELETE_FAILED"},
    Act.SWEEP: {NO_STACK, "DELETE_COMPLETE"},
    Act.DELETE: {name for name, status in STACK_STATUSES.items() if status.terminal}
    - {"DELETE_COMPLETE", "REVIEW_IN_PROGRESS"},
    Act.COMPARE: CHANGEABLE,
    Act.PLAN: CHANGEABLE,
}


@pytest.mark.parametrize("act", ACCEPTED, ids=str)
def test_no_cell_asks_aws_for_what_it_refuses_in_that_status(act: Act) -> None:
    cells = {status for kind, phase, status in CELLS if kind.decide(phase, status).act is act}
    assert cells <= ACCEPTED[act]
    assert cells


def test_the_table_waits_exactly_while_cloudformation_works() -> None:
    """A wait for a stack that rests would never end. A known operation is not acted upon."""
    for kind, phase, status in CELLS:
        decision = kind.decide(phase, status)
        in_progress = status != NO_STACK and STACK_STATUSES[status].in_progress
        if decision.act in (Act.WAIT, Act.ADOPT):
            assert in_progress, (kind.key, phase, status)
        elif in_progress:
            assert (kind, decision.act, status) == (ADOPT, Act.FAIL, "DELETE_IN_PROGRESS")


@pytest.mark.parametrize("status", sorted(STACK_STATUSES))
def test_nothing_that_was_once_complete_is_deleted_to_recover(status: str) -> None:
    for kind in KINDS.values():
        for phase in Phase:
            act = kind.decide(phase, status).act
            if act is Act.CLEAR:
                assert status == "ROLLBACK_COMPLETE"
            if act in (Act.DELETE, Act.DELETE_DRAFT, Act.UNBLOCK):
                assert kind is TEARDOWN


def test_an_operation_of_others_is_only_watched() -> None:
    acting = set(Act) - {Act.WAIT, Act.FAIL, Act.FINISH, Act.PLAN, Act.READ}
    for kind in KINDS.values():
        if kind is TEARDOWN:
            continue  # it was approved to delete whatever there is, once nothing is in progress
        for status in (NO_STACK, *STACK_STATUSES):
            assert kind.decide(Phase.FOREIGN, status).act not in acting


@pytest.mark.parametrize(
    "status", ["UPDATE_COMPLETE", "UPDATE_ROLLBACK_COMPLETE", "IMPORT_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"]
)
def test_a_stack_that_others_changed_is_no_finished_creation(status: str) -> None:
    for phase in Phase:
        assert CREATE.decide(phase, status).act is Act.FAIL


def test_a_deletion_that_turned_back_is_not_requested_for_ever() -> None:
    for status in ("CREATE_COMPLETE", "UPDATE_COMPLETE"):
        decision = TEARDOWN.decide(Phase.WATCH, status)
        assert (decision.act, decision.button) == (Act.FAIL, Button.RETRY)
        assert TEARDOWN.decide(Phase.ARRIVE, status).act is Act.DELETE


def test_a_failure_says_why_and_offers_what_its_environment_can_do() -> None:
    for kind, phase, status in CELLS:
        decision = kind.decide(phase, status)
        assert decision.reason.endswith("."), (kind.key, phase, status)
        assert (decision.button is not Button.NONE) == (decision.act is Act.FAIL), (kind.key, phase, status)
        if decision.act is not Act.FAIL:
            continue
        after = decision.environment or kind.failed
        afterwards = {after} if after is not None else set(kind.starts_from)
        follower = {**FOLLOWERS, Button.RETRY: kind, Button.ADOPT: ADOPT}[decision.button]
        assert afterwards <= set(follower.starts_from), (kind.key, phase, status, decision.button)


# From every cell there is a way to an end

Node = tuple[str, str, str] | str
DONE, ENDED_GONE, WITHDRAWN = "done", "gone", "withdrawn"


def aws_goes_on(status: str) -> set[str]:
    """What CloudFormation does by itself with a stack at work."""
    if status == NO_STACK or not STACK_STATUSES[status].in_progress:
        return {status}
    kind, rollback = STACK_STATUSES[status].kind, STACK_STATUSES[status].rollback
    return {
        name
        for name, other in STACK_STATUSES.items()
        if other.terminal and other.kind is kind and (other.rollback or not rollback)
    }


def cells(kind: Kind, phase: Phase, statuses: Iterable[str]) -> set[Node]:
    return {(str(kind.key), str(phase), status) for status in statuses}


# Where an act leads, whatever the kind and the status.
LEADS_TO: Mapping[Act, tuple[Kind, Phase, str]] = {
    Act.SUBMIT: (CREATE, Phase.WATCH, "CREATE_IN_PROGRESS"),
    Act.CLEAR: (CREATE, Phase.ARRIVE, "DELETE_COMPLETE"),
    Act.DELETE: (TEARDOWN, Phase.WATCH, "DELETE_IN_PROGRESS"),
    Act.DELETE_DRAFT: (TEARDOWN, Phase.WATCH, "DELETE_IN_PROGRESS"),
    Act.UNBLOCK: (TEARDOWN, Phase.WATCH, "DELETE_IN_PROGRESS"),
    Act.CONTINUE: (RECOVER, Phase.WATCH, "UPDATE_ROLLBACK_IN_PROGRESS"),
}
FOLLOWERS = {Button.TEARDOWN: TEARDOWN, Button.CHANGE: PLAN, Button.RECOVER: RECOVER}


def goes_to(kind: Kind, phase: Phase, status: str) -> set[Node]:
    """Where a cell leads: other cells, or an end."""
    decision = kind.decide(phase, status)
    if decision.act in LEADS_TO:
        leads_to, phase, status = LEADS_TO[decision.act]
        return cells(leads_to, phase, {status})
    if decision.act is Act.FAIL:
        return goes_on_after_failure(kind, decision.button, status)
    creation = status == "CREATE_FAILED"
    return {
        Act.WAIT: cells(kind, phase, aws_goes_on(status)),
        Act.ADOPT: cells(kind, Phase.WATCH, aws_goes_on(status)),
        Act.FINISH: {DONE} if decision.environment is None else after(decision.environment, status),
        Act.READ: cells(ADOPT, Phase.WATCH, {status}),
        Act.SWEEP: {ENDED_GONE},
        Act.PLAN: cells(CHANGE, Phase.ARRIVE, {status}) | cells(PUT_BACK, Phase.ARRIVE, {status}),
        Act.COMPARE: cells(kind, Phase.WATCH, {"UPDATE_IN_PROGRESS"}),
        Act.ROLL_BACK: cells(
            RECOVER, Phase.WATCH, {"ROLLBACK_IN_PROGRESS" if creation else "UPDATE_ROLLBACK_IN_PROGRESS"}
        ),
    }[decision.act]


def goes_on_after_failure(kind: Kind, button: Button, status: str) -> set[Node]:
    if button is Button.ADOPT:
        return {WITHDRAWN}
    return cells(FOLLOWERS.get(button, kind), Phase.ARRIVE, {status})


def after(environment: EnvironmentState, status: str) -> set[Node]:
    """What an environment in this state offers: the first operation of each kind that can begin."""
    if environment is EnvironmentState.RUNNING:
        return {DONE}
    kinds = (kind for kind in KINDS.values() if environment in kind.starts_from)
    return set().union(*(cells(kind, Phase.ARRIVE, {status}) for kind in kinds))


def reached(edges: Mapping[Node, set[Node]], start: Node) -> set[Node]:
    seen, unvisited = {start}, [start]
    while unvisited:
        new = edges.get(unvisited.pop(), set()) - seen
        seen |= new
        unvisited += new
    return seen


def test_from_every_cell_there_is_a_way_to_an_end_without_the_aws_console() -> None:
    edges = {(str(kind.key), str(phase), status): goes_to(kind, phase, status) for kind, phase, status in CELLS}
    for cell in edges:
        ends = reached(edges, cell) & {DONE, ENDED_GONE, WITHDRAWN}
        assert ends, f"{cell} has no way to an end"
        if cell[0] != ADOPT.key:
            assert ends != {WITHDRAWN}, cell


def test_every_environment_that_rests_can_be_left() -> None:
    """No state of an environment in which nothing is in progress is without an operation to start."""
    moving = {kind.moving for kind in KINDS.values()}
    ends = {EnvironmentState.GONE, EnvironmentState.WITHDRAWN}
    for state in set(EnvironmentState) - moving - ends:
        assert any(state in kind.starts_from for kind in KINDS.values()), state


# Change sets


def test_only_an_available_change_set_is_executed_and_only_after_the_comparison() -> None:
    for phase in ChangeSetPhase:
        for status in (GONE, *enumeration("ChangeSetStatus")):
            for execution in enumeration("ExecutionStatus"):
                act = decide_on_change_set(phase, status, execution).act
                if act is ChangeSetAct.EXECUTE:
                    assert (phase, status, execution) == (ChangeSetPhase.COMPARING, "CREATE_COMPLETE", "AVAILABLE")


def test_once_executed_the_stack_decides() -> None:
    for status in (GONE, *enumeration("ChangeSetStatus")):
        for execution in enumeration("ExecutionStatus"):
            assert decide_on_change_set(ChangeSetPhase.EXECUTED, status, execution).act is ChangeSetAct.WATCH_STACK


@pytest.mark.parametrize(
    "reason",
    [
        "The submitted information didn't contain changes. Submit different information to create a change set.",
        "No updates are to be performed.",
    ],
)
def test_a_change_set_without_changes_means_nothing_to_do(reason: str) -> None:
    decision = decide_on_change_set(ChangeSetPhase.PLANNING, "FAILED", "UNAVAILABLE", reason=reason)
    assert decision.act is ChangeSetAct.DONE
    failed = decide_on_change_set(ChangeSetPhase.PLANNING, "FAILED", "UNAVAILABLE", reason="Template error")
    assert failed.act is ChangeSetAct.REPORT


def test_a_change_set_waits_only_while_cloudformation_works_on_it() -> None:
    working = {"CREATE_PENDING", "CREATE_IN_PROGRESS", "DELETE_PENDING", "DELETE_IN_PROGRESS"}
    for phase in (ChangeSetPhase.PLANNING, ChangeSetPhase.COMPARING):
        waits = {status for status, decision in CHANGE_SET_CELLS[phase].items() if decision.act is ChangeSetAct.WAIT}
        assert waits == working
