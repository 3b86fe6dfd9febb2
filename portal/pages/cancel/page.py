"""The pages that confirm a cancellation, and the end of an operation that only watches."""

from __future__ import annotations

from dataclasses import dataclass

from provisioning.errors import WrongState
from provisioning.lifecycle import clock
from provisioning.lifecycle.kinds.registry import kind_of
from provisioning.lifecycle.read.cancellation import (
    Cancellation,
    cancellation,
    open_operation_of,
    why_not_stop_watching,
)
from provisioning.lifecycle.read.operation_view import StepView, steps
from provisioning.lifecycle.step_data import StepData
from provisioning.models import Environment, Operation


@dataclass(frozen=True, slots=True)
class CancelPage:
    environment: Environment
    operation: Operation
    noun: str
    cancellation: Cancellation
    steps: list[StepView]


@dataclass(frozen=True, slots=True)
class StopWatchingPage:
    """`trouble` is the error of the last call to AWS."""

    environment: Environment
    operation: Operation
    noun: str
    trouble: str


def cancel_page(environment: Environment) -> CancelPage:
    """Raises WrongState if nothing is in progress, or if it cannot be cancelled any more."""
    operation = _open(environment)
    possible = cancellation(operation)
    if possible.why_not:
        raise WrongState(possible.why_not)
    return CancelPage(environment, operation, possible.noun, possible, steps(operation))


def stop_watching_page(environment: Environment) -> StopWatchingPage:
    """Raises WrongState if AWS can be reached, or if the operation does not only watch."""
    operation = _open(environment)
    if why_not := why_not_stop_watching(operation, now=clock.now()):
        raise WrongState(why_not)
    noun = kind_of(operation.kind).words.noun.lower()
    return StopWatchingPage(environment, operation, noun, StepData.from_json(operation.step_data).trouble)


def _open(environment: Environment) -> Operation:
    if (operation := open_operation_of(environment)) is None:
        raise WrongState("Nothing is in progress, so there is nothing to cancel.")
    return operation
