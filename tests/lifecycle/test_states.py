"""The three graphs and the total table, searched: from everywhere there is a way to an end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest

from provisioning.aws import STACK_STATUSES
from provisioning.errors import WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.decisions import NO_STACK, TABLE, Act, Button, Phase, decide
from provisioning.lifecycle.states import (
    ENVIRONMENT_GRAPH,
    OPERATION_GRAPH,
    REQUEST_GRAPH,
    EnvironmentState,
    Graph,
    OperationState,
    RequestState,
)
from provisioning.lifecycle.steps import STEPS
from provisioning.lifecycle.transitions import change_state
from provisioning.models import Environment, Operation, RequestKind, Transition
from tests.fixtures.world import World

LIVES = [
    pytest.param(REQUEST_GRAPH, RequestState, id="request"),
    pytest.param(OPERATION_GRAPH, OperationState, id="operation"),
    pytest.param(ENVIRONMENT_GRAPH, EnvironmentState, id="environment"),
]


def reached(edges: Mapping[str, Iterable[str]], start: str) -> set[str]:
    seen, open_ = {start}, [start]
    while open_:
        for following in edges[open_.pop()]:
            if following not in seen:
                seen.add(following)
                open_.append(following)
    return seen


@pytest.mark.parametrize(("graph", "states"), LIVES)
def test_a_graph_knows_every_state_and_no_other(graph: Graph, states: type) -> None:
    assert set(graph.edges) == {str(state) for state in states}
    assert set().union(*graph.edges.values()) <= set(graph.edges)


@pytest.mark.parametrize(("graph", "states"), LIVES)
def test_every_state_is_reached_and_has_a_way_to_an_end(graph: Graph, states: type) -> None:
    assert reached(graph.edges, graph.start) == set(graph.edges)
    for state in graph.edges:
        assert reached(graph.edges, state) & graph.ends, f"{state} leads nowhere"


def test_an_environment_always_has_a_way_to_gone_or_withdrawn() -> None:
    for state in set(EnvironmentState) - {EnvironmentState.WITHDRAWN}:
        assert "gone" in reached(ENVIRONMENT_GRAPH.edges, state)
    assert ENVIRONMENT_GRAPH.ends == {"gone", "withdrawn"}


def test_every_open_state_of_an_operation_has_a_step() -> None:
    assert {str(state) for state in STEPS} == set(OPERATION_GRAPH.edges) - OPERATION_GRAPH.ends


# The table

CELLS = [(kind, phase, status) for kind, phase in TABLE for status in [NO_STACK, *STACK_STATUSES]]


def test_the_table_is_total() -> None:
    assert len(TABLE) == 4
    for column in TABLE.values():
        assert set(column) == {NO_STACK, *STACK_STATUSES}


@pytest.mark.parametrize("status", sorted(STACK_STATUSES))
def test_nothing_that_was_once_complete_is_deleted_to_recover_a_creation(status: str) -> None:
    for phase in Phase:
        if decide(RequestKind.CREATE, phase, status).act in (Act.CLEAR, Act.DELETE, Act.UNBLOCK):
            assert status == "ROLLBACK_COMPLETE"


def test_a_failure_always_says_why_and_what_now() -> None:
    for kind, phase, status in CELLS:
        decision = decide(kind, phase, status)
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


def goes_to(kind: RequestKind, phase: Phase, status: str) -> set[object]:  # noqa: PLR0911 - one answer for each act
    """Where a cell leads: other cells, or the ends DONE and GONE."""
    decision = decide(kind, phase, status)
    create, teardown = RequestKind.CREATE, RequestKind.TEARDOWN
    match decision.act:
        case Act.FINISH:
            return {"DONE"}
        case Act.SWEEP:
            return {"GONE"}
        case Act.SUBMIT:
            return {(create, Phase.WATCH, "CREATE_IN_PROGRESS")}
        case Act.CLEAR:
            return {(create, Phase.ARRIVE, "DELETE_COMPLETE")}
        case Act.DELETE | Act.UNBLOCK:
            return {(teardown, Phase.WATCH, "DELETE_COMPLETE"), (teardown, Phase.WATCH, "DELETE_FAILED")}
        case Act.FAIL if decision.button is Button.RETRY:
            return {(kind, Phase.ARRIVE, status)}
        case Act.FAIL:
            return {(teardown, Phase.ARRIVE, status)}
    return {(kind, phase, other) for other in aws_goes_on(status)}


def test_from_every_cell_there_is_a_way_to_done_or_gone() -> None:
    edges: dict[object, set[object]] = {cell: goes_to(*cell) for cell in CELLS}
    edges |= {"DONE": set(), "GONE": set()}
    for cell in CELLS:
        assert reached(edges, cell) & {"DONE", "GONE"}, f"{cell} leads nowhere"


def test_a_status_that_nobody_knows_yet_is_waited_for() -> None:
    assert decide(RequestKind.TEARDOWN, Phase.WATCH, "DELETE_PONDERING").act is Act.WAIT


# The one writer


def test_who_comes_second_is_told_what_it_is_now(world: World) -> None:
    environment = world.create()
    late = Environment.objects.get(pk=environment.pk)
    change_state(environment, EnvironmentState.TEARING_DOWN, at=world.now)
    with pytest.raises(WrongState, match="being torn down"):
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
    with pytest.raises(WrongState, match="took this operation over"):
        change_state(operation, OperationState.SUBMITTING, at=clock.now(), fence=operation.fence)
