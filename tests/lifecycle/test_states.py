"""The state graphs, their validator, and the decision table: from everywhere there is a way to an
end.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from provisioning.aws import STACK_STATUSES
from provisioning.errors import WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.decisions import NO_STACK, Act, Button, Phase
from provisioning.lifecycle.kinds.create import CREATE
from provisioning.lifecycle.kinds.registry import KINDS
from provisioning.lifecycle.kinds.teardown import TEARDOWN
from provisioning.lifecycle.states import (
    ENVIRONMENT_GRAPH,
    OPERATION_GRAPH,
    EnvironmentState,
    Graph,
    Labelled,
    OperationState,
)
from provisioning.lifecycle.steps import STEPS
from provisioning.lifecycle.transitions import change_state
from provisioning.models import Environment, Operation, OperationKind, Transition
from tests.fixtures.world import World


def draft(subject: str = "draft", **changes: Any) -> Graph:
    """A sound graph of three states, with changes."""
    edges = {Draft.NEW: {Draft.OPEN}, Draft.OPEN: {Draft.NEW, Draft.CLOSED}, Draft.CLOSED: set()} | changes.pop(
        "edges", {}
    )
    parts: dict[str, Any] = {
        "states": Draft,
        "start": Draft.NEW,
        "ends": frozenset({Draft.CLOSED}),
        "edges": {state: frozenset(following) for state, following in edges.items()},
    }
    return Graph(subject=subject, **parts | changes)


class Draft(Labelled):
    NEW = "new", "New", "idle"
    OPEN = "open", "Open", "busy"
    CLOSED = "closed", "Closed", "ok"


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"edges": {Draft.OPEN: {EnvironmentState.RUNNING, Draft.CLOSED}}}, "names running, which Draft does not have"),
        ({"edges": {Draft.NEW: set()}}, "stops at new, which is not listed as an end"),
        ({"edges": {Draft.CLOSED: {Draft.OPEN}}}, "continues after its end closed"),
        ({"start": Draft.CLOSED}, "never reaches new, open from closed"),
        ({"edges": {Draft.OPEN: {Draft.NEW}}}, "never reaches closed from new"),
        ({"ends": frozenset()}, "stops at closed, which is not listed as an end"),
    ],
)
def test_a_graph_that_is_not_sound_fails_when_it_is_built(changes: dict[str, Any], sentence: str) -> None:
    assert draft().ends == {Draft.CLOSED}
    with pytest.raises(ValueError, match=f"The draft graph .*{sentence}"):
        draft(**changes)


def test_a_graph_lists_the_successors_of_every_state() -> None:
    edges = {Draft.NEW: frozenset({Draft.CLOSED}), Draft.CLOSED: frozenset[Labelled]()}
    with pytest.raises(ValueError, match="no successors listed for open"):
        Graph("draft", Draft, Draft.NEW, frozenset({Draft.CLOSED}), edges)


def test_an_environment_always_has_a_way_to_gone_or_withdrawn() -> None:
    for state in set(EnvironmentState) - {EnvironmentState.WITHDRAWN}:
        assert EnvironmentState.GONE in ENVIRONMENT_GRAPH.reachable(state)


def test_every_open_state_of_an_operation_has_a_step() -> None:
    assert set(STEPS) == set(OPERATION_GRAPH.edges) - OPERATION_GRAPH.ends


# The decision table

CELLS = [
    (kind.key, phase, status) for kind in KINDS.values() for phase in Phase for status in (NO_STACK, *STACK_STATUSES)
]


def test_the_table_is_total() -> None:
    assert len(CELLS) == len(OperationKind) * len(Phase) * (1 + len(STACK_STATUSES))
    for key, phase, status in CELLS:
        assert status in KINDS[key].decisions[phase]


@pytest.mark.parametrize("status", sorted(STACK_STATUSES))
def test_nothing_that_was_once_complete_is_deleted_to_recover_a_creation(status: str) -> None:
    for phase in Phase:
        if CREATE.decide(phase, status).act in (Act.CLEAR, Act.DELETE, Act.UNBLOCK):
            assert status == "ROLLBACK_COMPLETE"


def test_a_failure_always_says_why_and_what_now() -> None:
    for key, phase, status in CELLS:
        decision = KINDS[key].decide(phase, status)
        assert decision.reason.endswith(".")
        assert (decision.button is not Button.NONE) == (decision.act is Act.FAIL)


def aws_goes_on(status: str) -> set[str]:
    """What CloudFormation does by itself with a stack at work."""
    if not STACK_STATUSES[status].in_progress:
        return {status}
    kind, rollback = STACK_STATUSES[status].kind, STACK_STATUSES[status].rollback
    return {
        name
        for name, other in STACK_STATUSES.items()
        if other.terminal and other.kind is kind and (other.rollback or not rollback)
    }


def goes_to(key: str, phase: Phase, status: str) -> set[object]:  # noqa: PLR0911 - one answer for each act
    """Where a cell leads: other cells, or the ends DONE and GONE."""
    decision = KINDS[key].decide(phase, status)
    match decision.act:
        case Act.FINISH:
            return {"DONE"}
        case Act.SWEEP:
            return {"GONE"}
        case Act.SUBMIT:
            return {(CREATE.key, Phase.WATCH, "CREATE_IN_PROGRESS")}
        case Act.CLEAR:
            return {(CREATE.key, Phase.ARRIVE, "DELETE_COMPLETE")}
        case Act.COMPARE | Act.READ | Act.PLAN:
            return {"DONE", (key, Phase.WATCH, "UPDATE_IN_PROGRESS")}
        case Act.CONTINUE | Act.ROLL_BACK:
            return {(key, Phase.WATCH, "UPDATE_ROLLBACK_IN_PROGRESS")}
        case Act.DELETE | Act.DELETE_DRAFT | Act.UNBLOCK:
            return {(TEARDOWN.key, Phase.WATCH, "DELETE_COMPLETE"), (TEARDOWN.key, Phase.WATCH, "DELETE_FAILED")}
        case Act.FAIL if decision.button is Button.RETRY:
            return {(key, Phase.ARRIVE, status)}
        case Act.FAIL:
            return {(TEARDOWN.key, Phase.ARRIVE, status)}
    return {(key, phase, other) for other in aws_goes_on(status)}


def test_from_every_cell_there_is_a_way_to_done_or_gone() -> None:
    edges: dict[object, set[object]] = {cell: goes_to(*cell) for cell in CELLS}
    edges |= {"DONE": set(), "GONE": set()}
    for cell in CELLS:
        assert reached(edges, cell) & {"DONE", "GONE"}, f"{cell} has no way to an end"


def reached(edges: Mapping[object, Iterable[object]], start: object) -> set[object]:
    seen, open_ = {start}, [start]
    while open_:
        for following in edges[open_.pop()]:
            if following not in seen:
                seen.add(following)
                open_.append(following)
    return seen


def test_a_status_that_nobody_knows_yet_is_waited_for() -> None:
    assert TEARDOWN.decide(Phase.WATCH, "DELETE_PONDERING").act is Act.WAIT


# The one writer


def test_who_comes_second_is_told_what_it_is_now(world: World) -> None:
    environment = world.create()
    late = Environment.objects.get(pk=environment.pk)
    change_state(environment, EnvironmentState.TEARING_DOWN, at=world.now)
    with pytest.raises(WrongState, match="“tearing down”"):
        change_state(late, EnvironmentState.TEARING_DOWN, at=world.now)


def test_an_edge_that_does_not_exist_is_a_mistake_of_ours(world: World) -> None:
    environment = world.create()
    with pytest.raises(ValueError, match="cannot go from running to gone"):
        change_state(environment, EnvironmentState.GONE, at=world.now)


def test_a_change_writes_its_history_and_the_pages_version(world: World) -> None:
    environment = world.create()
    before = Environment.objects.get(pk=environment.pk).version
    change_state(environment, EnvironmentState.TEARING_DOWN, at=world.now, reason="because", actor=world.bob)
    written = Transition.objects.get(subject_id=environment.pk, to_state="tearing_down")
    assert (written.from_state, written.reason, written.actor, written.at) == (
        "running",
        "because",
        world.bob,
        world.now,
    )
    assert Environment.objects.get(pk=environment.pk).version == before + 1


def test_another_claim_makes_a_writer_too_late(world: World) -> None:
    world.request()
    operation = Operation.objects.get()
    Operation.objects.update(fence=operation.fence + 1)
    with pytest.raises(WrongState, match="taken over this operation"):
        change_state(operation, OperationState.SUBMITTING, at=clock.now(), fence=operation.fence)
