"""Another kind of request: everything that enumerates kinds copes with it, or its registration
fails with a sentence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from provisioning.aws import STACK_STATUSES
from provisioning.lifecycle.decisions import NO_STACK, Act, Decision, Phase
from provisioning.lifecycle.kinds.create import CREATE
from provisioning.lifecycle.kinds.record import ApprovalCheck, Kind, ShownStep, StackOrder
from provisioning.lifecycle.kinds.registry import (
    KINDS,
    keys_providing_plans,
    kind_of,
    kinds_failing_in,
    moving_states,
    register,
    removal_states,
)
from provisioning.lifecycle.kinds.teardown import TEARDOWN
from provisioning.lifecycle.read.actions import actions_for
from provisioning.lifecycle.read.operation_view import steps
from provisioning.lifecycle.services.retry import retry_operation
from provisioning.lifecycle.states import EnvironmentState, OperationState
from provisioning.lifecycle.step_data import StackPlace, StepData
from provisioning.models import Operation, OperationKind, Request
from tests.fixtures.world import World

SLEEP = replace(
    CREATE,
    key="sleep",
    words=replace(CREATE.words, verb="Pause", noun="Pause", stack_step="Pause {stack} in {region}"),
    starts_environment=False,
    is_offered=True,
    stack_order=StackOrder.REVERSE,
)


@pytest.fixture
def registry() -> Iterator[dict[str, Kind]]:
    """The registry; it loses what the test has registered."""
    before = dict(KINDS)
    yield KINDS
    KINDS.clear()
    KINDS.update(before)


@pytest.fixture
def sleep(registry: dict[str, Kind]) -> Kind:
    register(SLEEP)
    return registry["sleep"]


def test_every_stored_kind_has_one_record() -> None:
    assert set(KINDS) == set(OperationKind)
    for key, kind in KINDS.items():
        assert kind.key == key


def test_an_unknown_kind_is_no_teardown() -> None:
    with pytest.raises(LookupError, match="no request kind pause; there are adopt, change, create"):
        kind_of("pause")


def test_another_kind_takes_part_in_everything_that_enumerates_kinds(sleep: Kind) -> None:
    assert keys_providing_plans() == ["create", "change", "adopt", "sleep"]
    assert kinds_failing_in(EnvironmentState.CREATE_FAILED) == [CREATE, sleep]
    assert sleep.moving in moving_states()
    assert EnvironmentState.CREATING not in removal_states()


def test_the_steps_of_another_kind_are_its_own(sleep: Kind) -> None:
    stacks = (StackPlace("edge", "us-east-1"), StackPlace("main", "eu-north-1"))
    operation = Operation(
        kind=sleep.key,
        state=OperationState.BUILDING,
        stack="edge",
        step_data=StepData(stacks=stacks, task_titles=("Migrate",)).as_json(),
    )
    assert [(step.title, step.state) for step in steps(operation)] == [
        ("Check the approval", "done"),
        ("Pause the main stack in eu-north-1", "done"),
        ("Pause “edge” in us-east-1", "now"),
        ("Migrate", "todo"),
    ]


def test_a_failed_request_of_another_kind_is_offered_for_a_retry_and_retried(world: World, sleep: Kind) -> None:
    environment = world.request().environment
    operation = Operation.objects.get()
    Operation.objects.update(state="failed", ended_at=world.now, due_at=None, kind=sleep.key)
    Request.objects.update(state="failed", kind=sleep.key)
    environment.state = EnvironmentState.CREATE_FAILED
    environment.save()
    offered = [(action.key, action.label) for action in actions_for(actor=world.bob, environment=environment)]
    assert offered == [("try_again", "Retry"), ("teardown", "Tear down"), ("sleep", "Pause")]
    again = retry_operation(actor=world.bob, environment=environment)
    assert (again.kind, again.pk != operation.pk) == ("sleep", True)
    assert world.until_rest(environment).state == "running"


INCOMPLETE = {**CREATE.decisions[Phase.WATCH]}
del INCOMPLETE["CREATE_FAILED"]
STRANGE = {**CREATE.decisions[Phase.WATCH], "CREATE_PONDERING": Decision(Act.WAIT, "Pondering.")}


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"key": "create"}, "its key is already taken"),
        ({"moving": EnvironmentState.REQUESTED}, "the environment graph has no edge to requested"),
        ({"failed": EnvironmentState.GONE}, "the environment graph has no edge from creating to gone"),
        ({"refused": EnvironmentState.REQUESTED}, "the environment graph has no edge from creating to requested"),
        (
            {"decisions": {**CREATE.decisions, Phase.WATCH: INCOMPLETE}},
            "its decision column has no cell for watch and CREATE_FAILED",
        ),
        ({"decisions": {Phase.WATCH: CREATE.decisions[Phase.WATCH]}}, "its decision column has no cell for arrive and"),
        (
            {"decisions": {**CREATE.decisions, Phase.WATCH: STRANGE}},
            "a cell for watch and CREATE_PONDERING, which CloudFormation does not have",
        ),
        (
            {"arrivals": {Act.SUBMIT: OperationState.SUBMITTING}},
            "its column arrives with adopt, clear, finish, submit, but its arrivals are for submit",
        ),
        (
            {"arrivals": {**CREATE.arrivals, Act.CLEAR: OperationState.EXECUTING}},
            "the operation graph has no edge from queued to executing",
        ),
        ({"cancelled": EnvironmentState.GONE}, "the environment graph has no edge from creating to gone"),
        ({"states": CREATE.states - {OperationState.CLEARING}}, "its states do not contain clearing"),
        (
            {
                "states": CREATE.states | {OperationState.SETTLING},
                "steps": (*CREATE.steps, ShownStep("settle", "Settle", frozenset({OperationState.SETTLING}))),
            },
            "its operations never reach settling",
        ),
        (
            {"states": CREATE.states | {OperationState.SETTLING}},
            "none of its steps shows the operation state settling",
        ),
        ({"cancels": {}}, "its table of cancelling does not have exactly its states"),
        ({"steps": CREATE.steps[:2]}, "none of its steps shows the operation state building, rolling_back"),
        ({"steps": (*CREATE.steps, CREATE.steps[0])}, "two of its steps show the same operation state"),
    ],
)
def test_a_record_that_does_not_fit_is_refused_at_import(
    registry: dict[str, Kind], changes: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(ValueError, match=f"cannot be registered: .*{sentence}"):
        register(replace(SLEEP, **changes))
    assert set(registry) == set(OperationKind)


def test_no_cell_of_a_column_is_empty() -> None:
    for kind in KINDS.values():
        for phase in Phase:
            assert set(kind.decisions[phase]) == {NO_STACK, *STACK_STATUSES}


def test_kinds_differ_where_they_must() -> None:
    assert CREATE.in_order([1, 2]) == [1, 2]
    assert TEARDOWN.in_order([1, 2]) == [2, 1]
    assert CREATE.approval_checks == {ApprovalCheck.ACCOUNT}
    assert TEARDOWN.approval_checks == frozenset()  # it compares with what exists, after listing it
    assert TEARDOWN.starts_from == {
        EnvironmentState.RUNNING,
        EnvironmentState.CREATE_FAILED,
        EnvironmentState.TEARDOWN_FAILED,
        EnvironmentState.CHANGE_FAILED,
        EnvironmentState.NEEDS_REPAIR,
    }
