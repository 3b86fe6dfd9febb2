"""The state graphs and their validator: from everywhere there is a way to an end."""

from __future__ import annotations

from typing import Any

import pytest

from provisioning.errors import WrongState
from provisioning.lifecycle import clock
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
from provisioning.models import Environment, Operation, Transition
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
