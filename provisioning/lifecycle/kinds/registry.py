"""All kinds of request.

A record that does not fit the state graphs or its decision column fails at import.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from provisioning.lifecycle.decisions import Act, Phase, column_problem
from provisioning.lifecycle.kinds.adopt import ADOPT
from provisioning.lifecycle.kinds.change import CHANGE, PLAN, PUT_BACK
from provisioning.lifecycle.kinds.create import CREATE
from provisioning.lifecycle.kinds.record import Kind
from provisioning.lifecycle.kinds.recover import RECOVER
from provisioning.lifecycle.kinds.teardown import TEARDOWN
from provisioning.lifecycle.states import ENVIRONMENT_GRAPH, OPERATION_GRAPH, EnvironmentState, OperationState
from provisioning.models import OperationKind

KINDS: Final[dict[str, Kind]] = {}
# These states have no step of their own: between two stacks, during the post-deployment tasks, and
# while the step before is being cancelled.
_WITHOUT_STEP: Final = {OperationState.CONTINUING, OperationState.FINISHING, OperationState.CANCELLING}


def register(kind: Kind) -> None:
    """Add a kind. Raises ValueError with a sentence that says what is wrong with its record."""
    problem = "its key is already taken" if kind.key in KINDS else next(_problems(kind), None)
    if problem is not None:
        raise ValueError(f"The request kind {kind.key} cannot be registered: {problem}.")
    KINDS[str(kind.key)] = kind


def _problems(kind: Kind) -> Iterator[str]:
    """What is wrong with a record, each as the second half of a sentence."""
    yield from _environment_problems(kind)
    if problem := column_problem(kind.decisions):
        yield problem
    acts = {decision.act for decision in kind.decisions[Phase.ARRIVE].values()} - {Act.WAIT, Act.FAIL}
    if acts != set(kind.arrivals):
        yield f"its column arrives with {_listed(acts)}, but its arrivals are for {_listed(kind.arrivals)}"
    for state in kind.arrivals.values():
        if not OPERATION_GRAPH.allows(OperationState.QUEUED, state):
            yield f"the operation graph has no edge from queued to {state}"
    yield from _state_problems(kind)


def _environment_problems(kind: Kind) -> Iterator[str]:
    if not kind.starts_from:
        yield f"the environment graph has no edge to {kind.moving}"
    for end in (kind.succeeded, kind.failed, kind.refused, kind.cancelled):
        if end is not None and not ENVIRONMENT_GRAPH.allows(kind.moving, end):
            yield f"the environment graph has no edge from {kind.moving} to {end}"


def _state_problems(kind: Kind) -> Iterator[str]:
    shown = [state for step in kind.steps for state in step.states]
    if len(shown) != len(set(shown)):
        yield "two of its steps show the same operation state"
    if missing := kind.states - set(shown) - _WITHOUT_STEP:
        yield f"none of its steps shows the operation state {_listed(missing)}"
    if strange := (set(shown) | set(kind.arrivals.values())) - kind.states:
        yield f"its states do not contain {_listed(strange)}"
    for state in sorted(kind.states):
        if state not in _reached(kind, OperationState.QUEUED):
            yield f"its operations never reach {state}"
        elif state is not OperationState.CANCELLING and OperationState.SUCCEEDED not in _reached(kind, state):
            yield f"its operations have no way from {state} to succeeded"
    if set(kind.cancels) != kind.states - {OperationState.CANCELLING}:
        yield "its table of cancelling does not have exactly its states"


def _reached(kind: Kind, start: OperationState) -> set[OperationState]:
    """`start` and the states that its operations can reach from it, within its own states."""
    seen, unvisited = {start}, [start]
    while unvisited:
        following = {OperationState(one) for one in OPERATION_GRAPH.edges[unvisited.pop()]}
        new = (following & (kind.states | OPERATION_GRAPH.ends)) - seen
        seen |= new
        unvisited += new
    return seen


def _listed(names: Iterable[str]) -> str:
    return ", ".join(sorted(names)) or "nothing"


for _kind in (CREATE, CHANGE, TEARDOWN, ADOPT, PUT_BACK, RECOVER, PLAN):
    register(_kind)
if _missing := set(OperationKind) - set(KINDS):
    raise ValueError(f"The request kind {_listed(_missing)} has no record in provisioning/lifecycle/kinds.")


def kind_of(key: str) -> Kind:
    """The record of a stored kind, as in `kind_of(request.kind)`.

    Raises LookupError for an unknown one.
    """
    if (kind := KINDS.get(key)) is None:
        raise LookupError(f"There is no request kind {key}; there are {_listed(KINDS)}.")
    return kind


def kinds_failing_in(state: str) -> list[Kind]:
    """The kinds whose failed operation leaves an environment in this state, where it can be
    retried.
    """
    return [kind for kind in KINDS.values() if kind.failed == state]


def moving_states() -> frozenset[EnvironmentState]:
    """The environment states in which an operation is in progress."""
    return frozenset(kind.moving for kind in KINDS.values())


def removal_states() -> frozenset[EnvironmentState]:
    """The environment states from the start of a removal on, in which pages count what is gone."""
    removing = [kind for kind in KINDS.values() if kind.removes_environment]
    states = (state for kind in removing for state in (kind.moving, kind.succeeded, kind.failed))
    return frozenset(state for state in states if state is not None)


def keys_providing_plans() -> list[str]:
    """The stored kinds of the requests whose plans environments run."""
    return [key for key, kind in KINDS.items() if kind.provides_plan]
