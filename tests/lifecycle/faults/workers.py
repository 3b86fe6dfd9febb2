"""Workers that pause and die, and a cloud that notes what reaches it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from provisioning.lifecycle.engine import Engine
from provisioning.models import Environment, Operation
from tests.fixtures.world import World
from tests.scripted_aws.faults import WorkerDied

LEASE = 31.0


@dataclass
class At:
    """Does something once, when a worker or the cloud reaches a point."""

    point: str
    what: Callable[[], object]
    is_done: bool = False

    def __call__(self, point: str) -> None:
        if point == self.point and not self.is_done:
            self.is_done = True
            self.what()


def until_state(world: World, environment: Environment, state: str, *, seconds: float = 3.0) -> Operation:
    """Tick until the operation is in this state, one step at a time."""
    for _ in range(300):
        operation = world.last_operation(environment)
        if operation.state == state:
            return operation
        if not world.engine.advance(operation.pk):
            world.cloud.clock.advance(seconds)
    raise AssertionError(f"It never was {state}; it is {world.last_operation(environment).state}.")


def die_in_step(world: World, operation: Operation, call: str) -> None:
    """Let a worker begin the operation's step and crash in this call."""
    world.cloud.faults.once(call, WorkerDied(call))
    worker: Engine = world.new_worker()
    try:
        worker.advance(operation.pk)
    except WorkerDied:
        world.cloud.clock.advance(LEASE)
        return
    raise AssertionError(f"The worker did not call {call}.")


def sent(world: World) -> list[str]:
    """The methods that changed something in AWS, in order."""
    return [call.method for call in world.cloud.sent]
